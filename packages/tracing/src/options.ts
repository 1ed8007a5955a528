// Options of startTracing(), checked once, with the environment beneath them.

import { type Duration, LarderTypeError } from '@larder/core'
import { checkOptions, durationMs, isBoolean, isDuration, isObject, isString, type OptionRule } from '@larder/core/door'
import { getBooleanFromEnv, getNumberFromEnv } from '@opentelemetry/core'
import type { Instrumentation } from '@opentelemetry/instrumentation'
import type { MetricTiming, TelemetryExporter } from './export/exporter.ts'
import { exportersFromEnv } from './export/from-env.ts'
import type { ResourceOptions } from './resource.ts'

export interface StartTracingOptions extends ResourceOptions {
  /**
   * Where spans and metrics go; several at once if need be.
   *
   * @default by OTEL_TRACES_EXPORTER and OTEL_METRICS_EXPORTER: `[otlp()]`
   */
  readonly exporters?: readonly TelemetryExporter[]
  /**
   * Of the traces that begin here the share that is kept, from 0 to 1; a trace that came with the request is kept when its caller keeps it.
   *
   * @default by OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG: all
   */
  readonly sampleRatio?: number
  /** Further instrumentations, beside http, express, koa and ioredis. @default none */
  readonly instrumentations?: readonly Instrumentation[]
  /** Leave the path of a URL in spans; its query never is. @default false */
  readonly urlPaths?: boolean
  /** How often metrics are sent. @default OTEL_METRIC_EXPORT_INTERVAL, or '60s' */
  readonly metricInterval?: Duration
  /** How long `flush()` and `shutdown()` wait for what is on its way. @default '5s' */
  readonly deadline?: Duration
  /** Start nothing. @default OTEL_SDK_DISABLED, or false */
  readonly disabled?: boolean
}

export interface TracingSettings {
  readonly resource: ResourceOptions
  readonly exporters: readonly TelemetryExporter[]
  readonly sampleRatio: number | undefined
  readonly instrumentations: readonly Instrumentation[]
  readonly urlPaths: boolean
  readonly metricTiming: MetricTiming
  readonly deadlineMs: number
  readonly disabled: boolean
}

const isRatio: OptionRule = value =>
  typeof value === 'number' && value >= 0 && value <= 1 ? undefined : 'a number from 0 to 1'
const isObjectArray: OptionRule = value =>
  Array.isArray(value) && value.every(item => typeof item === 'object' && item !== null)
    ? undefined
    : 'an array of objects'

const shape = {
  serviceName: isString,
  serviceVersion: isString,
  environment: isString,
  resourceAttributes: isObject,
  exporters: isObjectArray,
  sampleRatio: isRatio,
  instrumentations: isObjectArray,
  urlPaths: isBoolean,
  metricInterval: isDuration,
  deadline: isDuration,
  disabled: isBoolean,
}

/** @throws LARDER_UNKNOWN_OPTION, LARDER_INVALID_OPTION, LARDER_INVALID_DURATION */
export function readTracingOptions(options: StartTracingOptions): TracingSettings {
  checkOptions('startTracing()', options, shape)
  const { exporters, sampleRatio, instrumentations = [], urlPaths = false, metricInterval, deadline = '5s' } = options
  const disabled = options.disabled ?? getBooleanFromEnv('OTEL_SDK_DISABLED')
  const intervalMs =
    metricInterval === undefined
      ? (positive(getNumberFromEnv('OTEL_METRIC_EXPORT_INTERVAL')) ?? 60_000)
      : durationMs(metricInterval, 'metricInterval')
  if (intervalMs < 1)
    throw new LarderTypeError('LARDER_INVALID_DURATION', 'startTracing(): metricInterval: expected more than nothing')
  const timeoutMs = positive(getNumberFromEnv('OTEL_METRIC_EXPORT_TIMEOUT')) ?? 30_000
  return {
    resource: options,
    exporters: disabled ? [] : (exporters ?? exportersFromEnv()),
    sampleRatio,
    instrumentations,
    urlPaths,
    metricTiming: { intervalMs, timeoutMs: Math.min(timeoutMs, intervalMs) },
    deadlineMs: durationMs(deadline, 'deadline'),
    disabled,
  }
}

function positive(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 ? value : undefined
}
