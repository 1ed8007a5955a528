// What startTracing() takes as an exporter: where spans go, where metrics go, or both.

import type { MeterProvider } from '@opentelemetry/api'
import type { IMetricReader } from '@opentelemetry/sdk-metrics'
import type { SpanExporter } from '@opentelemetry/sdk-trace-base'

/** Made by `otlp()`, `jaeger()`, `zipkin()`, `consoleExporter()`, `prometheus()`; or your own. */
export interface TelemetryExporter {
  readonly name: string
  /** Called once, when tracing starts. */
  readonly spans?: (setup: ExporterSetup) => SpanExporter
  /** Called once, when tracing starts. */
  readonly metrics?: (timing: MetricTiming, ending: Ending) => IMetricReader
}

export interface ExporterSetup extends Ending {
  /** For metrics of the exporter itself. */
  readonly meters: MeterProvider
}

export interface Ending {
  /** Aborted when tracing is about to end: there is no time to try again and again. */
  readonly closing: AbortSignal
  /** Aborted when tracing is over: what is still on its way then is to be broken off. */
  readonly ended: AbortSignal
}

/** In milliseconds. */
export interface MetricTiming {
  readonly intervalMs: number
  readonly timeoutMs: number
}
