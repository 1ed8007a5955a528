// Jaeger takes OTLP itself since 1.35, on the port of the collector. It keeps traces only.

import type { TelemetryExporter } from './exporter.ts'
import { otlpSpans } from './otlp.ts'

export interface JaegerOptions {
  /** @default 'localhost' */
  readonly host?: string
  /** Its port for OTLP over HTTP. @default 4318 */
  readonly port?: number
}

/** Spans to Jaeger. */
export function jaeger({ host = 'localhost', port = 4318 }: JaegerOptions = {}): TelemetryExporter {
  return { name: 'jaeger', ...otlpSpans({ tracesUrl: `http://${host}:${port}/v1/traces` }) }
}
