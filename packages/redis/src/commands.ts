// Every command to Redis: in one round trip, within a deadline, and never more on the way than the bounds allow.

import type { Script } from './scripts.ts'

/** Runs a script inside Redis. */
export type Evaluate = (script: Script, args: readonly string[]) => Promise<unknown>

export interface Commands {
  /** Rejects when Redis refuses, when the deadline is over, or at once when too much is on its way already. */
  run: Evaluate
}

export interface CommandsOptions {
  readonly evaluate: Evaluate
  readonly deadlineMs: number
  /** Most commands that the client holds without an answer. */
  readonly maxCommands: number
  /** Most characters in them. */
  readonly maxCharacters: number
}

export function createCommands(options: CommandsOptions): Commands {
  const { evaluate, deadlineMs, maxCommands, maxCharacters } = options
  // A command whose deadline is over stays with the client until the connection ends or answers, so it counts until then.
  let commands = 0
  let characters = 0

  return {
    run(script, args) {
      const length = args.reduce((sum, arg) => sum + arg.length, 0)
      if (commands >= maxCommands || characters + length > maxCharacters)
        return Promise.reject(new Error('Too much is on its way.'))
      commands++
      characters += length
      const answered = evaluate(script, args).finally(() => {
        commands--
        characters -= length
      })
      return within(answered, deadlineMs)
    },
  }
}

/** Rejects when `promise` has not settled in time; what it does later is heard by nobody. */
export function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('No answer in time.')), ms)
    timer.unref()
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
