// What the tests of the lifecycle share.

import type { Logger } from '../src/logger.ts'

export interface Told {
  readonly level: keyof Logger
  readonly details: Readonly<Record<string, unknown>>
  readonly message: string
}

/** A logger that keeps what it is told. */
export function listeningLogger(): { readonly logger: Logger; readonly told: Told[] } {
  const told: Told[] = []
  const say = (level: keyof Logger) => (details: object, message: string) =>
    void told.push({ level, details: { ...details }, message })
  return { logger: { info: say('info'), warn: say('warn'), error: say('error') }, told }
}

/** A promise that is settled from outside. */
export function gate<T = void>() {
  let open!: (value: T) => void
  let fail!: (error: unknown) => void
  const passed = new Promise<T>((resolve, reject) => {
    open = resolve
    fail = reject
  })
  return { passed, open, fail }
}

export function codeOf(run: () => unknown): string | undefined {
  try {
    run()
  } catch (error) {
    return (error as { code?: string }).code
  }
  return undefined
}

export async function rejection(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  return promise.then(
    () => Promise.reject(new Error('it did not reject')),
    error => error as Error & { code?: string },
  )
}

/** Resolves when `holds` does; it is asked every 5 ms, for 5 s. */
export async function until(holds: () => boolean): Promise<void> {
  const endAt = performance.now() + 5000
  while (!holds()) {
    if (performance.now() > endAt) throw new Error(`it never came to hold: ${holds}`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}
