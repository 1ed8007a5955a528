// What a cache says of its health: from memory alone, without a key, tag, URL or host.

import type { Cache } from '../cache.ts'
import { engineOf } from '../engine.ts'
import type { HeaderList } from '../http/headers.ts'
import { checkOptions, isObject, isString } from '../options.ts'

export interface CacheHealthOptions {
  /** The cache to tell of; by default the app's own. */
  readonly cache?: Cache
  /**
   * Path of the detail; `live` and `ready` stand below it.
   *
   * @default '/' in Express, where it counts from the mount, and '/health' in Koa
   */
  readonly path?: string
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
  checkOptions('cacheHealth', options, { cache: isObject, path: isString })
  const base = (options.path ?? defaultPath).replace(/\/+$/, '')
  return (method, path, cache) => {
    if (method !== 'GET' && method !== 'HEAD') return undefined
    if (path === `${base}/live`) return answer(200, { status: 'pass' })
    if (path === `${base}/ready`) {
      const ready = !cache[engineOf].closed
      return answer(ready ? 200 : 503, { status: ready ? 'pass' : 'fail' })
    }
    if (path === base || path === `${base}/`) return answer(200, detail(cache))
    return undefined
  }
}

/** The format of draft-inadarei-api-health-check: `status`, and one list of observations a component. */
function detail(cache: Cache): object {
  const engine = cache[engineOf]
  const metrics = cache.getMetrics()
  return {
    status: engine.closed ? 'fail' : 'pass',
    checks: {
      'cache:memory': [
        {
          componentType: 'datastore',
          status: engine.closed ? 'fail' : 'pass',
          entries: metrics.entries,
          bytes: metrics.bytes,
          mode: engine.flags.mode(),
          hitRatio: cache.getHitRatio(),
          fillsUnderWay: engine.responses.flights.size,
        },
      ],
    },
    metrics,
  }
}

function answer(status: number, report: object): HealthAnswer {
  const body = Buffer.from(JSON.stringify(report))
  return {
    status,
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
