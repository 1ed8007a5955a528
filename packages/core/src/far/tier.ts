// The far store as the engine sees it: asked within a deadline or not at all, with a clock, and with an ear for what others fill.

import { type CacheEvent, type FarEvent, faultCode } from '../events.ts'
import type { InvalidationLog } from '../invalidation/log.ts'
import type { Metrics } from '../metrics.ts'
import { type BreakerState, type CallOutcome, createResilience } from '../resilience.ts'
import type {
  Claim,
  ClaimOutcome,
  FarFound,
  FarStore,
  FarWrite,
  FarWritten,
  Outdated,
  ReleaseOutcome,
} from '../store/far.ts'
import { createEars, type Ear } from './ears.ts'
import { createOwedLeases, type OwedLease } from './owed-leases.ts'
import { createProbes } from './probes.ts'
import { createRules, parseRule, type Rules, ruleText } from './rules.ts'
import { createStoreClock, type StoreClock } from './store-clock.ts'

/** Durations in milliseconds. */
export interface FarOptions {
  readonly store: FarStore
  /** @default 50 */
  readonly deadlineMs?: number
  /** @default 5 */
  readonly breakerFailures?: number
  /** @default 60_000 */
  readonly breakerResetMs?: number
  /** @default 30_000 */
  readonly healthIntervalMs?: number
}

/** How the far tier is, from memory. */
export interface FarHealth {
  /** `up`: asked on every miss. `starting`: it has not answered yet. `down`: the breaker is open, or it never answered. */
  readonly state: 'up' | 'starting' | 'down'
  readonly breaker: BreakerState
  /** When it was last probed, by the time of day; `undefined` when it never was. */
  readonly probedAt: number | undefined
  /** How long the last probe that was answered took. */
  readonly latencyMs: number | undefined
  readonly callsUnderWay: number
  readonly bytesUnderWay: number
  readonly writesPaused: boolean
}

/** What the store has found, with a rule that is one. */
export interface TierFound extends Omit<FarFound, 'rule'> {
  readonly rule: readonly string[] | undefined
}

export interface TierWrite extends Omit<FarWrite, 'rule' | 'widens'> {
  readonly rule: readonly string[]
  readonly widens: readonly string[] | undefined
}

export type TierWritten = Exclude<FarWritten, object> | { readonly rule: readonly string[] }

/** No method rejects; `undefined` is no answer, whatever the reason. Each ends by the deadline. */
export interface FarTier {
  /**
   * Whether it is asked just now, and what it says is heard. Not while this process has purged what the log does not know of yet: what others
   * have stored meanwhile bears later positions, and may be older all the same.
   */
  readonly usable: boolean
  readonly clock: StoreClock
  /** The rule that each key last had. */
  readonly rules: Rules
  /** `claim` is called when the lease is asked for as well. */
  get(key: string, variant: string, claim: (() => Claim) | undefined): Promise<TierFound | undefined>
  set(write: TierWrite): Promise<TierWritten | undefined>
  remove(key: string, variant?: string): void
  claim(key: string, claim: Claim, outdated?: Outdated): Promise<ClaimOutcome | undefined>
  release(key: string, claim: Claim, outcome: ReleaseOutcome, apartMs: number): void
  /** Listen for the end of a lease, from before it is asked for. */
  hear(lease: string): Ear
  health(): FarHealth
  close(): void
}

export interface FarTierContext {
  readonly name: string
  readonly now: () => number
  readonly log: InvalidationLog
  readonly metrics: Metrics
  readonly emit: (event: () => CacheEvent) => void
  /** What is stored can no longer be told its age. */
  readonly onClockJump: () => void
}

/** A store that is full takes no writes for so long, one that is a replica for this. */
const FULL_PAUSE_MS = 5000
const READ_ONLY_PAUSE_MS = 1000
/** What a claim may be late when the two clocks are not quite of one mind. */
const CLAIM_SLACK_MS = 100

type Operation = FarEvent['operation']

