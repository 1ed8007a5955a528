// tracing(): a server span where no instrumentation made one, otherwise the one that is there, and what the cache made of the request.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RequestTrace } from '../../request-trace.ts'
import { replayOf } from '../replay.ts'
import { leaveTrace, traceOf } from '../request-notes.ts'
import {
  type Attributes,
  type RpcMetadata,
  rpcMetadataKey,
  type Span,
  spanKind,
  type TraceContext,
  type Tracer,
  type TracingApi,
} from './api.ts'
import { addServerTiming, addTraceResponse } from './fields.ts'
import { checkTracingOptions, type TracingOptions } from './options.ts'
import { linkTo, RequestSpan } from './request.ts'

export interface Tracing {
  /** Run `next` in the span of the request. `route` tells its pattern, asked when the response has gone out. */
  follow<T>(req: IncomingMessage, res: ServerResponse, route: () => string | undefined, next: () => T): T
}

/**
 * The middleware of both doors. What breaks in a tracer is not the request's failure.
 *
 * @param name of the instrumentation, as its spans carry it.
 * @throws LarderError for an option that cannot be meant.
 */
export function createTracing(api: TracingApi, name: string, options: TracingOptions): Tracing {
  checkTracingOptions(options)
  let tracer: Tracer | undefined

  return { follow }

  function follow<T>(req: IncomingMessage, res: ServerResponse, route: () => string | undefined, next: () => T): T {
    if (options.serverTiming) addServerTiming(res)
    if (tracer === undefined && !isStarted()) return next()
    let context: TraceContext | undefined
    try {
      context = begin(req, res, route)
    } catch {}
    if (context === undefined) return next()
    let hasRun = false
    try {
      return api.context.with(context, () => {
        hasRun = true
        return next()
      })
    } catch (error) {
      if (hasRun) throw error
      return next()
    }
  }

  /** The context for all that is further in, when it is another one. */
  function begin(req: IncomingMessage, res: ServerResponse, route: () => string | undefined): TraceContext | undefined {
    const active = api.context.active()
    const metadata = active.getValue(rpcMetadataKey) as RpcMetadata | undefined
    const found = metadata?.span ?? api.trace.getSpan(active)
    if (traceOf(req) !== undefined) return undefined
    tracer ??= api.trace.getTracer(name)
    const cause = replayOf(req)?.cause
    const method = methodOf(req)
    let context: TraceContext | undefined
    let span = found
    if (span === undefined) {
      // The copy of a request belongs to no client's trace.
      const parent = cause === undefined ? api.propagation.extract(active, req.headers) : active
      span = startServerSpan(tracer, req, method, cause, parent)
      context = api.trace.setSpan(parent, span)
    } else if (cause !== undefined) span.addLink(linkTo(cause, 'cause'))
    const trace = new RequestSpan({ api, tracer, span, isOwn: found === undefined, metadata, method, route })
    leaveTrace(req, trace)
    if (options.traceResponse) addTraceResponse(res, trace.spanContext)
    // An instrumentation ends its span at the same event, so this comes first.
    res.prependOnceListener('close', () => {
      try {
        trace.ended({ status: res.headersSent ? res.statusCode : 0, complete: res.writableFinished })
      } catch {}
    })
    return context
  }

  /** Until somebody starts an SDK nothing is to be done. The API's own provider knows whether there is one. */
  function isStarted(): boolean {
    try {
      const provider = api.trace.getTracerProvider() as { getDelegateTracer?(name: string): unknown }
      return typeof provider.getDelegateTracer !== 'function' || provider.getDelegateTracer(name) !== undefined
    } catch {
      return false
    }
  }
}

function startServerSpan(
  tracer: Tracer,
  req: IncomingMessage,
  method: string,
  cause: RequestTrace | undefined,
  parent: TraceContext,
): Span {
  const attributes: Attributes = {
    'http.request.method': method,
    'url.scheme': (req.socket as { encrypted?: boolean } | undefined)?.encrypted === true ? 'https' : 'http',
    'network.protocol.version': req.httpVersion,
  }
  const links = cause === undefined ? [] : [linkTo(cause, 'cause')]
  return tracer.startSpan(method === '_OTHER' ? 'HTTP' : method, { kind: spanKind.server, attributes, links }, parent)
}

/** An error that passed through the application and nobody answered. */
export function failTrace(req: object, error: unknown): void {
  try {
    traceOf(req)?.failed(error)
  } catch {}
}

const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'])

/** The semantic conventions' word for all others, since anybody can send any. */
function methodOf({ method }: IncomingMessage): string {
  return method !== undefined && knownMethods.has(method) ? method : '_OTHER'
}
