// One named check: run in the background with a deadline, never twice at a time, its last result kept.

import { performance } from 'node:perf_hooks'

/** `warn` is degraded: it works, but not as it should. */
export type CheckStatus = 'pass' | 'warn' | 'fail'

/** Facts for whoever watches. They are shown to all who may ask: no secret, no host name. */
export type CheckDetail = Readonly<Record<string, string | number | boolean>>

export interface CheckAnswer {
  readonly status: CheckStatus
  readonly detail?: CheckDetail
}

/** Returning nothing is a pass, throwing a fail. The signal is aborted at the deadline: pass it on to what can be cancelled. */
export type CheckFunction = (
  signal: AbortSignal,
  // biome-ignore lint/suspicious/noConfusingVoidType: a function without a return is a check too.
) => CheckStatus | CheckAnswer | void | Promise<CheckStatus | CheckAnswer | void>

/** Why a check that did not say so itself has its status. */
export type CheckReason = 'not-run-yet' | 'timed-out' | 'threw' | 'answered-wrongly'

export interface CheckResult {
  readonly status: CheckStatus
  readonly reason?: CheckReason
  readonly detail?: CheckDetail
  /** When it was decided, as ISO 8601. */
  readonly time?: string
  readonly durationMs?: number
}

export interface CheckSettings {
  readonly run: CheckFunction
  readonly deadlineMs: number
  readonly intervalMs: number
  /** Told of every result, and of what the check threw. */
  readonly onResult: (result: CheckResult, before: CheckResult, error: unknown) => void
}

export interface Check {
  readonly result: CheckResult
  /**
   * Run it now, or once more behind a run that is under way. Resolves when there is a verdict that is no older than the call; at
   * once when the run before hangs, for then the verdict stands.
   */
  refresh(): Promise<void>
  close(): void
}

export function createCheck({ run, deadlineMs, intervalMs, onResult }: CheckSettings): Check {
  let result: CheckResult = Object.freeze({ status: 'fail', reason: 'not-run-yet' })
  let current: Promise<void> | undefined
  let following: Promise<void> | undefined
  /** The deadline is over, and the run has not ended: no other begins. */
  let hangs = false
  let isDue = false
  let isClosed = false
  let timer: NodeJS.Timeout | undefined

  function begin(): Promise<void> {
    clearTimeout(timer)
    isDue = false
    const abort = new AbortController()
    const startedAt = performance.now()
    return new Promise(resolve => {
      const deadline = setTimeout(() => {
        hangs = true
        decide({ status: 'fail', reason: 'timed-out' }, startedAt)
        resolve()
        abort.abort()
      }, deadlineMs).unref()

      void attempt(run, abort.signal).then(({ answer, error }) => {
        clearTimeout(deadline)
        current = undefined
        if (!hangs) {
          decide(answer, startedAt, error)
          resolve()
          return
        }
        // Too late to count. Whoever asked meanwhile, or the interval, has been waiting for its end.
        hangs = false
        if (isDue) void refresh()
      })
    })
  }

  function decide(answer: CheckResult, startedAt: number, error?: unknown): void {
    if (isClosed) return
    const before = result
    const durationMs = Math.round((performance.now() - startedAt) * 10) / 10
    result = Object.freeze({ ...answer, time: new Date().toISOString(), durationMs })
    timer = setTimeout(() => void refresh(), intervalMs).unref()
    onResult(result, before, error)
  }

  function refresh(): Promise<void> {
    if (isClosed) return Promise.resolve()
    if (hangs) {
      isDue = true
      return Promise.resolve()
    }
    if (current === undefined) {
      current = begin()
      return current
    }
    following ??= current.then(() => {
      following = undefined
      return refresh()
    })
    return following
  }

  return {
    get result() {
      return result
    },
    refresh,
    close() {
      isClosed = true
      clearTimeout(timer)
    },
  }
}

/** Never rejects. */
async function attempt(run: CheckFunction, signal: AbortSignal): Promise<{ answer: CheckResult; error?: unknown }> {
  try {
    return { answer: read(await run(signal)) }
  } catch (error) {
    return { answer: { status: 'fail', reason: 'threw' }, error }
  }
}

// A check that says something else is a broken one, and must not read as a pass.
function read(answer: unknown): CheckResult {
  if (answer === undefined) return { status: 'pass' }
  if (isStatus(answer)) return { status: answer }
  const { status, detail } = Object(answer) as { readonly status?: unknown; readonly detail?: unknown }
  if (!isStatus(status)) return { status: 'fail', reason: 'answered-wrongly' }
  return detail === undefined ? { status } : { status, detail: facts(detail) }
}

function isStatus(value: unknown): value is CheckStatus {
  return value === 'pass' || value === 'warn' || value === 'fail'
}

/** A copy of what is a fact. What is none (an error, a connection) stays out. */
function facts(detail: unknown): CheckDetail {
  return Object.freeze(Object.fromEntries(Object.entries(Object(detail)).filter(isFact)))
}

function isFact(entry: [string, unknown]): entry is [string, string | number | boolean] {
  return ['string', 'number', 'boolean'].includes(typeof entry[1])
}