export function createFarTier(options: FarOptions, context: FarTierContext): FarTier {
  const { store, deadlineMs = 50, breakerFailures = 5, breakerResetMs = 60_000, healthIntervalMs = 30_000 } = options
  const { name, now, log, metrics, emit, onClockJump } = context
  const clock = createStoreClock(now)
  const rules = createRules()
  const ears = createEars()
  const owed = createOwedLeases(now)
  let openedAt = 0
  let writesFrom = Number.NEGATIVE_INFINITY
  let probedAt: number | undefined
  let latencyMs: number | undefined
  let closed = false
  const resilience = createResilience({
    deadlineMs,
    failures: breakerFailures,
    onState(state) {
      if (state === 'open') openedAt = now()
      emit(() => ({ type: 'breaker', cache: name, state }))
    },
  })

  /** `use` makes of an answer what the caller is told. */
  function call<T, U>(
    operation: Operation,
    run: () => Promise<T>,
    told: (value: T) => FarEvent['outcome'],
    use: (value: T) => U,
    bytes = 0,
    how: typeof resilience.run = resilience.run,
  ): Promise<U | undefined> {
    const startedAt = now()
    return how(run, bytes).then(outcome => {
      if (outcome.kind !== 'answered') {
        note(outcome)
        tell(operation, untold(outcome), startedAt)
        return undefined
      }
      tell(operation, told(outcome.value), startedAt)
      if (owed.size > 0 && !closed) void owed.settle(giveBack)
      return use(outcome.value)
    })
  }

  // Apart, so that a call of which nobody wants to hear makes nothing for it.
  function tell(operation: Operation, outcome: FarEvent['outcome'], startedAt: number): void {
    emit(() => ({ type: 'far', cache: name, operation, outcome, durationMs: now() - startedAt }))
  }

  function note(outcome: CallOutcome<unknown>): void {
    if (outcome.kind === 'skipped') return metrics.count('farSkips')
    if (outcome.kind === 'timeout') return metrics.count('farTimeouts')
    if (outcome.kind !== 'failed') return
    metrics.count('farErrors')
    const { code } = outcome
    if (code === 'LARDER_FAR_FULL') writesFrom = now() + FULL_PAUSE_MS
    if (code === 'LARDER_FAR_READ_ONLY') writesFrom = now() + READ_ONLY_PAUSE_MS
    emit(() => ({ type: 'fault', cache: name, operation: 'far', code: faultCode({ code }) }))
  }

  async function probe(): Promise<void> {
    if (closed) return
    const askedAt = now()
    probedAt = Date.now()
    const told = await call(
      'probe',
      () => store.time(),
      done,
      same,
      0,
      run => resilience.probe(run),
    )
    if (told === undefined || closed) return
    latencyMs = now() - askedAt
    if (clock.set(told, askedAt) === 'jumped') onClockJump()
  }

  async function giveBack({ key, claim, outcome, apartMs }: OwedLease): Promise<boolean> {
    return (await call('release', () => store.release(key, claim, outcome, apartMs), done, done)) === 'done'
  }

  const probes = createProbes({
    healthIntervalMs,
    breakerResetMs,
    now,
    breaker: () => resilience.state,
    openedAt: () => openedAt,
    isTimed: () => clock.isSet,
    confirmedAt: () => log.confirmedAt(),
    probe: () => void probe(),
  })
  const unlisten = store.listen({
    ready: () => void probe(),
    released: (lease, outcome) => ears.tell(lease, outcome),
  })
  void probe()

  const claimableUntil = (): number => clock.toStore(now() + deadlineMs + CLAIM_SLACK_MS)

  const tier: FarTier = {
    get usable() {
      return !closed && clock.isSet && resilience.state === 'closed' && !(log.unacknowledged > 0)
    },
    clock,
    rules,
    get(key, variant, claim) {
      const until = claim && claimableUntil()
      return call(
        'get',
        () => store.get(key, variant, claim && (() => ({ ...claim(), until: until! }))),
        hitOrMiss,
        found => {
          if (found.claimed === 'late') probes.claimWasLate()
          const rule = found.rule === undefined ? undefined : parseRule(found.rule)
          const isForeign = rule === undefined && found.rule !== undefined
          // Nobody could add to what lies under it.
          if (isForeign) tier.remove(key)
          if (rule !== undefined) rules.set(key, rule)
          const frame = isForeign ? undefined : found.frame
          metrics.count(frame === undefined ? 'farMisses' : 'farHits')
          return { rule, frame, claimed: found.claimed }
        },
      )
    },
    async set(write) {
      if (now() < writesFrom || !tier.usable) {
        metrics.count('farSkips')
        return undefined
      }
      const written = await call(
        'set',
        () => store.set({ ...write, rule: ruleText(write.rule), widens: write.widens && ruleText(write.widens) }),
        result => (result === 'stored' ? 'stored' : 'refused'),
        same,
        write.frame.length,
      )
      if (written === 'stored') metrics.count('farSets')
      if (typeof written !== 'object') {
        if (written !== undefined) rules.set(write.key, write.rule)
        return written
      }
      const rule = parseRule(written.rule)
      if (rule === undefined) {
        tier.remove(write.key)
        return undefined
      }
      rules.set(write.key, rule)
      return { rule }
    },
    remove(key, variant) {
      void call('remove', () => store.remove(key, variant), done, same)
    },
    claim(key, claim, outdated) {
      return call(
        'claim',
        () => store.claim(key, { ...claim, until: claimableUntil() }, outdated),
        done,
        claimed => {
          if (claimed === 'late') probes.claimWasLate()
          return claimed
        },
      )
    },
    release(key, claim, outcome, apartMs) {
      const lease = { key, claim, outcome, apartMs }
      void giveBack(lease).then(isGiven => {
        if (!isGiven) owed.add(lease)
      })
    },
    hear: ears.hear,
    health: () => ({
      state: resilience.state !== 'closed' ? 'down' : clock.isSet ? 'up' : 'starting',
      breaker: resilience.state,
      probedAt,
      latencyMs,
      callsUnderWay: resilience.calls,
      bytesUnderWay: resilience.bytes,
      writesPaused: now() < writesFrom,
    }),
    close() {
      if (closed) return
      closed = true
      probes.close()
      unlisten()
      ears.close()
    },
  }
  return tier
}

const done = (): 'done' => 'done'
const hitOrMiss = ({ frame }: FarFound): 'hit' | 'miss' => (frame === undefined ? 'miss' : 'hit')
const same = <T>(value: T): T => value

function untold(outcome: Exclude<CallOutcome<unknown>, { kind: 'answered' }>): FarEvent['outcome'] {
  if (outcome.kind === 'failed') return 'error'
  return outcome.kind === 'skipped' ? 'skipped' : 'timeout'
}
