// OTLP over HTTP, protobuf or JSON: every collector takes it, and Jaeger itself.

import type { MeterProvider } from '@opentelemetry/api'
import { getStringFromEnv } from '@opentelemetry/core'
import { OTLPMetricExporterBase } from '@opentelemetry/exporter-metrics-otlp-http'
import { createOtlpNetworkExportDelegate, OTLPExporterBase } from '@opentelemetry/otlp-exporter-base'
import { convertLegacyHttpOptions, createOtlpHttpExporterMetrics } from '@opentelemetry/otlp-exporter-base/node-http'
import {
  type IExporterMetricsHelper,
  type ISerializer,
  JsonMetricsSerializer,
  JsonTraceSerializer,
  MetricsExporterMetricsHelper,
  ProtobufMetricsSerializer,
  ProtobufTraceSerializer,
  TraceExporterMetricsHelper,
} from '@opentelemetry/otlp-transformer'
import { PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { warn } from '../warn.ts'
import type { Ending, ExporterSetup, TelemetryExporter } from './exporter.ts'
import { createTransport } from './transport.ts'

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

/** Spans and metrics to an OpenTelemetry collector, or to any service that takes OTLP over HTTP. */
export function otlp(options: OtlpOptions = {}): TelemetryExporter {
  return { name: 'otlp', ...otlpSpans(options), ...otlpMetrics(options) }
}

export function otlpSpans(options: OtlpOptions): Pick<Required<TelemetryExporter>, 'spans'> {
  return {
    spans: setup => new OTLPExporterBase(spanDelegate(options, setup)),
  }
}

export function otlpMetrics(options: OtlpOptions): Pick<Required<TelemetryExporter>, 'metrics'> {
  return {
    metrics: ({ intervalMs, timeoutMs }, ending) =>
      new PeriodicExportingMetricReader({
        exporter: new OTLPMetricExporterBase(metricDelegate(options, ending)),
        exportIntervalMillis: intervalMs,
        exportTimeoutMillis: timeoutMs,
      }),
  }
}

function spanDelegate(options: OtlpOptions, setup: ExporterSetup) {
  const protocol = protocolFor('TRACES', options.protocol)
  return delegate({
    signal: 'TRACES',
    path: 'v1/traces',
    url: options.tracesUrl ?? below(options.url, 'v1/traces'),
    headers: options.headers,
    protocol,
    serializer: protocol === 'http/json' ? JsonTraceSerializer : ProtobufTraceSerializer,
    component: 'otlp_http_span_exporter',
    helper: TraceExporterMetricsHelper,
    meters: setup.meters,
    ending: setup,
  })
}

function metricDelegate(options: OtlpOptions, ending: Ending) {
  const protocol = protocolFor('METRICS', options.protocol)
  return delegate({
    signal: 'METRICS',
    path: 'v1/metrics',
    url: options.metricsUrl ?? below(options.url, 'v1/metrics'),
    headers: options.headers,
    protocol,
    serializer: protocol === 'http/json' ? JsonMetricsSerializer : ProtobufMetricsSerializer,
    component: 'otlp_http_metric_exporter',
    helper: MetricsExporterMetricsHelper,
    meters: undefined,
    ending,
  })
}

interface Signal<Items, Response> {
  readonly signal: 'TRACES' | 'METRICS'
  readonly path: string
  readonly url: string | undefined
  readonly headers: Readonly<Record<string, string>> | undefined
  readonly protocol: OtlpProtocol
  readonly serializer: ISerializer<Items, Response>
  readonly component: string
  readonly helper: IExporterMetricsHelper<Items>
  readonly meters: MeterProvider | undefined
  readonly ending: Ending
}

/** The configuration, with the environment beneath it, and the format are OpenTelemetry's own; the transport is ours. */
function delegate<Items, Response>(signal: Signal<Items, Response>) {
  const { url, headers } = signal
  const configuration = convertLegacyHttpOptions(
    { ...(url !== undefined && { url }), ...(headers !== undefined && { headers: { ...headers } }) },
    signal.signal,
    signal.path,
    { 'Content-Type': signal.protocol === 'http/json' ? 'application/json' : 'application/x-protobuf' },
  )
  const metrics = createOtlpHttpExporterMetrics(signal.component, signal.helper, configuration.url, signal.meters)
  return createOtlpNetworkExportDelegate(
    configuration,
    signal.serializer,
    metrics,
    createTransport(configuration, signal.ending),
  )
}

function protocolFor(signal: 'TRACES' | 'METRICS', given: OtlpProtocol | undefined): OtlpProtocol {
  const named =
    given ??
    getStringFromEnv(`OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`) ??
    getStringFromEnv('OTEL_EXPORTER_OTLP_PROTOCOL')
  if (named === undefined || named === 'http/protobuf' || named === 'http/json') return named ?? 'http/protobuf'
  warn(`OTEL_EXPORTER_OTLP_PROTOCOL: '${named}' is not spoken here, http/protobuf is`)
  return 'http/protobuf'
}

function below(url: string | undefined, path: string): string | undefined {
  return url === undefined ? undefined : `${url.replace(/\/+$/, '')}/${path}`
}
