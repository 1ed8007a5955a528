// The middleware that answers from the store, or records what the handler answers.

import { appCacheOf, createResponseCache, type Duration, type ResponseCacheOptions } from '@larder/core/door'
import type { NextFunction, Request, RequestHandler, Response } from 'express'
import { expressExchange, rootApp } from './exchange.ts'

/** Options of `responseCache()` in Express: every function gets the request. */
export type ExpressResponseCacheOptions = ResponseCacheOptions<Request>

/**
 * Cache the responses of a route, a router or an app. Give the freshness lifetime alone, seconds or a string with a unit
 * (`60`, `'60s'`, `'5m'`), or all options.
 *
 * @throws LarderError (`LARDER_INVALID_OPTION`, `LARDER_UNKNOWN_OPTION`, `LARDER_INVALID_DURATION`) when it is made.
 */
export function responseCache(options: Duration | ExpressResponseCacheOptions = {}): RequestHandler {
  const cache = createResponseCache<Request>(options, { cacheFor: req => appCacheOf(rootApp(req)) })
  return function responseCache(req: Request, res: Response, next: NextFunction): void {
    cache.handle(expressExchange(req, res, next))
  }
}
