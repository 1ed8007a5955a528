// The middleware that traces a request, with the errors that come back through it.

import { createTracing, failTrace, type TracingOptions, traceOf } from '@larder/core/door'
import { context, propagation, trace } from '@opentelemetry/api'
import type { Context, Middleware, Next } from 'koa'

/**
 * A server span for each request where no instrumentation made one, otherwise the one that is there, with the route, the status and what
 * the cache made of the request. Use it in front of everything else. Without an OpenTelemetry SDK it does nothing.
 *
 * @throws LarderError (`LARDER_INVALID_OPTION`, `LARDER_UNKNOWN_OPTION`) when it is made.
 */
export function tracing(options: TracingOptions = {}): Middleware {
  const { follow } = createTracing({ context, propagation, trace }, '@larder/koa', options)
  return function tracing(ctx: Context, next: Next): Promise<void> {
    const done = follow(ctx.req, ctx.res, () => routeOf(ctx), next)
    if (traceOf(ctx.req) === undefined) return done
    return done.catch((error: unknown) => {
      failTrace(ctx.req, error)
      throw error
    })
  }
}

/** Routers leave the pattern that matched. */
function routeOf({ _matchedRoute }: Context & { readonly _matchedRoute?: unknown }): string | undefined {
  return typeof _matchedRoute === 'string' ? _matchedRoute : undefined
}
