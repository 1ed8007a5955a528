// The middleware that traces a request, and the one that sees the errors of the routes.

import { createTracing, failTrace, type TracingOptions } from '@larder/core/door'
import { context, propagation, trace } from '@opentelemetry/api'
import type { ErrorRequestHandler, NextFunction, Request, RequestHandler, Response } from 'express'

/**
 * A server span for each request where no instrumentation made one, otherwise the one that is there, with the route, the status and what
 * the cache made of the request. Mount it in front of everything else. Without an OpenTelemetry SDK it does nothing.
 *
 * @throws LarderError (`LARDER_INVALID_OPTION`, `LARDER_UNKNOWN_OPTION`) when it is made.
 */
export function tracing(options: TracingOptions = {}): RequestHandler {
  const { follow } = createTracing({ context, propagation, trace }, '@larder/express', options)
  return function tracing(req: Request, res: Response, next: NextFunction): void {
    follow(req, res, () => routeOf(req), next)
  }
}

/** Record the errors of the routes on the span of their request, and pass them on. Mount it behind the routes. */
export function traceErrors(): ErrorRequestHandler {
  return function traceErrors(error: unknown, req: Request, _res: Response, next: NextFunction): void {
    failTrace(req, error)
    next(error)
  }
}

/** Express knows it once a route matched: what the routers are mounted at, and the route's own pattern. */
function routeOf({ baseUrl, route }: Request): string | undefined {
  const path: unknown = (route as { path?: unknown } | undefined)?.path
  if (typeof path !== 'string') return undefined
  // A mount path with parameters stands in `baseUrl` as the client sent it.
  return baseUrl === '' ? path : undefined
}
