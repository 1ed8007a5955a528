// Around every call to a far store: a deadline of our own, a breaker, and bounds on what is on its way.

import { performance } from 'node:perf_hooks'
import { CircuitState, ConsecutiveBreaker, circuitBreaker, handleWhen } from 'cockatiel'
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
/** A timer that is later than this tells of this process, not of the store. */
const LATE_MS = 50

const skipped = { kind: 'skipped' } as const

export function createResilience(options: ResilienceOptions): Resilience {
  const { deadlineMs, failures, maxCalls = MOST_CALLS, maxBytes = MOST_BYTES, onState } = options
  // Half open on the first call that it is given when it is open, and only `probe` gives it one: no request ever waits for a probe.
  // It looks at the wall clock, which may have gone back, so no time at all is long enough.
  const breaker = circuitBreaker(handleWhen(isFault), {
    halfOpenAfter: Number.NEGATIVE_INFINITY,
    breaker: new ConsecutiveBreaker(failures),
  })
  breaker.onStateChange(state => onState(nameOf(state)))
  let calls = 0
  let bytes = 0

  async function attempt<T>(call: () => Promise<T>, size: number, isTrial: boolean): Promise<CallOutcome<T>> {
    try {
      const value = await breaker.execute(() => within(deadlineMs, invoke(call, size), isTrial))
      return { kind: 'answered', value }
    } catch (error) {
      return outcomeOf(error)
    }
  }

  // A call whose deadline is over stays with the client until the connection answers or ends, so it counts until then.
  function invoke<T>(call: () => Promise<T>, size: number): Promise<T> {
    const done = () => {
      calls--
      bytes -= size
    }
    calls++
    bytes += size
    let answer: Promise<T>
    try {
      answer = call()
    } catch (error) {
      done()
      throw error
    }
    answer.then(done, done)
    return answer
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
    async run(call, size = 0) {
      if (breaker.state !== CircuitState.Closed || calls >= maxCalls || bytes + size > maxBytes) return skipped
      return attempt(call, size, false)
    },
    async probe(call) {
      // One at a time, and bounded like the others: those of a frozen store stay where they are.
      if (breaker.state === CircuitState.HalfOpen || calls >= 2 * maxCalls) return skipped
      return attempt(call, 0, breaker.state !== CircuitState.Closed)
    },
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

/** Rejects when there is no answer in time; what comes later is heard by nobody. */
function within<T>(ms: number, answer: Promise<T>, isTrial: boolean): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const dueAt = performance.now() + ms
    const timer = setTimeout(() => {
      if (performance.now() - dueAt <= LATE_MS) reject(new Timeout(false, isTrial))
      // The event loop stood still. What the store said meanwhile lies in the socket, and is read before this runs.
      else setImmediate(() => setImmediate(() => reject(new Timeout(true, isTrial))))
    }, ms)
    answer.then(resolve, reject).finally(() => clearTimeout(timer))
  })
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
