// Spans and metrics as text, for the first look and for debugging.

import { ConsoleMetricExporter, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { ConsoleSpanExporter } from '@opentelemetry/sdk-trace-base'
import type { TelemetryExporter } from './exporter.ts'

export interface ConsoleExporterOptions {
  /** Print metrics too. @default false */
  readonly metrics?: boolean
}

/** Spans to standard output. */
export function consoleExporter({ metrics = false }: ConsoleExporterOptions = {}): TelemetryExporter {
  return {
    name: 'console',
    spans: () => new ConsoleSpanExporter(),
    ...(metrics && {
      metrics: ({ intervalMs, timeoutMs }) =>
        new PeriodicExportingMetricReader({
          exporter: new ConsoleMetricExporter(),
          exportIntervalMillis: intervalMs,
          exportTimeoutMillis: timeoutMs,
        }),
    }),
  }
}
