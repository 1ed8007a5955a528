// What the results of all checks amount to: is it alive, ready, started? Pure.

import type { CheckResult, CheckStatus } from './check.ts'

/** Where a process is in its life. */
export type Phase = 'starting' | 'running' | 'stopping'

/**
 * What a failing check means. `ready`: no requests for this process. `live`: none either, and it should be started anew. `detail`: it is
 * degraded, and goes on.
 */
export type Affects = 'live' | 'ready' | 'detail'

export interface Verdicts {
  /** `fail`: start this process anew. */
  readonly live: CheckStatus
  /** `fail`: send it no requests. `warn`: degraded, and ready all the same. */
  readonly ready: CheckStatus
  /** `fail`: it is still starting. */
  readonly startup: CheckStatus
}

export interface Judged {
  readonly affects: Affects
  readonly result: CheckResult
}

export function verdictsOf(
  checks: readonly Judged[],
  { phase, hasStarted, strict }: { readonly phase: Phase; readonly hasStarted: boolean; readonly strict: boolean },
): Verdicts {
  const failing = checks.filter(check => check.result.status === 'fail')
  // One that has not been run yet says nothing of the process.
  const live = failing.some(check => check.affects === 'live' && check.result.reason !== 'not-run-yet')
    ? 'fail'
    : 'pass'
  return { live, ready: readiness(), startup: hasStarted ? 'pass' : 'fail' }

  function readiness(): CheckStatus {
    if (phase !== 'running' || failing.some(check => check.affects !== 'detail')) return 'fail'
    const degraded = checks.some(check => check.result.status !== 'pass')
    if (degraded) return strict ? 'fail' : 'warn'
    return 'pass'
  }
}
