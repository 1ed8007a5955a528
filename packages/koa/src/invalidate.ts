// What a handler says to the cache of its app: purge, and tag.

import { addTags, type InvalidateRequest, invalidateIn } from '@larder/core/door'
import type { Context } from 'koa'
import { cacheOf } from './app-cache.ts'

/**
 * Invalidate in the cache of the app that serves this request. Resolves when it is acknowledged: whoever asks after that gets
 * nothing older. With `responseCache({ cache })` call that cache's own methods instead.
 */
export function invalidate(ctx: Context, what: InvalidateRequest): Promise<void> {
  return invalidateIn(cacheOf(ctx), what)
}

/** Tag the response that is being made, beside the route's own `tags`. */
export function tag(ctx: Context, ...tags: readonly string[]): void {
  addTags(ctx.req, tags)
}
