// Around every call to a far store: a deadline of our own, a breaker, and bounds on what is on its way.

import { CircuitState, ConsecutiveBreaker, circuitBreaker, handleWhen } from 'cockatiel'
import { createDeadlines, type Waiting } from './deadlines.ts'
import type { LarderError } from './errors.ts'

export interface ResilienceOptions {
  /** How long a call may take, in milliseconds. */
  readonly deadlineMs: number
  /** So many failures in a row open the breaker. */
  readonly failures: number
  /** Most calls that the store's client holds without an answer. @default 256 */
  readonly maxCalls?: number
  /** Most bytes in them. @default 8 MiB */
  readonly maxBytes?: number
  /** Told of each change. */
  readonly onState: (state: BreakerState) => void
}

/** `half-open`: a probe is on its way. */
export type BreakerState = 'closed' | 'open' | 'half-open'

/** What became of a call. `skipped`: it was not made. `late`: the process stood still, so nobody knows whether the answer came in time. */
export type CallOutcome<T> =
  | { readonly kind: 'answered'; readonly value: T }
  | { readonly kind: 'failed'; readonly code: FarFault }
  | { readonly kind: 'timeout' | 'late' | 'skipped' }

/** The codes of a far store's errors. */
export type FarFault = 'LARDER_FAR_UNAVAILABLE' | 'LARDER_FAR_FULL' | 'LARDER_FAR_READ_ONLY' | 'LARDER_FAR_REFUSED'

export interface Resilience {
  readonly state: BreakerState
  /** Calls on their way, those that nobody waits for any more included. */
  readonly calls: number
  readonly bytes: number
  /** Never rejects, and ends by the deadline. Without a closed breaker, or beyond the bounds, the call is not made. */
  run<T>(call: () => Promise<T>, bytes?: number): Promise<CallOutcome<T>>
  /** The one call that is made whatever the breaker says, and that closes it again when it succeeds. */
  probe<T>(call: () => Promise<T>): Promise<CallOutcome<T>>
}

const MOST_CALLS = 256
const MOST_BYTES = 8 * 1024 * 1024

const skipped = { kind: 'skipped' } as const
const notMade = Promise.resolve(skipped)

export function createResilience(options: ResilienceOptions): Resilience {
  const { deadlineMs, failures, maxCalls = MOST_CALLS, maxBytes = MOST_BYTES, onState } = options
  // Half open on the first call that it is given when it is open, and only `probe` gives it one: no request ever waits for a probe.
  // It looks at the wall clock, which may have gone back, so no time at all is long enough.
  const inARow = new ConsecutiveBreaker(failures)
  const breaker = circuitBreaker(handleWhen(isFault), { halfOpenAfter: Number.NEGATIVE_INFINITY, breaker: inARow })
  breaker.onStateChange(state => onState(nameOf(state)))
  const deadlines = createDeadlines(deadlineMs)
  let calls = 0
  let bytes = 0
  // Outcomes that the breaker has been told, and has not counted yet.
  let telling = 0

  /** Ends by the deadline, whatever the call does. */
  function begin(call: () => Promise<unknown>, pending: Pending): void {
    // A call whose deadline is over stays with the client until the connection answers or ends, so it counts until then.
    const isInTime = () => {
      calls--
      bytes -= pending.size
      return deadlines.remove(pending)
    }
    const refused = (error: unknown) => {
      if (isInTime()) pending.failed(error)
    }
    calls++
    bytes += pending.size
    deadlines.add(pending)
    try {
      call().then(value => {
        if (isInTime()) pending.answered(value)
      }, refused)
    } catch (error) {
      refused(error)
    }
  }

  /** Tell the breaker how a call ended that was made while it was closed, and go on when it knows. */
  function tell(ended: () => unknown, then: () => void): void {
    // What began before it opened says nothing about now, and would be taken for the probe.
    if (breaker.state !== CircuitState.Closed) return then()
    telling++
    const counted = () => {
      telling--
      then()
    }
    breaker.execute(ended).then(counted, counted)
  }

  const told: Ends = {
    answered(value, resolve) {
      const outcome = { kind: 'answered', value }
      // A success ends a row of failures. Where there is none, the breaker has nothing to learn.
      if (inARow.state === 0 && telling === 0) resolve(outcome)
      else tell(done, () => resolve(outcome))
    },
    failed(error, resolve) {
      tell(
        () => Promise.reject(error),
        () => resolve(outcomeOf(error)),
      )
    },
  }

  return {
    get state() {
      return nameOf(breaker.state)
    },
    get calls() {
      return calls
    },
    get bytes() {
      return bytes
    },
    run<T>(call: () => Promise<T>, size = 0) {
      if (breaker.state !== CircuitState.Closed || calls >= maxCalls || bytes + size > maxBytes) return notMade
      return new Promise<CallOutcome<T>>(resolve => begin(call, new Pending(size, false, told, resolve as Resolve)))
    },
    async probe<T>(call: () => Promise<T>) {
      // One at a time, and bounded like the others: those of a frozen store stay where they are.
      if (breaker.state === CircuitState.HalfOpen || calls >= 2 * maxCalls) return skipped
      const isTrial = breaker.state !== CircuitState.Closed
      try {
        const value = await breaker.execute(
          () => new Promise<T>(resolve => begin(call, new Pending(0, isTrial, asItIs, resolve as Resolve))),
        )
        return { kind: 'answered', value }
      } catch (error) {
        return outcomeOf(error)
      }
    },
  }
}

