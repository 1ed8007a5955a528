// One timer for all that may wait equally long: who came first is due first.

import { performance } from 'node:perf_hooks'

/** What waits, in one line at a time. */
export interface Waiting {
  /** Called once, unless it is taken out before. `isLate`: the process stood still, so nobody knows what happened in time. */
  due(isLate: boolean): void
  /** The line's own, like the two that follow. */
  dueAt: number
  older: Waiting | undefined
  newer: Waiting | undefined
}

export interface Deadlines {
  add(waiting: Waiting): void
  /** False when it is not in line any more. */
  remove(waiting: Waiting): boolean
}

/** A timer that is later than this tells of this process, not of what is waited for. */
const LATE_MS = 50

/** @param ms how long each may wait, in milliseconds. As a timer of its own would, that keeps the process. */
export function createDeadlines(ms: number): Deadlines {
  // A ring, so that each has neighbours: `ends` stands behind the newest and in front of the oldest, and is never due.
  const ends: Waiting = { due() {}, dueAt: Number.POSITIVE_INFINITY, older: undefined, newer: undefined }
  ends.older = ends
  ends.newer = ends
  let timer: NodeJS.Timeout | undefined

  function remove(waiting: Waiting): boolean {
    const { older, newer } = waiting
    if (older === undefined || newer === undefined) return false
    older.newer = newer
    newer.older = older
    // What has left keeps nobody in memory.
    waiting.older = undefined
    waiting.newer = undefined
    if (ends.newer === ends) timer?.unref()
    return true
  }

  function arm(): void {
    const oldest = ends.newer!
    timer = oldest === ends ? undefined : setTimeout(fire, Math.max(1, oldest.dueAt - performance.now()))
  }

  function fire(): void {
    const now = performance.now()
    // The event loop stood still. What was said meanwhile lies in a socket, and is read before this goes on.
    if (now - ends.newer!.dueAt > LATE_MS) setImmediate(() => setImmediate(expire, now))
    else expire(now)
  }

  function expire(now: number): void {
    for (let oldest = ends.newer!; oldest.dueAt <= now; oldest = ends.newer!) {
      remove(oldest)
      oldest.due(now - oldest.dueAt > LATE_MS)
    }
    arm()
  }

  return {
    add(waiting) {
      const newest = ends.older!
      waiting.dueAt = performance.now() + ms
      waiting.older = newest
      waiting.newer = ends
      newest.newer = waiting
      ends.older = waiting
      if (timer === undefined) arm()
      else if (newest === ends) timer.ref()
    },
    remove,
  }
}
