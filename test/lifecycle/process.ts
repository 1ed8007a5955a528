// Starts a service as a process of its own, and reads what it says.

import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface Ingredients {
  readonly framework: 'express' | 'koa'
  readonly redis?: string
  readonly port?: number
  readonly drainDelay?: string
  readonly drainTimeout?: string
  /** How long its database takes to open. */
  readonly databaseMs?: number
  /** Whether something that is no part would keep the process. */
  readonly straggler?: boolean
}

export interface Line {
  readonly level: string
  readonly message: string
  readonly [detail: string]: unknown
}

export interface Service {
  readonly child: ChildProcess
  /** What it has told so far. */
  readonly told: readonly Line[]
  /** What it printed beside. */
  errors(): string
  /** Resolves with the first line that says so, rejects when the process ends without. */
  says(message: string): Promise<Line>
  signal(name: NodeJS.Signals): void
  /** Resolves when it has ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null; readonly at: number }>
}

export function startService(made: Ingredients): Service {
  const file = fileURLToPath(new URL('service.ts', import.meta.url))
  const args = ['--conditions=@larder/source', '--import', 'tsx', file, JSON.stringify(made)]
  const child = spawn(process.execPath, args, {
    // Where tsx is found.
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const told: Line[] = []
  const listeners = new Set<() => void>()
  let rest = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() as string
    for (const line of lines) told.push(JSON.parse(line) as Line)
    for (const listen of listeners) listen()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-4000)
  })
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null; at: number }>(resolve => {
    let at = 0
    child.once('exit', () => {
      at = performance.now()
    })
    child.once('close', (code, signal) => {
      resolve({ code, signal, at })
      for (const listen of listeners) listen()
    })
  })
  return {
    child,
    told,
    errors: () => errors,
    signal: name => void child.kill(name),
    ended,
    says: message =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const line = told.find(each => each.message === message)
          if (line !== undefined) resolve(line)
          else if (child.stdout.closed) reject(new Error(`It ended, and never said '${message}':\n${errors}`))
          else return
          listeners.delete(look)
        }
        listeners.add(look)
        look()
      }),
  }
}