const done = () => undefined

type Resolve = (end: unknown) => void

/** What a call that has ended is to whoever waits for it. */
interface Ends {
  answered(value: unknown, resolve: Resolve): void
  failed(error: unknown, resolve: Resolve): void
}

const asItIs: Ends = {
  answered: (value, resolve) => resolve(value),
  failed: (error, resolve) => resolve(Promise.reject(error)),
}

/** A call on its way. A class, since every look-up has one. */
class Pending implements Waiting {
  readonly size: number
  readonly #isTrial: boolean
  readonly #ends: Ends
  readonly #resolve: Resolve
  dueAt = 0
  older: Waiting | undefined = undefined
  newer: Waiting | undefined = undefined

  constructor(size: number, isTrial: boolean, ends: Ends, resolve: Resolve) {
    this.size = size
    this.#isTrial = isTrial
    this.#ends = ends
    this.#resolve = resolve
  }

  answered(value: unknown): void {
    this.#ends.answered(value, this.#resolve)
  }
  failed(error: unknown): void {
    this.#ends.failed(error, this.#resolve)
  }
  due(isLate: boolean): void {
    this.failed(new Timeout(isLate, this.#isTrial))
  }
}

const stateNames: Readonly<Record<CircuitState, BreakerState>> = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.Open]: 'open',
  [CircuitState.HalfOpen]: 'half-open',
  [CircuitState.Isolated]: 'open',
}

function nameOf(state: CircuitState): BreakerState {
  return stateNames[state]
}

class Timeout extends Error {
  readonly isLate: boolean
  readonly isTrial: boolean

  constructor(isLate: boolean, isTrial: boolean) {
    super('No answer in time.')
    this.isLate = isLate
    this.isTrial = isTrial
  }
}

/** What opens the breaker: the store gives no answer, or is in no state to. What it merely refuses is a fault of ours. */
function isFault(error: unknown): boolean {
  // Nobody knows the end of what is late. That is no failure, but neither is it the success that closes an open breaker.
  if (error instanceof Timeout) return !error.isLate || error.isTrial
  return faultOf(error) === 'LARDER_FAR_UNAVAILABLE'
}

function outcomeOf(error: unknown): CallOutcome<never> {
  if (error instanceof Timeout) return { kind: error.isLate ? 'late' : 'timeout' }
  return { kind: 'failed', code: faultOf(error) }
}

const faults: readonly string[] = ['LARDER_FAR_FULL', 'LARDER_FAR_READ_ONLY', 'LARDER_FAR_REFUSED']

// Not by class: the store may come with a copy of this package of its own.
function faultOf(error: unknown): FarFault {
  const code = (error as Partial<LarderError> | undefined)?.code
  return faults.includes(String(code)) ? (code as FarFault) : 'LARDER_FAR_UNAVAILABLE'
}
