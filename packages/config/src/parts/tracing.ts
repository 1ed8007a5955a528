// The part for startTracing(): where each signal goes, and who says so.

import type { TracingConfig } from '../config.ts'
import type { Given } from '../given.ts'
import { sealed, withoutCredentials } from '../redaction.ts'
import type { Values, VariableName } from '../variables/index.ts'

// Whoever sets one of these wants traces or metrics somewhere. A name, a sampler or a header says nothing of the kind.
const signs: readonly VariableName[] = [
  'OTEL_TRACES_EXPORTER',
  'OTEL_METRICS_EXPORTER',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
  'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT',
  'OTEL_EXPORTER_ZIPKIN_ENDPOINT',
]

export function tracingPart(given: Given, values: Values): TracingConfig {
  const {
    'service.name': name = 'unknown_service:node',
    'service.version': version = '1.0.0',
    'deployment.environment.name': environment = values.NODE_ENV,
    ...resourceAttributes
  } = values.OTEL_RESOURCE_ATTRIBUTES ?? {}
  const transport = {
    protocol: values.OTEL_EXPORTER_OTLP_PROTOCOL,
    compression: values.OTEL_EXPORTER_OTLP_COMPRESSION,
    timeoutMs: values.OTEL_EXPORTER_OTLP_TIMEOUT,
  }
  const common = (path: string) => behind(values.OTEL_EXPORTER_OTLP_ENDPOINT, path)
  const isSent = values.OTEL_TRACES_EXPORTER.length + values.OTEL_METRICS_EXPORTER.length > 0
  return sealed<TracingConfig>(
    {
      configured: isSent && !values.OTEL_SDK_DISABLED && signs.some(name => given[name] !== undefined),
      disabled: values.OTEL_SDK_DISABLED,
      serviceName: values.OTEL_SERVICE_NAME ?? name,
      serviceVersion: values.OTEL_SERVICE_VERSION ?? version,
      environment,
      resourceAttributes,
      sampler: values.OTEL_TRACES_SAMPLER,
      samplerRatio: values.OTEL_TRACES_SAMPLER_ARG,
      traces: withAddress({
        exporters: values.OTEL_TRACES_EXPORTER,
        endpoint: values.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? common('v1/traces'),
        headers: headers(values, values.OTEL_EXPORTER_OTLP_TRACES_HEADERS),
        ...transport,
      }),
      metrics: withAddress({
        exporters: values.OTEL_METRICS_EXPORTER,
        endpoint: values.OTEL_EXPORTER_OTLP_METRICS_ENDPOINT ?? common('v1/metrics'),
        headers: headers(values, values.OTEL_EXPORTER_OTLP_METRICS_HEADERS),
        ...transport,
        intervalMs: values.OTEL_METRIC_EXPORT_INTERVAL,
      }),
      zipkinEndpoint: values.OTEL_EXPORTER_ZIPKIN_ENDPOINT,
    },
    { zipkinEndpoint: withoutCredentials(values.OTEL_EXPORTER_ZIPKIN_ENDPOINT) },
  )
}

function headers(values: Values, own: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>> {
  const all = { ...values.OTEL_EXPORTER_OTLP_HEADERS, ...own }
  return sealed(all, Object.fromEntries(Object.keys(all).map(name => [name, '[hidden]'])))
}

function withAddress<Part extends { readonly endpoint: string }>(part: Part): Part {
  return sealed(part, { endpoint: withoutCredentials(part.endpoint) })
}

function behind(base: string, path: string): string {
  const url = new URL(base)
  url.pathname = `${url.pathname.replace(/\/$/, '')}/${path}`
  return url.href
}
