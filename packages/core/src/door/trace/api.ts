// The part of OpenTelemetry's API that a trace needs. A door hands in the real one, so that core depends on none.

import type { SpanIdentity } from '../../request-trace.ts'

/** `@opentelemetry/api`, as far as it is used here. */
export interface TracingApi {
  readonly trace: {
    getTracer(name: string): Tracer
    getTracerProvider(): object
    getSpan(context: TraceContext): Span | undefined
    setSpan(context: TraceContext, span: Span): TraceContext
  }
  readonly context: {
    active(): TraceContext
    with<T>(context: TraceContext, run: () => T): T
  }
  readonly propagation: {
    extract(context: TraceContext, carrier: object): TraceContext
  }
}

export interface TraceContext {
  getValue(key: symbol): unknown
  setValue(key: symbol, value: unknown): TraceContext
  deleteValue(key: symbol): TraceContext
}

export interface Tracer {
  startSpan(name: string, options: SpanStart, context: TraceContext): Span
}

export interface SpanStart {
  readonly kind: SpanKind
  readonly attributes: Attributes
  readonly links?: Link[]
  /** Milliseconds since the epoch. */
  readonly startTime?: number
}

export interface Span {
  spanContext(): SpanIdentity
  isRecording(): boolean
  setAttribute(name: string, value: string | number | boolean): unknown
  setStatus(status: { code: StatusCode }): unknown
  addLink(link: Link): unknown
  updateName(name: string): unknown
  recordException(exception: { name: string; message: string; stack?: string }): unknown
  end(endTime?: number): void
}

export interface Link {
  readonly context: SpanIdentity
  readonly attributes: Attributes
}

export type Attributes = Record<string, string | number | boolean>

/** OpenTelemetry's numbers, which are part of its API. */
export const spanKind = { internal: 0, server: 1 } as const
export type SpanKind = (typeof spanKind)[keyof typeof spanKind]
export const statusError = 2
export type StatusCode = 0 | 1 | 2

/** What instrumentations of HTTP leave in the context for those further in: their span, and the place for the route. */
export interface RpcMetadata {
  readonly type: string
  readonly span: Span
  route?: string
}

/** Where they leave it. Keys of the API are symbols that all of its copies share. */
export const rpcMetadataKey = Symbol.for('OpenTelemetry SDK Context Key RPC_METADATA')
