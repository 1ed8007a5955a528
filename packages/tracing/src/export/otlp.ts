// OTLP over HTTP, protobuf or JSON: every collector takes it, and Jaeger itself.

import { getStringFromEnv } from '@opentelemetry/core'
import { OTLPMetricExporter as JsonMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http'
import { OTLPMetricExporter as ProtobufMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import { OTLPTraceExporter as JsonTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtobufTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { warn } from '../warn.ts'
import type { TelemetryExporter } from './exporter.ts'
import { watched } from './requests.ts'

export type OtlpProtocol = 'http/protobuf' | 'http/json'

export interface OtlpOptions {
  /**
   * Where the collector is; `/v1/traces` and `/v1/metrics` are added.
   *
   * @default OTEL_EXPORTER_OTLP_ENDPOINT, or http://localhost:4318
   */
  readonly url?: string
  /** Where spans go, as it stands. @default OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, or below `url` */
  readonly tracesUrl?: string
  /** Where metrics go, as it stands. @default OTEL_EXPORTER_OTLP_METRICS_ENDPOINT, or below `url` */
  readonly metricsUrl?: string
  /** Added to those of OTEL_EXPORTER_OTLP_HEADERS. */
  readonly headers?: Readonly<Record<string, string>>
  /** @default OTEL_EXPORTER_OTLP_PROTOCOL (also per signal), or 'http/protobuf' */
  readonly protocol?: OtlpProtocol
}

const traceExporters = { 'http/json': JsonTraceExporter, 'http/protobuf': ProtobufTraceExporter }
const metricExporters = { 'http/json': JsonMetricExporter, 'http/protobuf': ProtobufMetricExporter }

/** Spans and metrics to an OpenTelemetry collector, or to any service that takes OTLP over HTTP. */
export function otlp(options: OtlpOptions = {}): TelemetryExporter {
  return { name: 'otlp', ...otlpSpans(options), ...otlpMetrics(options) }
}

export function otlpSpans(options: OtlpOptions): Pick<Required<TelemetryExporter>, 'spans'> {
  return {
    spans: ({ meters, ...ending }) => {
      const Exporter = traceExporters[protocolFor('TRACES', options)]
      const url = options.tracesUrl ?? below(options.url, 'v1/traces')
      return watched(new Exporter({ ...configuration(url, options), selfObsMeterProvider: meters }), ending)
    },
  }
}

function otlpMetrics(options: OtlpOptions): Pick<Required<TelemetryExporter>, 'metrics'> {
  return {
    metrics: ({ intervalMs, timeoutMs }, ending) => {
      const Exporter = metricExporters[protocolFor('METRICS', options)]
      const url = options.metricsUrl ?? below(options.url, 'v1/metrics')
      return new PeriodicExportingMetricReader({
        exporter: watched(new Exporter(configuration(url, options)), ending),
        exportIntervalMillis: intervalMs,
        exportTimeoutMillis: timeoutMs,
      })
    },
  }
}

/** What is left out here OpenTelemetry reads from the environment. */
function configuration(url: string | undefined, { headers }: OtlpOptions) {
  return { ...(url !== undefined && { url }), ...(headers !== undefined && { headers: { ...headers } }) }
}

function protocolFor(signal: 'TRACES' | 'METRICS', { protocol }: OtlpOptions): OtlpProtocol {
  const named =
    protocol ??
    getStringFromEnv(`OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`) ??
    getStringFromEnv('OTEL_EXPORTER_OTLP_PROTOCOL')
  if (named === undefined || named === 'http/protobuf' || named === 'http/json') return named ?? 'http/protobuf'
  warn(`OTEL_EXPORTER_OTLP_PROTOCOL: '${named}' is not spoken here, http/protobuf is`)
  return 'http/protobuf'
}

function below(url: string | undefined, path: string): string | undefined {
  return url === undefined ? undefined : `${url.replace(/\/+$/, '')}/${path}`
}
