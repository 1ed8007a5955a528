// What traces one request from outside the cache: it is told once what the cache made of the request. Core knows no tracer.

import type { RefreshEvent, RequestEvent } from './events.ts'

/** The trace of one request, which a door's `tracing()` leaves on it. */
export interface RequestTrace {
  /** The span of the request, for others to link to. */
  readonly spanContext: SpanIdentity
  /**
   * Told once. `other` is the trace of the run whose response this request got, when it was collapsed; of the request that met the stale
   * response, when this one refreshes it.
   */
  told(event: RequestEvent | RefreshEvent, other: RequestTrace | undefined): void
  /** Told of an error that the application threw. */
  failed(error: unknown): void
}

/** What names a span everywhere. */
export interface SpanIdentity {
  readonly traceId: string
  readonly spanId: string
  readonly traceFlags: number
}

/** What breaks in a tracer is not the request's failure. */
export function tellTrace(
  trace: RequestTrace | undefined,
  event: RequestEvent | RefreshEvent,
  other: RequestTrace | undefined,
): void {
  try {
    trace?.told(event, other)
  } catch {}
}
