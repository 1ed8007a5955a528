// The sources with a mechanism switched off: a checker that does not see it missing checks nothing.

import type { Fault } from './chaos.ts'

export interface Change {
  /** The end of a source's path. */
  readonly file: string
  readonly from: string
  readonly to: string
}

const dataStore = 'core/src/data-store.ts'
const ledger = 'core/src/invalidation/ledger.ts'

export interface Mutant {
  readonly changes: readonly Change[]
  /** What has to happen for it to show, among all else that does; anything, when nothing is named. */
  readonly faults?: readonly Fault[]
}

/** Each with the words that are in the sources now: should they change, the mutant fails to load, and says so. */
export const mutants: Readonly<Record<string, Mutant>> = {
  'stamped when it is stored, not when its fill began': {
    changes: [
      {
        file: dataStore,
        from: "if (ticket.outdated || ledger.verdict(ticket.stamp, now) === 'invalid') return false",
        to: 'const late = engine.stamp(ticket.stamp.names, ticket.key)',
      },
      {
        file: dataStore,
        from: 'if (value !== undefined) return put(ticket, value, life)',
        to: 'if (value !== undefined) return put({ ...ticket, stamp: { ...late, filledAt: ticket.stamp.filledAt } }, value, life)',
      },
    ],
  },
  'the epoch ignored': {
    changes: [
      {
        file: ledger,
        from: 'verdict(entry, now) {\n      followEpoch()\n      if (entry.epoch !== epoch || ',
        to: 'verdict(entry, now) {\n      followEpoch()\n      if (',
      },
    ],
    faults: ['FLUSHALL', 'the log deleted', 'a silent network'],
  },
  'a gap not repaired': {
    changes: [
      {
        file: 'redis/src/history.ts',
        from: 'if (sequence === place.sequence + 1 && previous === place.id) {',
        to: 'if (sequence > place.sequence) {',
      },
    ],
  },
  'a lost history not noticed': {
    changes: [
      {
        file: 'redis/src/scripts.ts',
        from: "if own and own[1] == ARGV[2] .. '-0' and own[2][4] == ARGV[3] then\n  if #known",
        to: 'if true then\n  if #known',
      },
      { file: 'redis/src/scripts.ts', from: 'if not own or own[2][4] ~= ARGV[3] then return false end', to: '' },
    ],
    faults: ['a failover that loses'],
  },
  'no coherence bound': {
    changes: [
      {
        file: ledger,
        from: 'if (now - Math.max(entry.filledAt, log.confirmedAt()) > coherenceBoundMs) return',
        to: 'if (now < 0) return',
      },
    ],
  },
  'trusted from when it was stored, not from when its fill began': {
    changes: [{ file: dataStore, from: 'filledAt: stamp.filledAt,', to: 'filledAt: engine.now(),' }],
    faults: ['a silent network'],
  },
  'the shared store heard while the log has not taken a purge': {
    changes: [{ file: 'core/src/far/tier.ts', from: ' && !(log.unacknowledged > 0)', to: '' }],
    faults: ['a silent network', 'connections reset', 'FLUSHALL'],
  },
}
