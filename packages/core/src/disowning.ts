// A value that was set here and that the far store did not take: what the others have is older, and must go; the own one stays.

import { randomUUID } from 'node:crypto'
import type { Engine } from './engine.ts'
import type { LogRecord, Stamped } from './invalidation/log.ts'
import { keyName } from './names.ts'

export interface OwnValues<Entry> {
  /** What this process has under a key. */
  find(key: string): Entry | undefined
  /** Keep the value under another stamp. */
  replace(key: string, entry: Entry, stamp: Stamped): void
}

interface Waiting<Entry> {
  readonly entry: Entry
  /** How many of them the log has not acknowledged: one for each time that the key was set. */
  readonly records: number
}

/** Values whose record the log has not acknowledged yet. What is beyond them goes with its record, and is a miss. */
const MOST = 10_000

/**
 * Invalidates a key everywhere but for the value that is here. The record of that is told in its turn, and again when the log takes it
 * later; whatever else comes before it and hits the value ends it.
 */
export function createDisowning<Entry extends Stamped>(
  engine: Engine,
  values: OwnValues<Entry>,
): (key: string, entry: Entry | undefined) => void {
  const { ledger } = engine
  // By this name a record is known to be of this cache.
  const mark = `o:${randomUUID()}`
  const waiting = new Map<string, Waiting<Entry>>()

  engine.follow(({ position, invalidation }) => {
    if (waiting.size === 0 || invalidation.kind !== 'names') return
    const isOwn = invalidation.names.includes(mark)
    for (const name of invalidation.names) {
      const key = name.startsWith('k:') ? name.slice(2) : undefined
      const known = key === undefined ? undefined : waiting.get(key)
      if (key === undefined || known === undefined) continue
      const { entry } = known
      waiting.delete(key)
      if (isOwn && values.find(key) === entry && isSound(key, entry)) keepAt(position, key, known)
    }
  })

  /** Nothing but the key's own records has hit it. */
  function isSound(key: string, { epoch, position, filledAt, names, subject }: Entry): boolean {
    const others = names.filter(name => name !== keyName(key))
    const stamp = { epoch, position, filledAt, names: others, subject, checkedAt: -1, checkedVerdict: 'valid' } as const
    return ledger.verdict({ ...stamp }, engine.now()) === 'valid'
  }

  function keepAt(position: LogRecord['position'], key: string, { entry, records }: Waiting<Entry>): void {
    values.replace(key, entry, { ...engine.stamp(entry.names, key), position })
    const kept = values.find(key)
    // A place between two records: the log has not acknowledged it yet, and will tell of it again.
    const left = Number.isInteger(position) ? records - 1 : records
    if (kept !== undefined && left > 0) wait(key, kept, left)
  }

  function wait(key: string, entry: Entry, records: number): void {
    waiting.delete(key)
    waiting.set(key, { entry, records })
    if (waiting.size > MOST) waiting.delete(waiting.keys().next().value as string)
  }

  return (key, entry) => {
    const records = (waiting.get(key)?.records ?? 0) + 1
    waiting.delete(key)
    if (entry !== undefined && ledger.verdict(entry, engine.now()) === 'valid') wait(key, entry, records)
    engine.invalidate({ kind: 'names', names: [keyName(key), mark], soft: false }).catch(() => undefined)
  }
}
