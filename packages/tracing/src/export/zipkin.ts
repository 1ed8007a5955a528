// Zipkin, version 2 of its API. Its exporter waits for ever, so its requests are watched from outside.

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ClientRequest } from 'node:http'
import { type ExportResult, ExportResultCode } from '@opentelemetry/core'
import { ZipkinExporter } from '@opentelemetry/exporter-zipkin'
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base'
import type { TelemetryExporter } from './exporter.ts'

export interface ZipkinOptions {
  /** @default OTEL_EXPORTER_ZIPKIN_ENDPOINT, or http://localhost:9411/api/v2/spans */
  readonly url?: string
  readonly headers?: Readonly<Record<string, string>>
}

const TIMEOUT_MS = 10_000
const MOST_REQUESTS = 4

/** Spans to Zipkin. */
export function zipkin({ url, headers }: ZipkinOptions = {}): TelemetryExporter {
  return {
    name: 'zipkin',
    spans: ({ ended }) =>
      bounded(
        new ZipkinExporter({
          ...(url !== undefined && { url }),
          ...(headers !== undefined && { headers: { ...headers } }),
        }),
        ended,
      ),
  }
}

/** A few requests at a time, each with a deadline, on sockets that keep no process alive. */
function bounded(exporter: SpanExporter, ended: AbortSignal): SpanExporter {
  const requests = new Set<ClientRequest>()
  ended.addEventListener('abort', () => {
    for (const request of requests) request.destroy(new Error('The exporter was shut down.'))
  })

  function watch(message: unknown): void {
    const { request } = message as { request: ClientRequest }
    requests.add(request)
    request.once('close', () => requests.delete(request))
    request.setTimeout(TIMEOUT_MS, () => request.destroy(new Error('Zipkin is too slow.')))
    request.once('socket', socket => socket.unref())
  }

  return {
    export(spans: ReadableSpan[], done: (result: ExportResult) => void) {
      if (requests.size >= MOST_REQUESTS) {
        done({ code: ExportResultCode.FAILED, error: new Error('Zipkin is too slow.') })
        return
      }
      // Node tells of a request while it is being sent, which is within this call.
      subscribe('http.client.request.start', watch)
      try {
        exporter.export(spans, done)
      } finally {
        unsubscribe('http.client.request.start', watch)
      }
    },
    async forceFlush() {
      await exporter.forceFlush?.()
    },
    async shutdown() {
      await exporter.shutdown()
    },
  }
}
