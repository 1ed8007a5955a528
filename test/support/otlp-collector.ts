// A collector: takes OTLP over HTTP as it arrives, protobuf or JSON, and shows what was in it. It can be slow, refuse, or say nothing.

import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { gunzipSync } from 'node:zlib'
import protobuf from 'protobufjs'

export interface CollectedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly name: string
  readonly kind: 'internal' | 'server' | 'client' | 'producer' | 'consumer'
  /** In milliseconds since the epoch. */
  readonly startedAt: number
  readonly endedAt: number
  readonly attributes: Values
  readonly events: readonly { readonly name: string; readonly attributes: Values }[]
  readonly links: readonly { readonly traceId: string; readonly spanId: string; readonly attributes: Values }[]
  readonly status: { readonly code: number; readonly message: string }
  readonly scope: string
  readonly resource: Values
}

/** One label set of one metric. A histogram has a count and a sum. */
export interface CollectedPoint {
  readonly metric: string
  readonly unit: string
  readonly scope: string
  readonly attributes: Values
  readonly value: number
  readonly count: number | undefined
  readonly resource: Values
}

export type Values = Readonly<Record<string, unknown>>

/** A request as it came. */
export interface Delivery {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** `hang`: takes the request and never answers. `refuse`: 429. */
export type Manner = 'answer' | 'hang' | 'refuse'

export interface Collector {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly url: string
  readonly deliveries: readonly Delivery[]
  /** How it treats what comes from now on. */
  manner: Manner
  spans(): CollectedSpan[]
  /** The latest points of every metric. */
  points(): CollectedPoint[]
  /** Resolves with the spans once `ready` says that they are all there. */
  until(ready: (spans: readonly CollectedSpan[]) => boolean, waitMs?: number): Promise<CollectedSpan[]>
  /** Every byte that came, decoded, as one text. */
  text(): string
  clear(): void
  close(): Promise<void>
}

/** @param port of 127.0.0.1; any free one unless it is named. */
export async function startCollector(manner: Manner = 'answer', port = 0): Promise<Collector> {
  const deliveries: Delivery[] = []
  const waiting = new Set<() => void>()
  const sockets = new Set<Socket>()
  const collector = { manner }

  async function take(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of req) chunks.push(chunk as Buffer)
    const raw = Buffer.concat(chunks)
    const body = req.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw
    deliveries.push({ path: req.url ?? '', headers: req.headers, body })
    if (collector.manner === 'answer') {
      const isJson = req.headers['content-type'] === 'application/json'
      res.writeHead(200, { 'Content-Type': req.headers['content-type'] }).end(isJson ? '{}' : '')
    } else if (collector.manner === 'refuse') res.writeHead(429).end()
    for (const check of [...waiting]) check()
  }

  const server = createServer((req, res) => void take(req, res).catch(() => res.destroy()))
  server.on('connection', socket => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')

  const at = (path: string) => deliveries.filter(delivery => delivery.path === path)
  const spans = () => at('/v1/traces').flatMap(spansIn)
  return Object.assign(collector, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    deliveries,
    spans,
    points() {
      const latest = new Map<string, CollectedPoint>()
      for (const point of at('/v1/metrics').flatMap(pointsIn))
        latest.set(JSON.stringify([point.metric, point.scope, point.attributes]), point)
      return [...latest.values()]
    },
    until(ready: (spans: readonly CollectedSpan[]) => boolean, waitMs = 10_000) {
      return new Promise<CollectedSpan[]>((resolve, reject) => {
        const check = () => {
          const found = spans()
          if (!ready(found)) return
          clearTimeout(timer)
          waiting.delete(check)
          resolve(found)
        }
        const timer = setTimeout(() => {
          waiting.delete(check)
          reject(new Error(`not all came: ${spans().map(({ name }) => name)}`))
        }, waitMs)
        waiting.add(check)
        check()
      })
    },
    text: () => deliveries.map(delivery => JSON.stringify([delivery.headers, messageOf(delivery)])).join('\n'),
    clear: () => void deliveries.splice(0),
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  })
}

const schema = protobuf.loadSync(new URL('otlp.proto', import.meta.url).pathname)

/** Both forms decoded to the names that JSON has. */
function messageOf({ path, headers, body }: Delivery): Message {
  if (headers['content-type'] === 'application/json') return JSON.parse(body.toString()) as Message
  const type = schema.lookupType(path === '/v1/traces' ? 'TraceRequest' : 'MetricsRequest')
  return type.toObject(type.decode(body), { longs: String, arrays: true }) as Message
}

