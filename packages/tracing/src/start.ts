// startTracing(): the tracer, its exporters, the instrumentations and the metrics of the caches, and their end.

import { context, DiagConsoleLogger, DiagLogLevel, diag, metrics, propagation, trace } from '@opentelemetry/api'
import { getStringFromEnv } from '@opentelemetry/core'
import { registerInstrumentations } from '@opentelemetry/instrumentation'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import {
  BatchSpanProcessor,
  type BufferConfig,
  ParentBasedSampler,
  type SpanExporter,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base'
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node'
import { within } from './deadline.ts'
import type { TelemetryExporter } from './export/exporter.ts'
import { type MetricsHandler, nothingToScrape, type Prometheus } from './export/prometheus.ts'
import { createInstrumentations } from './instrumentations.ts'
import { recordCacheMetrics } from './metrics/cache-metrics.ts'
import { MOST_LABEL_SETS, meterName } from './metrics/names.ts'
import { readTracingOptions, type StartTracingOptions, type TracingSettings } from './options.ts'
import { redacting } from './redact.ts'
import { resourceOf } from './resource.ts'
import { warn } from './warn.ts'

/** Tracing and metrics of this process. */
export interface Tracing {
  /** False when it is disabled, or another OpenTelemetry SDK was there before. */
  readonly enabled: boolean
  /** Answers a Prometheus that scrapes, in Express, Koa and Node; 404 when `prometheus()` is not among the exporters. */
  readonly metrics: MetricsHandler
  /** Send what is waiting. Resolves to whether that was taken before the deadline; never rejects. */
  flush(): Promise<boolean>
  /**
   * Send what is waiting, and end. Resolves as `flush` does. From then on nothing is traced, and nothing of it keeps the process alive.
   */
  shutdown(): Promise<boolean>
}

/** There is one of it in a process, whichever copy of this module was loaded. */
const startedKey = Symbol.for('larder.tracing')
interface Holder {
  [startedKey]?: Tracing | undefined
}

/**
 * Start tracing, before anything that is to be traced is loaded: in a file for `node --import`, or by
 * `node --import @larder/tracing/register`. When it was started already, that is what is returned, and `options` do not count.
 *
 * @throws LARDER_UNKNOWN_OPTION, LARDER_INVALID_OPTION, LARDER_INVALID_DURATION
 */
export function startTracing(options: StartTracingOptions = {}): Tracing {
  const holder = globalThis as Holder
  const settings = readTracingOptions(options)
  if (holder[startedKey] !== undefined) {
    if (Object.keys(options).length > 0) warn('startTracing(): it was started already, so these options do not count')
    return holder[startedKey]
  }
  if (settings.disabled) return nothing
  const tracing = start(settings, () => {
    holder[startedKey] = undefined
  })
  if (tracing.enabled) holder[startedKey] = tracing
  return tracing
}

const nothing: Tracing = {
  enabled: false,
  metrics: nothingToScrape,
  flush: async () => true,
  shutdown: async () => true,
}

function start(settings: TracingSettings, ended: () => void): Tracing {
  const { exporters, metricTiming, deadlineMs } = settings
  logDiagnostics()
  const resource = resourceOf(settings.resource)
  const [closing, over] = [new AbortController(), new AbortController()]
  const signals = { closing: closing.signal, ended: over.signal }
  const readers = exporters.flatMap(({ metrics }) => metrics?.(metricTiming, signals) ?? [])
  const meterProvider = new MeterProvider({
    resource,
    readers,
    // A label set that comes too late is counted in one for all of them.
    views: [{ meterName, instrumentName: '*', aggregationCardinalityLimit: MOST_LABEL_SETS }],
  })
  const spanExporters = exporters.flatMap(({ spans }) => spans?.({ meters: meterProvider, ...signals }) ?? [])
  const tracerProvider = new NodeTracerProvider({
    resource,
    spanProcessors: [redacting(settings.urlPaths), ...spanExporters.map(each => batching(each, meterProvider))],
    ...(settings.sampleRatio !== undefined && {
      sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(settings.sampleRatio) }),
    }),
  })
  if (!register(tracerProvider)) {
    warn('another OpenTelemetry SDK was started before, so this one is not')
    return nothing
  }
  metrics.setGlobalMeterProvider(meterProvider)
  const uninstrument = registerInstrumentations({
    tracerProvider,
    meterProvider,
    instrumentations: [...createInstrumentations(), ...settings.instrumentations],
  })
  const stopMetrics = recordCacheMetrics(meterProvider.getMeter(meterName))
  let ending: Promise<boolean> | undefined

  async function end(): Promise<boolean> {
    closing.abort()
    const done = await within(deadlineMs, [tracerProvider.shutdown(), meterProvider.shutdown()])
    // What is late is broken off: a collector that hangs holds nobody.
    over.abort()
    stopMetrics()
    uninstrument()
    trace.disable()
    metrics.disable()
    propagation.disable()
    context.disable()
    ended()
    return done
  }

  return {
    enabled: true,
    metrics: exporters.find(isPrometheus)?.handler ?? nothingToScrape,
    flush: () => within(deadlineMs, [tracerProvider.forceFlush(), meterProvider.forceFlush()]),
    shutdown: () => (ending ??= end()),
  }
}

/** At most 2048 spans wait (OTEL_BSP_MAX_QUEUE_SIZE); the metrics of the SDK itself count those that are dropped then. */
function batching(exporter: SpanExporter, meterProvider: MeterProvider): SpanProcessor {
  // The processor hands on what its type does not name.
  const options = { selfObsMeterProvider: meterProvider } as BufferConfig
  return new BatchSpanProcessor(exporter, options)
}

function register(tracerProvider: NodeTracerProvider): boolean {
  tracerProvider.register()
  // The API's own provider stands in front of the one that was registered first.
  const front = trace.getTracerProvider() as { getDelegate?(): unknown }
  return front.getDelegate?.() === tracerProvider
}

function isPrometheus(exporter: TelemetryExporter): exporter is Prometheus {
  return 'handler' in exporter && typeof exporter.handler === 'function'
}

/** OTEL_LOG_LEVEL: without it OpenTelemetry says nothing of itself. */
function logDiagnostics(): void {
  const level = getStringFromEnv('OTEL_LOG_LEVEL')?.toUpperCase()
  if (level === undefined) return
  const known = DiagLogLevel[level as keyof typeof DiagLogLevel]
  diag.setLogger(new DiagConsoleLogger(), { logLevel: known ?? DiagLogLevel.INFO, suppressOverrideMessage: true })
}
