// Application data in the memory tier: what a look-up finds, and when a value may be kept.

import type { Life } from './data-options.ts'
import type { Engine } from './engine.ts'
import type { Stamped } from './invalidation/log.ts'
import { keyName, tagName } from './names.ts'
import { ENTRY_OVERHEAD_BYTES } from './store/memory.ts'
import { type Encoded, encodedBytes, textBytes } from './values.ts'

/** A value as the memory tier holds it. Instants are in milliseconds of the cache's clock. */
interface DataEntry extends Stamped {
  readonly kind: 'data'
  readonly value: Encoded
  readonly expiresAt: number
  /** Until when it is served while it is refreshed. */
  readonly staleUntil: number
  /** Until when it stands in for a fill that fails. */
  readonly errorUntil: number
  readonly begun: number
}

/** `stale`: it may go out while it is refreshed. `spare`: only a failure lets it out. */
export interface Found {
  readonly state: 'fresh' | 'stale' | 'spare'
  readonly value: Encoded
}

/** What a fill took when it began. */
export interface Ticket {
  readonly key: string
  readonly stamp: Stamped
  readonly begun: number
  /** The key was written since. */
  outdated: boolean
}

export interface DataStore {
  find(key: string): Found | undefined
  /** Keep a value that was handed in; no fill that began earlier replaces it. Returns whether it is kept. What was there goes. */
  write(key: string, value: Encoded, life: Life): boolean
  delete(key: string): void
  /** Take a ticket for a fill that begins now. It is given back by `end`. */
  begin(key: string, life: Life): Ticket
  /** Whether nothing that happened since makes what the fill reads outdated. */
  current(ticket: Ticket): boolean
  /**
   * Keep what the fill made, unless an invalidation, a write, or a fill that began later was faster. `undefined` takes the place of
   * what was there too. Returns whether a value is kept.
   */
  keep(ticket: Ticket, value: Encoded | undefined, life: Life): boolean
  end(ticket: Ticket): void
}

export function createDataStore(engine: Engine): DataStore {
  const { near, ledger, flags } = engine
  // The fills under way, by key.
  const filling = new Map<string, Set<Ticket>>()

  const lookup = (key: string) => near.get(nearKey(key)) as DataEntry | undefined

  const takeTicket = (key: string, { tags }: Life): Ticket => ({
    key,
    stamp: engine.stamp([keyName(key), ...tags.map(tagName)], key),
    begun: engine.begin(),
    outdated: false,
  })

  function put({ key, stamp, begun }: Ticket, value: Encoded, life: Life): boolean {
    const mode = flags.mode()
    if (engine.closed || mode === 'bypass' || mode === 'read-only') return false
    const staleMs = Math.max(life.staleWhileRevalidateMs, life.staleIfErrorMs)
    if (life.ttlMs + staleMs === 0) return false
    const expiresAt = engine.now() + life.ttlMs
    // Field by field: V8 gives the copy of a spread twice the room.
    const entry: DataEntry = {
      epoch: stamp.epoch,
      position: stamp.position,
      filledAt: stamp.filledAt,
      names: stamp.names,
      subject: stamp.subject,
      checkedAt: stamp.checkedAt,
      checkedVerdict: stamp.checkedVerdict,
      kind: 'data',
      value,
      expiresAt,
      staleUntil: expiresAt + life.staleWhileRevalidateMs,
      errorUntil: expiresAt + staleMs,
      begun,
    }
    engine.noteLifetime(life.ttlMs + staleMs)
    return near.set(nearKey(key), entry, entryBytes(key, entry))
  }

  return {
    find(key) {
      const entry = lookup(key)
      if (entry === undefined) return undefined
      const now = engine.now()
      const verdict = ledger.verdict(entry, now)
      if (verdict === 'invalid') {
        near.delete(nearKey(key))
        return undefined
      }
      const state = stateOf(entry, verdict === 'soft', now, flags.mode() === 'stale-only')
      return state && { state, value: entry.value }
    },

    write(key, value, life) {
      for (const ticket of filling.get(key) ?? []) ticket.outdated = true
      const kept = put(takeTicket(key, life), value, life)
      if (!kept) near.delete(nearKey(key))
      return kept
    },

    delete(key) {
      near.delete(nearKey(key))
    },

    begin(key, life) {
      const ticket = takeTicket(key, life)
      const others = filling.get(key)
      if (others) others.add(ticket)
      else filling.set(key, new Set([ticket]))
      return ticket
    },

    current: ({ stamp, outdated }) => !outdated && ledger.verdict(stamp, engine.now()) === 'valid',

    keep(ticket, value, life) {
      const now = engine.now()
      if (ticket.outdated || ledger.verdict(ticket.stamp, now) === 'invalid') return false
      const there = lookup(ticket.key)
      if (there !== undefined && there.begun > ticket.begun && ledger.verdict(there, now) !== 'invalid') return false
      if (value !== undefined) return put(ticket, value, life)
      near.delete(nearKey(ticket.key))
      return false
    },

    end(ticket) {
      const others = filling.get(ticket.key)
      others?.delete(ticket)
      if (others?.size === 0) filling.delete(ticket.key)
    },
  }
}

function stateOf(entry: DataEntry, soft: boolean, now: number, staleOnly: boolean): Found['state'] | undefined {
  if (!soft && now < entry.expiresAt) return 'fresh'
  if (staleOnly || now < entry.expiresAt || now < entry.staleUntil) return 'stale'
  return now < entry.errorUntil ? 'spare' : undefined
}

// Responses live beside it under another prefix.
const nearKey = (key: string): string => `d:${key}`

// The key is there three times: in the map, as a name and as the subject. A name has a string's own 48 bytes.
function entryBytes(key: string, { value, names }: DataEntry): number {
  let bytes = ENTRY_OVERHEAD_BYTES + encodedBytes(value) + 2 * textBytes(key)
  for (const name of names) bytes += textBytes(name) + 48
  return bytes
}
