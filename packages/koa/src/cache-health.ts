// Liveness, readiness, start-up and detail of a cache and what stands beside it, for whoever watches over the process.

import { type CacheHealthOptions, createCacheHealth } from '@larder/core/door'
import type { Context, Middleware, Next } from 'koa'
import { putAnswer } from './answer.ts'
import { cacheOf } from './app-cache.ts'

/**
 * `GET /health` the detail, `GET /health/live`, `GET /health/ready` and `GET /health/startup` the verdicts. It answers from memory alone
 * and tells no key, tag, URL or host.
 *
 * @throws LarderError for an option that cannot be meant.
 */
export function cacheHealth(options: CacheHealthOptions = {}): Middleware {
  const health = createCacheHealth(options, '/health')
  return function cacheHealth(ctx: Context, next: Next): Promise<void> {
    const answer = health(ctx.method, ctx.path, options.cache ?? cacheOf(ctx))
    if (answer === undefined) return next()
    putAnswer(ctx, { ...answer, body: ctx.method === 'HEAD' ? undefined : answer.body })
    return Promise.resolve()
  }
}
