// The health of a cache, and of what stands beside it, as `application/health+json`: read from memory, never computed on the request.

import type { Cache } from '../cache.ts'
import type { HeaderList } from '../http/headers.ts'
import { checkOptions, hasMethods, isBoolean, isObject, isString } from '../options.ts'
import { componentsOf } from './components.ts'
import { type CheckedComponent, factsOf, type HealthSource, type HealthStatus, worstOf } from './health-source.ts'

export interface CacheHealthOptions {
  /** The cache to tell of; by default the app's own. */
  readonly cache?: Cache
  /**
   * Path of the detail; `live`, `ready` and `startup` stand below it.
   *
   * @default '/' in Express, where it counts from the mount, and '/health' in Koa
   */
  readonly path?: string
  /** What else this process stands on: `createHealth()` of `@larder/lifecycle`, or whatever has such a `report()`. @default nothing */
  readonly checks?: HealthSource
  /** Degraded is not ready: 503 in place of 200. @default false */
  readonly strict?: boolean
  /** Show numbers too. Without, the detail says only which component has which status. @default true */
  readonly detail?: boolean
}

/** A complete answer of a health endpoint. */
export interface HealthAnswer {
  readonly status: number
  readonly headers: HeaderList
  readonly body: Buffer
}

/**
 * Answers a request for a health endpoint, or `undefined` for any other path or method.
 *
 * @throws LarderError for an option that cannot be meant.
 */
export function createCacheHealth(
  options: CacheHealthOptions,
  defaultPath = '/',
): (method: string, path: string, cache: Cache) => HealthAnswer | undefined {
  checkOptions('cacheHealth', options, {
    cache: isObject,
    path: isString,
    checks: hasMethods('report'),
    strict: isBoolean,
    detail: isBoolean,
  })
  const base = (options.path ?? defaultPath).replace(/\/+$/, '')
  const { checks, strict = false, detail = true } = options
  const answers: Readonly<Record<string, (cache: Cache) => HealthAnswer>> = {
    [`${base}/live`]: () => answer(reportOf(checks).live),
    [`${base}/ready`]: cache => answer(readiness(cache)),
    [`${base}/startup`]: () => answer(reportOf(checks).startup),
    [base]: cache => answer(readiness(cache), page(cache)),
    [`${base}/`]: cache => answer(readiness(cache), page(cache)),
  }
  return (method, path, cache) => {
    if (method !== 'GET' && method !== 'HEAD') return undefined
    return Object.hasOwn(answers, path) ? answers[path]!(cache) : undefined
  }

  function readiness(cache: Cache): HealthStatus {
    const status = worstOf(reportOf(checks).ready, ...componentsOf(cache).map(component => component.status))
    return status === 'warn' && strict ? 'fail' : status
  }

  /** The format of draft-inadarei-api-health-check: one list of observations a component. */
  function page(cache: Cache): object {
    const lists = new Map<string, object[]>()
    const put = (name: string, observation: object): void =>
      void lists.set(name, [...(lists.get(name) ?? []), observation])
    for (const { name, status, facts } of componentsOf(cache))
      put(name, { componentType: 'datastore', status, ...(detail && facts) })
    for (const [name, component] of reportOf(checks).components)
      put(name, { componentType: 'component', status: component.status, ...(detail && observation(component)) })
    return { checks: Object.fromEntries(lists), ...(detail && { metrics: cache.getMetrics() }) }
  }
}

interface Report {
  readonly live: HealthStatus
  readonly ready: HealthStatus
  readonly startup: HealthStatus
  readonly components: readonly (readonly [name: string, component: CheckedComponent])[]
}

/**
 * What the checks say. Whoever wrote them may not have kept the promise to say it at once and in full: what cannot be understood makes a
 * process that is not ready, but not one that is started anew, and no error for whoever asks.
 */
function reportOf(checks: HealthSource | undefined): Report {
  if (checks === undefined) return { live: 'pass', ready: 'pass', startup: 'pass', components: [] }
  try {
    const report = checks.report()
    return {
      live: statusOf(report.live, 'pass'),
      ready: statusOf(report.ready, 'fail'),
      startup: statusOf(report.startup, 'pass'),
      components: Object.entries(report.checks).map(([name, component]) => [
        name,
        { ...component, status: statusOf(component.status, 'fail') },
      ]),
    }
  } catch {
    return { live: 'pass', ready: 'fail', startup: 'pass', components: [] }
  }
}

function statusOf(value: unknown, otherwise: HealthStatus): HealthStatus {
  return value === 'pass' || value === 'warn' || value === 'fail' ? value : otherwise
}

/** The members that are known, after the check's own facts: nothing else that a check carries gets out. */
function observation({ status, reason, detail, time, durationMs }: CheckedComponent): object {
  return { ...factsOf(detail), ...factsOf({ status, reason, time, durationMs }) }
}

function answer(status: HealthStatus, more: object = {}): HealthAnswer {
  const body = Buffer.from(JSON.stringify({ status, ...more }))
  return {
    status: status === 'fail' ? 503 : 200,
    headers: [
      'Content-Type',
      'application/health+json',
      'Cache-Control',
      'no-store',
      'Content-Length',
      String(body.length),
    ],
    body,
  }
}
