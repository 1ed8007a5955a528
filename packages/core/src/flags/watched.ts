// A mode from a flag service: it is asked when something has changed, and its last good answer stays in memory.

import { faultCode, publishEvent } from '../events.ts'
import { type Flags, type Mode, modes } from '../flags.ts'
import { isString, type OptionRule, oneOf } from '../options.ts'

export interface WatchOptions {
  /** The mode as long as the service has no value for the flag. @default 'on' */
  readonly default?: Mode
  /** The mode that the value `false` stands for; `true` is `'on'`. @default 'bypass' */
  readonly off?: Mode
  /** The name of the cache in events about the flag. @default 'default' */
  readonly cache?: string
}

/** The rules of these options, for checkOptions(). */
export const watchShape: Readonly<Record<keyof WatchOptions, OptionRule>> = {
  default: oneOf(...modes),
  off: oneOf(...modes),
  cache: isString,
}

/** Flags that listen to a service until they are closed; then the last mode stays. What they listen to is not closed. */
export interface WatchedFlags extends Flags {
  close(): void
}

/**
 * What a service says of a flag. `absent`: there is no value, so the default holds. `unknown`: it cannot say, so the last good mode holds.
 * With a `code` something is wrong, and an event tells of it.
 */
export type FlagAnswer =
  | { readonly state: 'value'; readonly value: unknown }
  | { readonly state: 'absent' | 'unknown'; readonly code?: string | undefined }

export interface FlagSource {
  /** Evaluate the flag. `answer` may be called at once or later. */
  evaluate(answer: (answer: FlagAnswer) => void): void
  /** Call `changed`, a function of this flag's own, whenever the flag may have changed. Returns what ends it. */
  watch(changed: () => void): () => void
}

// A service that takes longer no longer holds up the next question. Its answer still counts, unless a newer one came first.
const patienceMs = 1000

export function watchFlag(source: FlagSource, options: WatchOptions): WatchedFlags {
  const { default: fallback = 'on', off = 'bypass', cache = 'default' } = options
  let mode = fallback
  let toldOf: string | undefined
  let asked = 0
  let answered = 0
  let waiting: NodeJS.Timeout | undefined
  let again = false
  let closed = false

  function take(answer: FlagAnswer): void {
    if (answer.state !== 'value') {
      if (answer.state === 'absent') mode = fallback
      tell(answer.code)
      return
    }
    const read = readMode(answer.value, off)
    if (read !== undefined) mode = read
    tell(read === undefined ? 'LARDER_INVALID_FLAG' : undefined)
  }

  // The same fault again is no news.
  function tell(code: string | undefined): void {
    if (code !== undefined && code !== toldOf)
      publishEvent(() => ({ type: 'fault', cache, operation: 'flag', code: faultCode({ code }) }))
    toldOf = code
  }

  function ask(): void {
    if (closed) return
    if (waiting !== undefined) {
      again = true
      return
    }
    const turn = ++asked
    waiting = setTimeout(() => {
      tell('ETIMEDOUT')
      next()
    }, patienceMs).unref()

    function answer(answer: FlagAnswer): void {
      if (closed || turn <= answered) return
      answered = turn
      take(answer)
      if (turn === asked) next()
    }
    try {
      source.evaluate(answer)
    } catch {
      answer({ state: 'unknown', code: 'GENERAL' })
    }
  }

  function next(): void {
    clearTimeout(waiting)
    waiting = undefined
    if (!again) return
    again = false
    ask()
  }

  const unwatch = source.watch(ask)
  ask()
  return {
    mode: () => mode,
    close() {
      if (closed) return
      closed = true
      clearTimeout(waiting)
      unwatch()
    },
  }
}

function readMode(value: unknown, off: Mode): Mode | undefined {
  if (typeof value === 'boolean') return value ? 'on' : off
  return modes.includes(value as Mode) ? (value as Mode) : undefined
}
