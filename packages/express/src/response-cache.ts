// The middleware that answers from the store, or records what the handler answers.

import {
  appCacheOf,
  createExplaining,
  createResponseCache,
  type Duration,
  EXPLAIN_FIELD,
  type Explanation,
  type ResponseCacheOptions,
} from '@larder/core/door'
import type { NextFunction, Request, RequestHandler, Response } from 'express'
import { expressExchange, rootApp } from './exchange.ts'

/** Options of `responseCache()` in Express: every function gets the request. */
export type ExpressResponseCacheOptions = ResponseCacheOptions<Request>

/** What `responseCache()` returns: a middleware that can say what it would do. */
export interface ExpressResponseCache extends RequestHandler {
  /** What would become of this request now, and by which rule. Changes nothing. */
  explain(req: Request): Promise<Explanation>
}

/**
 * Cache the responses of a route, a router or an app. Give the freshness lifetime alone, seconds or a string with a unit
 * (`60`, `'60s'`, `'5m'`), or all options.
 *
 * @throws LarderError (`LARDER_INVALID_OPTION`, `LARDER_UNKNOWN_OPTION`, `LARDER_INVALID_DURATION`) when it is made.
 */
export function responseCache(options: Duration | ExpressResponseCacheOptions = {}): ExpressResponseCache {
  const app = { cacheFor: (req: Request) => appCacheOf(rootApp(req)) }
  const cache = createResponseCache<Request>(options, app)
  const explaining = createExplaining<Request>(options, cache, app)
  function responseCache(req: Request, res: Response, next: NextFunction): void {
    const exchange = expressExchange(req, res, next)
    if (!explaining.names(req)) cache.handle(exchange)
    else explaining.handle(exchange, value => res.setHeader(EXPLAIN_FIELD, value))
  }
  return Object.assign(responseCache, {
    explain: (req: Request) => explaining.explain(expressExchange(req, req.res!, () => {})),
  })
}
