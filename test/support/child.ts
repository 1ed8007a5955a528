// A Node process of the test's own that is called like a function: it freezes, dies, and never outlives its test.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { tellReaper } from './reaper.ts'

export interface Child {
  readonly pid: number
  /** Calls what the program gave to `serve`. Rejects with what that throws, its `code` included, or when the process ends. */
  call<T>(name: string, ...args: readonly unknown[]): Promise<T>
  /** Freezes it (SIGSTOP). */
  stop(): void
  /** Thaws it (SIGCONT). */
  cont(): void
  /** Ends it at once (SIGKILL). */
  kill(): Promise<void>
}

export interface ChildOptions {
  /** More variables of its environment. */
  readonly env?: NodeJS.ProcessEnv
  /** Arguments of node. */
  readonly args?: readonly string[]
}

/** What goes over the channel, each way. */
interface Call {
  readonly call: number
  readonly name: string
  readonly args: readonly unknown[]
}
interface Answer {
  readonly call: number
  readonly value?: unknown
  readonly error?: { readonly message: string; readonly code?: unknown }
}

/** Starts the program, a TypeScript file on the sources, and waits until it calls `serve`. */
export async function startChild(program: URL, options: ChildOptions = {}): Promise<Child> {
  const child = spawn(
    process.execPath,
    ['--conditions=@larder/source', ...(options.args ?? []), '--import', 'tsx', fileURLToPath(program)],
    {
      // Where tsx is found.
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
    },
  )
  await once(child, 'spawn')
  const pid = child.pid!
  tellReaper({ name: `process ${pid}`, pid })
  child.once('exit', () => tellReaper({ name: `process ${pid}` }))
  const calls = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  let count = 0

  const [first] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [unknown]
  if (first !== 'ready') throw new Error(`It ended before it was ready: ${String(first)}`)
  child.on('message', (message: Answer) => {
    const waiting = calls.get(message.call)
    calls.delete(message.call)
    if (message.error === undefined) waiting?.resolve(message.value)
    else waiting?.reject(Object.assign(new Error(message.error.message), { code: message.error.code }))
  })
  child.once('exit', (code, signal) => {
    for (const { reject } of calls.values()) reject(new Error(`The process has ended: ${signal ?? code}`))
    calls.clear()
  })
  // A test that forgets to end it ends all the same; the reaper does the rest.
  child.unref()
  child.channel?.unref()

  return {
    pid,
    async call<T>(name: string, ...args: readonly unknown[]): Promise<T> {
      const call = ++count
      const answered = new Promise<unknown>((resolve, reject) => calls.set(call, { resolve, reject }))
      child.channel?.ref()
      child.send({ call, name, args } satisfies Call, error => {
        if (error) calls.get(call)?.reject(error)
      })
      try {
        return (await answered) as T
      } finally {
        if (calls.size === 0) child.channel?.unref()
      }
    },
    stop: () => void child.kill('SIGSTOP'),
    cont: () => void child.kill('SIGCONT'),
    kill: () => kill(child),
  }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.ref()
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

type Handler = (...args: never[]) => unknown

/** In the program: what the test may call. The process ends when the test is gone. */
export function serve(handlers: Readonly<Record<string, Handler>>): void {
  process.on('message', async ({ call, name, args }: Call) => {
    let answer: Answer
    try {
      answer = { call, value: await (handlers[name] as (...args: readonly unknown[]) => unknown)(...args) }
    } catch (error) {
      const { message, code } = error as { message?: string; code?: unknown }
      answer = { call, error: { message: String(message ?? error), code } }
    }
    process.send?.(answer)
  })
  process.on('disconnect', () => process.exit())
  process.send?.('ready')
}
