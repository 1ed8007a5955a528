// Application data in the memory tier: what a look-up finds, and when a value may be kept.

import { bulkhead, isBulkheadRejectedError } from 'cockatiel'
import type { Life } from './data-options.ts'
import { createDisowning } from './disowning.ts'
import { type Engine, modeOf } from './engine.ts'
import type { FarAnswer } from './far/consult.ts'
import type { SharedValue } from './far/data-frame.ts'
import { CLOCK_TOLERANCE_MS } from './far/store-clock.ts'
import { createFarValues } from './far/values.ts'
import type { Stamped } from './invalidation/log.ts'
import { keyName, tagName } from './names.ts'
import type { Claim } from './store/far.ts'
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
  /** When the far tier is asked whether another process has set the key meanwhile. */
  recheckAt: number
}

type Kept = Pick<DataEntry, 'value' | 'expiresAt' | 'staleUntil' | 'errorUntil'>

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
  /** Whether the far tier may know better than `find`. */
  isFarDue(key: string): boolean
  /** Ask the far tier; `find` has what it knows then. */
  lookFar(key: string): Promise<void>
  /** The same before a fill, which other processes leave to this one when the answer says that it is its own. */
  askFar(key: string, waitMs: number): Promise<FarAnswer>
  /** Keep a value that was handed in; no fill that began earlier replaces it. Returns whether it is kept. What was there goes. */
  write(key: string, value: Encoded, life: Life): boolean
  /** Let the other processes have what was written. Ends by the far tier's deadline, whatever comes of it; where many are shared at once, each in its turn. */
  share(key: string): Promise<void>
  delete(key: string): void
  /** Take it out of the far tier as well. What is there is invalid already. */
  removeFar(key: string): void
  /** Take a ticket for a fill that begins now. It is given back by `end`. */
  begin(key: string, life: Life): Ticket
  /** Whether nothing that happened since makes what the fill reads outdated. */
  current(ticket: Ticket): boolean
  /**
   * Keep what the fill made, unless an invalidation, a write, or a fill that began later was faster. `undefined` takes the place of
   * what was there too. Returns whether a value is kept.
   */
  keep(ticket: Ticket, value: Encoded | undefined, life: Life): boolean
  /** Let the other processes have what the fill made, or make it themselves. Nobody waits for it. */
  settle(key: string, lease: Claim | undefined, outcome: 'kept' | 'not-kept' | 'failed'): void
  end(ticket: Ticket): void
}

