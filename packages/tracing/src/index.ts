// @larder/tracing — The public names, one by one.

export { type ConsoleExporterOptions, consoleExporter } from './export/console.ts'
export type { MetricTiming, TelemetryExporter } from './export/exporter.ts'
export { type JaegerOptions, jaeger } from './export/jaeger.ts'
export { type OtlpOptions, type OtlpProtocol, otlp } from './export/otlp.ts'
export { type MetricsHandler, type Prometheus, type PrometheusOptions, prometheus } from './export/prometheus.ts'
export { type ZipkinOptions, zipkin } from './export/zipkin.ts'
export type { StartTracingOptions } from './options.ts'
export { startTracing, type Tracing } from './start.ts'
