// Entries in the order in which they came, with the bytes of all.

/** One entry in memory, and its place in the queue that holds it. */
export interface Kept<Entry> {
  readonly key: string
  readonly entry: Entry
  readonly bytes: number
  /** Whether it was used since it came to its place. */
  used: boolean
  queue: Fifo<Entry>
  older: Kept<Entry> | undefined
  newer: Kept<Entry> | undefined
}

/** What came first goes first. Any entry can leave at once, so that what was deleted holds no memory. */
export interface Fifo<Entry> {
  oldest: Kept<Entry> | undefined
  newest: Kept<Entry> | undefined
  bytes: number
}

export function createFifo<Entry>(): Fifo<Entry> {
  return { oldest: undefined, newest: undefined, bytes: 0 }
}

/** Put `kept`, which is in no queue, at the end of one. */
export function append<Entry>(queue: Fifo<Entry>, kept: Kept<Entry>): void {
  const { newest } = queue
  kept.queue = queue
  kept.older = newest
  kept.newer = undefined
  if (newest === undefined) queue.oldest = kept
  else newest.newer = kept
  queue.newest = kept
  queue.bytes += kept.bytes
}

/** Take `kept` out of its queue. */
export function remove<Entry>(kept: Kept<Entry>): void {
  const { queue, older, newer } = kept
  if (older === undefined) queue.oldest = newer
  else older.newer = newer
  if (newer === undefined) queue.newest = older
  else newer.older = older
  kept.older = undefined
  kept.newer = undefined
  queue.bytes -= kept.bytes
}
