// Zipkin, version 2 of its API. Its exporter waits for ever, so its requests have a deadline.

import { type ExportResult, ExportResultCode } from '@opentelemetry/core'
import { ZipkinExporter } from '@opentelemetry/exporter-zipkin'
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base'
import type { Ending, TelemetryExporter } from './exporter.ts'
import { watchRequests } from './requests.ts'

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
    spans: ending =>
      bounded(
        new ZipkinExporter({
          ...(url !== undefined && { url }),
          ...(headers !== undefined && { headers: { ...headers } }),
        }),
        ending,
      ),
  }
}

/** A few requests at a time, each with a deadline. */
function bounded(exporter: SpanExporter, ending: Ending): SpanExporter {
  const requests = watchRequests(ending, request =>
    request.setTimeout(TIMEOUT_MS, () => request.destroy(new Error('Zipkin is too slow.'))),
  )
  return {
    export(spans: ReadableSpan[], done: (result: ExportResult) => void) {
      if (requests.count() < MOST_REQUESTS) requests.send(() => exporter.export(spans, done))
      else done({ code: ExportResultCode.FAILED, error: new Error('Zipkin is too slow.') })
    },
    async forceFlush() {
      await exporter.forceFlush?.()
    },
    async shutdown() {
      await exporter.shutdown()
    },
  }
}
