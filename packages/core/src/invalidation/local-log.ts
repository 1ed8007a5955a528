// The invalidation log of a single process: it keeps nothing but its position.

import { randomUUID } from 'node:crypto'
import type { InvalidationLog, LogRecord } from './log.ts'

/** A log for one process. A record is applied before `append` returns its promise, and is always confirmed. */
export function createLocalLog(): InvalidationLog {
  const subscribers = new Set<(record: LogRecord) => void>()
  let position = 0
  return {
    epoch: randomUUID(),
    position: () => position,
    floor: () => 0,
    confirmedAt: () => Number.POSITIVE_INFINITY,
    unacknowledged: 0,
    append(invalidation) {
      position++
      const record: LogRecord = { position, invalidation }
      for (const apply of subscribers) apply(record)
      return Promise.resolve(position)
    },
    subscribe(apply) {
      // A function of its own for each: the same one may be subscribed twice.
      const subscriber = (record: LogRecord) => apply(record)
      subscribers.add(subscriber)
      return () => void subscribers.delete(subscriber)
    },
    async close() {
      subscribers.clear()
    },
  }
}
