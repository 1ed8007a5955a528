// The trace of one request: its server span, what the cache made of it, at most one span of the cache, and its end.

import { performance } from 'node:perf_hooks'
import type { RefreshEvent, RequestEvent } from '../../events.ts'
import type { RequestTrace, SpanIdentity } from '../../request-trace.ts'
import type { Attributes, Link, RpcMetadata, Span, Tracer, TracingApi } from './api.ts'
import { spanKind, statusError } from './api.ts'

export interface TracedRequest {
  readonly api: TracingApi
  readonly tracer: Tracer
  readonly span: Span
  /** The span was started here and is ended here. */
  readonly isOwn: boolean
  /** What an instrumentation of HTTP left for the route. */
  readonly metadata: RpcMetadata | undefined
  readonly method: string
  /** The route's pattern, once it is known. */
  route(): string | undefined
}

/** Told of by a request's end, so that everything is on the span before it ends. */
export interface TracedEnd {
  readonly status: number
  /** The whole response went out. */
  readonly complete: boolean
}

export class RequestSpan implements RequestTrace {
  readonly spanContext: SpanIdentity
  readonly #request: TracedRequest
  readonly #isSampled: boolean
  readonly #startedAt = performance.now()
  // The span of the cache must not seem to begin before the request, whichever clock the tracer has.
  readonly #epochAt = Date.now()
  #isTold = false

  constructor(request: TracedRequest) {
    this.#request = request
    this.#isSampled = request.span.isRecording()
    this.spanContext = request.span.spanContext()
  }

  told(event: RequestEvent | RefreshEvent, other: RequestTrace | undefined): void {
    if (!this.#isSampled || this.#isTold) return
    this.#isTold = true
    const attributes = attributesOf(event)
    this.#put(attributes)
    if (event.type === 'request' && event.outcome === 'bypass') return
    const { api, tracer, span } = this.#request
    const now = this.#epochAt + performance.now() - this.#startedAt
    const startTime = event.type === 'request' ? Math.max(this.#epochAt, now - event.durationMs) : this.#epochAt
    const start = { kind: spanKind.internal, attributes, links: linksTo(event, other), startTime }
    const name = `cache ${event.type === 'request' ? event.outcome : event.type}`
    tracer.startSpan(name, start, api.trace.setSpan(api.context.active(), span)).end(now)
  }

  /** An error that the application threw and that is no answer of its own. */
  failed(error: unknown): void {
    const { span } = this.#request
    if (!span.isRecording() || isRefusal(error)) return
    span.recordException(describe(error))
    span.setStatus({ code: statusError })
    if (this.#request.isOwn) span.setAttribute('error.type', nameOf(error))
  }

  ended({ status, complete }: TracedEnd): void {
    const { span, isOwn, metadata, method } = this.#request
    const route = metadata?.route ?? this.#request.route()
    if (route !== undefined && span.isRecording()) {
      span.setAttribute('http.route', route)
      // The instrumentation makes the span's name and the label of its metrics of it.
      if (metadata !== undefined) metadata.route = route
      else if (isOwn) span.updateName(`${method} ${route}`)
    }
    if (!complete) span.setAttribute('larder.response.aborted', true)
    if (!isOwn) return
    // What never went out has no status.
    if (status > 0) span.setAttribute('http.response.status_code', status)
    if (status >= 500) {
      span.setAttribute('error.type', String(status))
      span.setStatus({ code: statusError })
    }
    span.end()
  }

  #put(attributes: Attributes): void {
    const { span } = this.#request
    if (span.isRecording()) for (const [name, value] of Object.entries(attributes)) span.setAttribute(name, value)
  }
}

function attributesOf(event: RequestEvent | RefreshEvent): Attributes {
  const common = {
    'larder.cache.name': event.cache,
    ...(event.reason !== undefined && { 'larder.cache.reason': event.reason }),
  }
  if (event.type === 'refresh') return { ...common, 'larder.cache.refresh': event.outcome }
  return {
    ...common,
    'larder.cache.status': event.outcome,
    'larder.cache.stored': event.stored,
    'larder.cache.collapsed': event.collapsed,
    ...(event.age !== undefined && { 'larder.cache.age': event.age }),
  }
}

function linksTo(event: RequestEvent | RefreshEvent, other: RequestTrace | undefined): Link[] {
  if (other === undefined) return []
  return [linkTo(other, event.type === 'refresh' ? 'cause' : 'leader')]
}

/** `leader`: its run made this response. `cause`: it met the stale response that this request replaces. */
export function linkTo({ spanContext }: RequestTrace, role: 'leader' | 'cause'): Link {
  return { context: spanContext, attributes: { 'larder.link': role } }
}

/** A status below 500 on an error is the application's answer: `ctx.throw(404)`. */
function isRefusal(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false
  const { status, statusCode } = error as { status?: unknown; statusCode?: unknown }
  const found = status ?? statusCode
  return typeof found === 'number' && found >= 400 && found < 500
}

/** The text of a Redis reply error may hold a key, a value or a password; its first word is the code. */
function describe(error: unknown): { name: string; message: string; stack?: string } {
  if (!(error instanceof Error)) return { name: nameOf(error), message: 'Not an Error was thrown.' }
  const { message, stack } = error
  const name = nameOf(error)
  if (name === 'ReplyError') return { name, message: /^[A-Z]+\b/.exec(message)?.[0] ?? '' }
  return { name, message, ...(stack !== undefined && { stack }) }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error
}
