// Prometheus asks: metrics as text, at a path of the application or on a port of their own.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import type { TelemetryExporter } from './exporter.ts'

export interface PrometheusOptions {
  /** Serve `/metrics` on this port too. @default none: mount `handler`, or the `metrics` of what startTracing() returns */
  readonly port?: number
  /** @default all interfaces */
  readonly host?: string
}

/** Fits Express (`app.get('/metrics', handler)`), Koa (`router.get('/metrics', handler)`) and Node (`createServer(handler)`). */
export interface MetricsHandler {
  (req: IncomingMessage, res: ServerResponse, next?: unknown): Promise<void>
  (ctx: KoaContext, next?: unknown): Promise<void>
}

/** What it uses of Koa's context. */
export interface KoaContext {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  status: number
  body: unknown
  set(name: string, value: string): void
}

export interface Prometheus extends TelemetryExporter {
  readonly handler: MetricsHandler
}

const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** Metrics for a Prometheus that scrapes. */
export function prometheus({ port, host }: PrometheusOptions = {}): Prometheus {
  let reader: PrometheusExporter | undefined
  const serializer = new PrometheusSerializer()

  async function answer(): Promise<{ status: number; body: string }> {
    try {
      const { resourceMetrics } = await reader!.collect()
      return { status: 200, body: serializer.serialize(resourceMetrics) }
    } catch {
      return { status: 503, body: '# Tracing has not been started, or has ended.\n' }
    }
  }

  return {
    name: 'prometheus',
    metrics() {
      reader = new PrometheusExporter({
        ...(port === undefined ? { preventServerStart: true } : { port }),
        ...(host !== undefined && { host }),
      })
      return reader
    },
    handler: metricsHandler(answer),
  }
}

/** Of Prometheus exporters, none of which was asked for, there is nothing to tell. */
export const nothingToScrape: MetricsHandler = metricsHandler(async () => ({
  status: 404,
  body: '# Metrics are not exported to Prometheus.\n',
}))

function metricsHandler(answer: () => Promise<{ status: number; body: string }>): MetricsHandler {
  return async function metrics(first: KoaContext | IncomingMessage, second: unknown): Promise<void> {
    const { status, body } = await answer()
    if (isKoa(first)) {
      first.status = status
      first.set('Cache-Control', 'no-store')
      first.body = body
      first.set('Content-Type', CONTENT_TYPE)
      return
    }
    const res = second as ServerResponse
    res.writeHead(status, { 'Content-Type': CONTENT_TYPE, 'Cache-Control': 'no-store' })
    res.end(first.method === 'HEAD' ? undefined : body)
  }
}

/** Express's request has its response too, but no request. */
function isKoa(first: KoaContext | IncomingMessage): first is KoaContext {
  return 'req' in first && 'res' in first
}
