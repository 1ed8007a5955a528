// What is known of a request before the store is asked: its key, and whether it may share.

import { carriesCredentials } from './credentials.ts'
import type { Exchange } from './exchange.ts'
import { originOf, resourceKey } from './key.ts'
import type { PolicyOptions } from './policy/types.ts'
import type { RouteSettings } from './response-options.ts'
import { within } from './within.ts'

export interface Plan {
  readonly key: string
  /** Wall 1: the request carries credentials and the route did not opt in, so only a shareable response may be used or kept. */
  readonly guarded: boolean
  /** Requests for other targets may have the same key. */
  readonly aliased: boolean
  /** Which reading of the RFC the route has. */
  readonly preset: PolicyOptions['preset']
}

/** Why a request passes by the cache although its method and form would do. */
export type PlanRefusal = 'skip' | 'function-failed'

/** The user's function that failed. */
export interface FailedFunction {
  readonly operation: 'skip' | 'key' | 'scope'
}

/** The plan of a route without functions of the user's; `undefined` where `planRequest` has to ask them. */
export function planAtOnce<Subject>(exchange: Exchange<Subject>, settings: RouteSettings<Subject>): Plan | undefined {
  if (settings.skip !== undefined || settings.key !== undefined || settings.scope !== undefined) return undefined
  return makePlan(exchange, settings, undefined, undefined)
}

/**
 * Settles at once unless one of the user's functions returns a promise. A function that throws, rejects or returns something else
 * than it should makes a bypass, never an error for the client.
 */
export function planRequest<Subject>(
  exchange: Exchange<Subject>,
  settings: RouteSettings<Subject>,
  then: (plan: Plan) => void,
  otherwise: (refusal: PlanRefusal, failed?: FailedFunction) => void,
): void {
  const { skip, key, scope } = settings
  const { subject } = exchange
  ask(skip === undefined ? undefined : () => skip(subject), isFlag, 'skip', skipped => {
    if (skipped === true) return otherwise('skip')
    ask(key === undefined ? undefined : () => key(subject), isText, 'key', customKey => {
      ask(scope === undefined ? undefined : () => scope(subject), isText, 'scope', scopeKey => {
        then(makePlan(exchange, settings, customKey, scopeKey))
      })
    })
  })

  function ask<T>(
    run: (() => T | Promise<T>) | undefined,
    isFit: (answer: unknown) => answer is T,
    operation: FailedFunction['operation'],
    next: (answer: T | undefined) => void,
  ): void {
    if (run === undefined) return next(undefined)
    const failed = () => otherwise('function-failed', { operation })
    let answer: T | Promise<T>
    try {
      answer = run()
      // Any thenable becomes a promise of ours, which settles once.
      if (isPromise(answer)) answer = Promise.resolve(answer)
    } catch {
      return failed()
    }
    if (answer instanceof Promise) {
      // No client waits for ever for what only the cache wants to know.
      within(settings.collapseTimeoutMs, answer, () => undefined).then(
        settled => (isFit(settled) ? next(settled) : failed()),
        () => failed(),
      )
    } else if (isFit(answer)) next(answer)
    else failed()
  }
}

function makePlan<Subject>(
  exchange: Exchange<Subject>,
  settings: RouteSettings<Subject>,
  customKey: string | undefined,
  scopeKey: string | undefined,
): Plan {
  const { request } = exchange
  return {
    key: resourceKey(originOf(request), request.target, settings.query, customKey, scopeKey),
    guarded: !settings.optedIn && carriesCredentials(request.headers, settings.isIgnoredCookie),
    aliased: settings.key !== undefined || settings.query !== undefined,
    preset: settings.policy.preset,
  }
}

const isFlag = (answer: unknown): answer is boolean => typeof answer === 'boolean'
const isText = (answer: unknown): answer is string => typeof answer === 'string'

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}