export function createDataStore(engine: Engine, coherenceBoundMs: number): DataStore {
  const { near, ledger, flags } = engine
  // The fills under way, by key.
  const filling = new Map<string, Set<Ticket>>()

  const far = createFarValues(engine, take)

  const lookup = (key: string) => near.get(nearKey(key)) as DataEntry | undefined

  const takeTicket = (key: string, { tags }: Life): Ticket => ({
    key,
    stamp: engine.stamp([keyName(key), ...tags.map(tagName)], key),
    begun: engine.begin(),
    outdated: false,
  })

  function put({ key, stamp, begun }: Ticket, value: Encoded, life: Life): boolean {
    const mode = modeOf(engine)
    if (mode === 'bypass' || mode === 'read-only') return false
    const staleMs = Math.max(life.staleWhileRevalidateMs, life.staleIfErrorMs)
    if (life.ttlMs + staleMs === 0) return false
    const expiresAt = engine.now() + life.ttlMs
    return place(key, stamp, begun, {
      value,
      expiresAt,
      staleUntil: expiresAt + life.staleWhileRevalidateMs,
      errorUntil: expiresAt + staleMs,
    })
  }

  function place(key: string, stamp: Stamped, begun: number, kept: Kept): boolean {
    const { value, expiresAt, staleUntil, errorUntil } = kept
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
      staleUntil,
      errorUntil,
      begun,
      recheckAt: engine.far === undefined ? Number.POSITIVE_INFINITY : engine.now() + coherenceBoundMs,
    }
    engine.noteLifetime(errorUntil - engine.now())
    return near.set(nearKey(key), entry, entryBytes(key, entry))
  }

  // A value that another process has stored. One that is as old as the own is not news, but says that the own is still the newest.
  function take(key: string, found: SharedValue): boolean {
    const now = engine.now()
    const there = lookup(key)
    const isNews = there === undefined || there.filledAt + CLOCK_TOLERANCE_MS < found.filledAt
    if (!isNews && ledger.verdict(there, now) === 'valid') return false
    const { epoch, position, filledAt, names } = found
    const stamp = { epoch, position, filledAt, names, subject: key, checkedAt: -1, checkedVerdict: 'valid' } as const
    const verdict = ledger.verdict({ ...stamp }, now)
    if (now >= found.errorUntil || verdict === 'invalid') return false
    // Any fill of this process knows more than what it found.
    const isKept = place(key, stamp, 0, found)
    // A stale one is kept as well, but is no answer: it is to be filled anew.
    return isKept && verdict === 'valid' && now < found.expiresAt
  }

  const turns = bulkhead(SHARED_AT_ONCE, MOST_WAITING)

  /** Whether the store has it now, or has a newer one. */
  async function share(key: string, lease: Claim | undefined): Promise<boolean> {
    const entry = lookup(key)
    if (entry === undefined) return false
    const share = () => far.share(key, entry, lease)
    // Where too many wait already, at once: the far tier has a bound of its own, and skips what is beyond it.
    const outcome = await turns.execute(share).catch(error => {
      if (isBulkheadRejectedError(error)) return share()
      throw error
    })
    // Another process has set it meanwhile: the next look-up sees that.
    if (outcome === 'newer') entry.recheckAt = Number.NEGATIVE_INFINITY
    return outcome !== 'unshared'
  }

  // What others have, or will find, is older than what was set here. A record of the log is heard by all of them, sooner or later.
  const disown = createDisowning(engine, {
    find: lookup,
    replace: (key, entry, stamp) => place(key, stamp, entry.begun, entry),
  })

  return {
    isFarDue(key) {
      if (!engine.far?.usable || flags.mode() === 'bypass') return false
      const entry = lookup(key)
      const now = engine.now()
      if (entry === undefined || now >= entry.recheckAt || now >= entry.expiresAt) return true
      return ledger.verdict(entry, now) !== 'valid'
    },

    async lookFar(key) {
      await far.look(key)
      const entry = lookup(key)
      if (entry !== undefined) entry.recheckAt = engine.now() + coherenceBoundMs
    },

    askFar: (key, waitMs) => far.askBeforeFill(key, waitMs),

    async share(key) {
      if (engine.far === undefined || engine.closed) return
      if (!(await share(key, undefined))) disown(key, lookup(key))
    },

    settle(key, lease, outcome) {
      if (engine.far === undefined) return
      if (outcome === 'kept') {
        void share(key, lease).then(isShared => {
          if (!isShared) far.endLease(key, lease, 'failed')
        })
      } else far.endLease(key, lease, 'failed')
    },

    removeFar: key => far.remove(key),

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
      const isNewer = there !== undefined && (there.begun > ticket.begun || isOfOthers(there, ticket))
      if (isNewer && ledger.verdict(there, now) !== 'invalid') return false
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

/**
 * A quarter of the far tier's bound on calls. A set that is beyond that bound is not made, and costs the log a record and every process a name
 * in its ledger instead.
 */
const SHARED_AT_ONCE = 64
/** At most sixteen turns then, each no longer than the far tier's deadline. */
const MOST_WAITING = 1024

/** Another process has set it after this fill began. */
function isOfOthers(there: DataEntry, { stamp }: Ticket): boolean {
  return there.begun === 0 && there.filledAt > stamp.filledAt + CLOCK_TOLERANCE_MS
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
