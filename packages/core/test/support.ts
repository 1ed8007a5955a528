// What the tests of the engine share: a clock that stands still, and how to catch an error by its code.

import { expect } from 'chai'
import type { LarderErrorCode } from '../src/errors.ts'

export interface Clock {
  readonly now: () => number
  advance(ms: number): void
}

export function createClock(at = 1_700_000_000_000): Clock {
  let now = at
  return {
    now: () => now,
    advance(ms) {
      now += ms
    },
  }
}

export function codeOf(run: () => unknown): string | undefined {
  try {
    run()
  } catch (error) {
    return (error as { code?: string }).code
  }
  return undefined
}

export async function expectRejection(promise: Promise<unknown>, code: LarderErrorCode): Promise<Error> {
  const error = await promise.then(
    () => undefined,
    error => error as Error & { code?: string },
  )
  expect(error?.code).to.equal(code)
  return error as Error
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

/** Let everything that is ready run. */
export const settle = (): Promise<void> => new Promise(resolve => setImmediate(resolve))
