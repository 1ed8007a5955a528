// OTEL_TRACES_EXPORTER and OTEL_METRICS_EXPORTER: which exporters there are when the code names none.

import { getNumberFromEnv, getStringFromEnv, getStringListFromEnv } from '@opentelemetry/core'
import { warn } from '../warn.ts'
import { consoleExporter } from './console.ts'
import type { TelemetryExporter } from './exporter.ts'
import { otlp } from './otlp.ts'
import { prometheus } from './prometheus.ts'
import { zipkin } from './zipkin.ts'

const forSpans: Readonly<Record<string, () => TelemetryExporter>> = {
  otlp: () => otlp(),
  zipkin: () => zipkin(),
  console: () => consoleExporter(),
}

const forMetrics: Readonly<Record<string, () => TelemetryExporter>> = {
  otlp: () => otlp(),
  prometheus: () =>
    prometheus({
      port: getNumberFromEnv('OTEL_EXPORTER_PROMETHEUS_PORT') ?? 9464,
      host: getStringFromEnv('OTEL_EXPORTER_PROMETHEUS_HOST') ?? 'localhost',
    }),
  console: () => consoleExporter({ metrics: true }),
}

export function exportersFromEnv(): TelemetryExporter[] {
  return [
    ...named('OTEL_TRACES_EXPORTER', forSpans).map(({ name, spans }) => ({ name, ...(spans && { spans }) })),
    ...named('OTEL_METRICS_EXPORTER', forMetrics).map(({ spans: _, ...exporter }) => exporter),
  ]
}

function named(variable: string, known: typeof forSpans): TelemetryExporter[] {
  const names = new Set(getStringListFromEnv(variable) ?? ['otlp'])
  if (names.has('none')) return []
  return [...names].flatMap(name => {
    const make = Object.hasOwn(known, name) ? known[name] : undefined
    if (make === undefined)
      warn(`${variable}: '${name}' is not known here; known are ${Object.keys(known).join(', ')}, none`)
    return make === undefined ? [] : [make()]
  })
}
