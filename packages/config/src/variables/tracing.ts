// Traces and metrics, as the OpenTelemetry specification names them.

import { httpUrl, pairs } from '../addresses.ts'
import { boolean, integer, line, oneOf, share, someOf } from '../kinds.ts'
import { optional, secret, withDefault } from '../variable.ts'

const timer = 2 ** 31 - 1

export const tracingVariables = {
  OTEL_SDK_DISABLED: withDefault(boolean, 'false', 'No telemetry at all.'),
  OTEL_SERVICE_NAME: optional(
    line,
    'The name of the service. Without it, `service.name` of the resource attributes, else `unknown_service:node`.',
  ),
  OTEL_SERVICE_VERSION: optional(
    line,
    'Its version. Without it, `service.version` of the resource attributes, else `1.0.0`.',
  ),
  NODE_ENV: optional(line, 'The environment, unless the resource attributes have `deployment.environment.name`.'),
  OTEL_RESOURCE_ATTRIBUTES: optional(pairs, 'More about the service.'),
  OTEL_TRACES_EXPORTER: withDefault(someOf('otlp', 'zipkin', 'console'), 'otlp', 'Where traces go.'),
  OTEL_METRICS_EXPORTER: withDefault(someOf('otlp', 'prometheus', 'console'), 'otlp', 'Where metrics go.'),
  OTEL_EXPORTER_OTLP_ENDPOINT: withDefault(
    httpUrl,
    'http://localhost:4318',
    'The collector; `/v1/traces` and `/v1/metrics` are put behind it.',
  ),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: optional(
    httpUrl,
    'The full address for traces. Without it, `http://localhost:4318/v1/traces`, or what the line above says.',
  ),
  OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: optional(httpUrl, 'The full address for metrics, likewise.'),
  OTEL_EXPORTER_OTLP_HEADERS: secret(pairs, 'Header fields for the collector.'),
  OTEL_EXPORTER_OTLP_TRACES_HEADERS: secret(pairs, 'More of them, for traces; they go before the common ones.'),
  OTEL_EXPORTER_OTLP_METRICS_HEADERS: secret(pairs, 'More of them, for metrics.'),
  OTEL_EXPORTER_OTLP_PROTOCOL: optional(oneOf('http/protobuf', 'http/json'), 'The encoding.'),
  OTEL_EXPORTER_OTLP_COMPRESSION: withDefault(oneOf('gzip', 'none'), 'none', 'The compression.'),
  OTEL_EXPORTER_OTLP_TIMEOUT: withDefault(integer(1, timer), '10000', 'Milliseconds that an export may take.'),
  OTEL_EXPORTER_ZIPKIN_ENDPOINT: withDefault(httpUrl, 'http://localhost:9411/api/v2/spans', 'Zipkin.'),
  OTEL_METRIC_EXPORT_INTERVAL: withDefault(integer(1, timer), '60000', 'Milliseconds between two exports of metrics.'),
  OTEL_TRACES_SAMPLER: withDefault(
    oneOf(
      'always_on',
      'always_off',
      'traceidratio',
      'parentbased_always_on',
      'parentbased_always_off',
      'parentbased_traceidratio',
    ),
    'parentbased_always_on',
    'Which traces are taken.',
  ),
  OTEL_TRACES_SAMPLER_ARG: withDefault(share, '1', 'The share of traces that a sampler by ratio takes.'),
}
