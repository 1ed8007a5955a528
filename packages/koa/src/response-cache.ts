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
import type { Context, Middleware, Next } from 'koa'
import { koaExchange } from './exchange.ts'

/** Options of `responseCache()` in Koa: every function gets the context. */
export type KoaResponseCacheOptions = ResponseCacheOptions<Context>

/** What `responseCache()` returns: a middleware that can say what it would do. */
export interface KoaResponseCache extends Middleware {
  /** What would become of this request now, and by which rule. Changes nothing. */
  explain(ctx: Context): Promise<Explanation>
}

/**
 * Cache the responses of a route, a router or an app. Give the freshness lifetime alone, seconds or a string with a unit
 * (`60`, `'60s'`, `'5m'`), or all options.
 *
 * @throws LarderError (`LARDER_INVALID_OPTION`, `LARDER_UNKNOWN_OPTION`, `LARDER_INVALID_DURATION`) when it is made.
 */
export function responseCache(options: Duration | KoaResponseCacheOptions = {}): KoaResponseCache {
  const app = { cacheFor: (ctx: Context) => appCacheOf(ctx.app) }
  const cache = createResponseCache<Context>(options, app)
  const explaining = createExplaining<Context>(options, cache, app)
  function responseCache(ctx: Context, next: Next): Promise<void> {
    const exchange = koaExchange(ctx, next, ctx.app.middleware[0] === responseCache)
    if (!explaining.names(ctx)) cache.handle(exchange)
    else explaining.handle(exchange, value => ctx.set(EXPLAIN_FIELD, value))
    return exchange.settled()
  }
  return Object.assign(responseCache, {
    explain: (ctx: Context) => explaining.explain(koaExchange(ctx, async () => {}, false)),
  })
}