function spansIn(delivery: Delivery): CollectedSpan[] {
  return (messageOf(delivery).resourceSpans ?? []).flatMap(({ resource, scopeSpans = [] }) =>
    scopeSpans.flatMap(({ scope, spans = [] }) =>
      spans.map(span => ({
        traceId: id(span.traceId),
        spanId: id(span.spanId),
        parentSpanId: id(span.parentSpanId) || undefined,
        name: span.name,
        kind: kinds[span.kind ?? 1] ?? 'internal',
        startedAt: Number(span.startTimeUnixNano) / 1e6,
        endedAt: Number(span.endTimeUnixNano) / 1e6,
        attributes: valuesOf(span.attributes),
        events: (span.events ?? []).map(({ name, attributes }) => ({ name, attributes: valuesOf(attributes) })),
        links: (span.links ?? []).map(link => ({
          traceId: id(link.traceId),
          spanId: id(link.spanId),
          attributes: valuesOf(link.attributes),
        })),
        status: { code: span.status?.code ?? 0, message: span.status?.message ?? '' },
        scope: scope?.name ?? '',
        resource: valuesOf(resource?.attributes),
      })),
    ),
  )
}

function pointsIn(delivery: Delivery): CollectedPoint[] {
  return (messageOf(delivery).resourceMetrics ?? []).flatMap(({ resource, scopeMetrics = [] }) =>
    scopeMetrics.flatMap(({ scope, metrics = [] }) =>
      metrics.flatMap(({ name, unit = '', gauge, sum, histogram }) =>
        ((gauge ?? sum ?? histogram)?.dataPoints ?? []).map(point => ({
          metric: name,
          unit,
          scope: scope?.name ?? '',
          attributes: valuesOf(point.attributes),
          value: Number(point.asDouble ?? point.asInt ?? point.sum ?? 0),
          count: point.count === undefined ? undefined : Number(point.count),
          resource: valuesOf(resource?.attributes),
        })),
      ),
    ),
  )
}

const kinds = ['internal', 'internal', 'server', 'client', 'producer', 'consumer'] as const

/** Hexadecimal in JSON, bytes in protobuf. */
function id(value: string | Uint8Array | undefined): string {
  return typeof value === 'string' ? value : Buffer.from(value ?? []).toString('hex')
}

function valuesOf(attributes: readonly KeyValue[] = []): Values {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, plain(value)]))
}

function plain(value: AnyValue = {}): unknown {
  if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(plain)
  const number = value.doubleValue ?? value.intValue
  return value.stringValue ?? value.boolValue ?? (number === undefined ? undefined : Number(number))
}

interface KeyValue {
  readonly key: string
  readonly value?: AnyValue
}

interface AnyValue {
  readonly stringValue?: string
  readonly boolValue?: boolean
  readonly intValue?: string | number
  readonly doubleValue?: number
  readonly arrayValue?: { readonly values?: readonly AnyValue[] }
}

interface Attributed {
  readonly attributes?: readonly KeyValue[]
}

interface Scoped {
  readonly scope?: { readonly name?: string }
}

type Id = string | Uint8Array

interface Point extends Attributed {
  readonly asDouble?: number
  readonly asInt?: string | number
  readonly sum?: number
  readonly count?: string | number
}

interface Points {
  readonly dataPoints?: readonly Point[]
}

interface Message {
  readonly resourceSpans?: readonly {
    readonly resource?: Attributed
    readonly scopeSpans?: readonly (Scoped & {
      readonly spans?: readonly (Attributed & {
        readonly traceId: Id
        readonly spanId: Id
        readonly parentSpanId?: Id
        readonly name: string
        readonly kind?: number
        readonly startTimeUnixNano: string
        readonly endTimeUnixNano: string
        readonly events?: readonly (Attributed & { readonly name: string })[]
        readonly links?: readonly (Attributed & { readonly traceId: Id; readonly spanId: Id })[]
        readonly status?: { readonly code?: number; readonly message?: string }
      })[]
    })[]
  }[]
  readonly resourceMetrics?: readonly {
    readonly resource?: Attributed
    readonly scopeMetrics?: readonly (Scoped & {
      readonly metrics?: readonly {
        readonly name: string
        readonly unit?: string
        readonly gauge?: Points
        readonly sum?: Points
        readonly histogram?: Points
      }[]
    })[]
  }[]
}
