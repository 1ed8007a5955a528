// Invalidations that the log has not acknowledged, until it has: bounded, and what does not fit becomes "everything".

import type { Invalidation } from '@larder/core'
import type { Place } from './record.ts'

/** A record that is still to be appended. Its id makes a second try the same record. */
export interface Unacknowledged {
  readonly id: string
  readonly text: string
  readonly soft: boolean
  /** Where this node has applied it as a record of the log, which more servers have to have. */
  place?: Place | undefined
}

export interface ReplayQueue {
  readonly size: number
  count(is: (record: Unacknowledged) => boolean): number
  first(): Unacknowledged | undefined
  get(id: string): Unacknowledged | undefined
  add(record: Unacknowledged): void
  delete(id: string): void
}

/** @param everything makes the record that stands for all that did not fit. */
export function createReplayQueue(
  everything: (invalidation: Invalidation) => Unacknowledged,
  maxRecords = 10_000,
  maxCharacters = 4 * 1024 * 1024,
): ReplayQueue {
  const records = new Map<string, Unacknowledged>()
  let characters = 0

  function add(record: Unacknowledged): void {
    records.set(record.id, record)
    characters += record.text.length
    if (records.size <= maxRecords && characters <= maxCharacters) return
    // Too much rather than too little; it is hard when one of them was.
    const soft = [...records.values()].every(each => each.soft)
    records.clear()
    characters = 0
    add(everything({ kind: 'all', soft }))
  }

  return {
    get size() {
      return records.size
    },
    count(is) {
      let count = 0
      for (const record of records.values()) if (is(record)) count++
      return count
    },
    first: () => records.values().next().value,
    get: id => records.get(id),
    add,
    delete(id) {
      const record = records.get(id)
      if (record === undefined) return
      records.delete(id)
      characters -= record.text.length
    },
  }
}
