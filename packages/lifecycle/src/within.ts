// Every wait has an end.

import { LifecycleError } from './errors.ts'

/**
 * What `work` gives, or a rejection with LARDER_TIMEOUT after `ms`. It keeps the process alive until then: a promise alone would not.
 * What comes later is dropped.
 */
export async function within<T>(ms: number, work: () => T | Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new LifecycleError('LARDER_TIMEOUT', `it took longer than ${Math.round(ms)} ms`))
    }, ms)
  })
  try {
    return await Promise.race([(async () => work())(), timeout])
  } finally {
    clearTimeout(timer)
  }
}
