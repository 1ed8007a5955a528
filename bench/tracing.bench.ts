// What tracing() costs a hit: without an OpenTelemetry SDK, which is what it costs those who do not trace, and with one, in Express 5 and
// Koa 3, beside the same application without it. Over HTTP, in CPU time of the server's process; without a network, where the same costs are a
// larger share of less; and alone.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer, IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { createCache, responseCache as expressCache, tracing as expressTracing } from '@larder/express'
import { responseCache as koaCache, tracing as koaTracing } from '@larder/koa'
import { startTracing } from '@larder/tracing'
import express from 'express'
import Koa from 'koa'
import { quick } from './quick.ts'
import { type Row, report } from './report.ts'

/** Short ones, so that the most of them are left alone by what else the machine does. */
const ROUNDS = quick ? { HTTP: 1, 'in process': 1 } : { HTTP: 30, 'in process': 150 }
const REQUESTS = quick ? 10 : 60

type Listener = (req: IncomingMessage, res: ServerResponse) => unknown
type Way = 'HTTP' | 'in process'
/** A layer that does nothing is the framework's own cost. */
type Layer = 'bare' | 'empty' | 'traced'
const layers = ['bare', 'empty', 'traced'] as const

const items = Array.from({ length: 30 }, (_, id) => ({ id, title: `Event ${id}`, city: 'Lyon', free: id % 3 === 0 }))

function expressApp(layer: Layer): Listener {
  const app = express()
  if (layer === 'traced') app.use(expressTracing())
  if (layer === 'empty') app.use((_req, _res, next) => next())
  app.use(expressCache({ ttl: '1h', cache: createCache() }))
  app.get('/events', (_req, res) => {
    res.json({ items })
  })
  return app as unknown as Listener
}

function koaApp(layer: Layer): Listener {
  const app = new Koa()
  if (layer === 'traced') app.use(koaTracing())
  if (layer === 'empty') app.use((_ctx, next) => next())
  app.use(koaCache({ ttl: '1h', cache: createCache() }))
  app.use(ctx => {
    ctx.body = { items }
  })
  return app.callback()
}

/** Takes everything and says nothing: what is measured is the application, not the network. */
class NullSocket extends Duplex {
  readonly remoteAddress = '127.0.0.1'
  override _read(): void {}
  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    done()
  }
}

const fields = ['Host', 'h.example', 'User-Agent', 'bench', 'Accept', '*/*', 'Accept-Encoding', 'gzip, br']

function request(listener: Listener): Promise<ServerResponse> {
  const socket = new NullSocket() as unknown as Socket
  const req = new IncomingMessage(socket)
  Object.assign(req, { method: 'GET', url: '/events', httpVersion: '1.1', httpVersionMajor: 1, httpVersionMinor: 1 })
  // As Node's own parser does.
  ;(req as unknown as { _addHeaderLines(lines: string[], count: number): void })._addHeaderLines(
    [...fields],
    fields.length,
  )
  req.push(null)
  const res = new ServerResponse(req)
  res.assignSocket(socket)
  return new Promise(resolve => {
    res.on('finish', () => {
      // As Node's server does.
      res.emit('close')
      resolve(res)
    })
    listener(req, res)
  })
}

const client = fork(new URL('client.mjs', import.meta.url), { execArgv: [] })
await once(client, 'message')
const figures: Row[] = []
const apps = [
  ['Express 5', expressApp],
  ['Koa 3', koaApp],
] as const
alone()
await raceAll('no SDK')
// Everything is recorded and nothing is sent: sending is the exporter's, and waits for no request.
const telemetry = startTracing({ exporters: [] })
await raceAll('SDK, all sampled')
await telemetry.shutdown()
client.disconnect()
report('tracing', {
  title: 'tracing() on a hit',
  about:
    'What `tracing()` costs a hit: without an OpenTelemetry SDK, which is what it costs those who do not trace, and with one, beside the same application without it. Over HTTP, in CPU time of the server; without a network, where the same costs are a larger share of less; and alone.',
  rows: figures,
})

async function raceAll(sdk: string): Promise<void> {
  for (const way of ['HTTP', 'in process'] as const) {
    for (const [framework, appOf] of apps) figures.push(await race(sdk, way, framework, appOf))
  }
}

/** The middleware by itself, called again and again: nanoseconds for a request, the best of many slices. */
function alone(): void {
  const [req, res] = [new IncomingMessage(new NullSocket() as unknown as Socket), {}]
  const done = Promise.resolve()
  const expressLayer = expressTracing()
  const koaLayer = koaTracing()
  for (const [framework, call] of [
    ['Express 5', () => void expressLayer(req as never, res as never, () => {})],
    ['Koa 3', () => void koaLayer({ req, res } as never, () => done)],
  ] as const) {
    let best = Number.POSITIVE_INFINITY
    for (let slice = 0; slice < 100; slice++) {
      const began = performance.now()
      for (let i = 0; i < 10_000; i++) call()
      best = Math.min(best, ((performance.now() - began) * 1e6) / 10_000)
    }
    figures.push({ sdk: 'no SDK', way: 'alone', framework, 'tracing() ns': Math.round(best) })
  }
}

/** Rounds of both in turn, so that what disturbs one disturbs the other. */
async function race(sdk: string, way: Way, framework: string, appOf: (layer: Layer) => Listener): Promise<Row> {
  const listeners = { bare: appOf('bare'), empty: appOf('empty'), traced: appOf('traced') }
  const micros: Record<Layer, number[]> = { bare: [], empty: [], traced: [] }
  for (let round = -3; round < ROUNDS[way]; round++) {
    const from = Math.abs(round) % layers.length
    for (const layer of [...layers.slice(from), ...layers.slice(0, from)]) {
      const took = await run(way, listeners[layer])
      if (round >= 0) micros[layer].push(took)
    }
  }
  // What disturbs a round only ever adds to it, so the best tenth says the most.
  const [bare, empty, traced] = layers.map(layer => spread(micros[layer]).low) as [number, number, number]
  return {
    sdk,
    way,
    framework,
    'hit µs': round1(bare),
    'with an empty layer µs': round1(empty),
    'with tracing() µs': round1(traced),
    'layer adds %': round1((empty / bare - 1) * 100),
    'tracing() adds to it % of a hit': round1(((traced - empty) / bare) * 100),
  }
}

/** Microseconds for a hit. */
async function run(way: Way, listener: Listener): Promise<number> {
  await request(listener)
  const said = String((await request(listener)).getHeader('cache-status') ?? 'hit')
  if (!said.includes('hit')) throw new Error(`no hit: ${said}`)
  globalThis.gc?.()
  if (way === 'HTTP') return overHttp(client, listener)
  const began = process.cpuUsage()
  for (let i = 0; i < REQUESTS; i++) await request(listener)
  const { user, system } = process.cpuUsage(began)
  return (user + system) / REQUESTS
}

/** The client's time and that of other processes do not count. */
async function overHttp(client: ChildProcess, listener: Listener): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const lines = Array.from({ length: fields.length / 2 }, (_, i) => `${fields[2 * i]}: ${fields[2 * i + 1]}\r\n`)
  const began = process.cpuUsage()
  client.send({ port, requests: REQUESTS, target: '/events', counts: false, fields: lines.join('') })
  await once(client, 'message')
  const { user, system } = process.cpuUsage(began)
  server.close()
  return (user + system) / REQUESTS
}

function spread(values: readonly number[]) {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))]!
  return { low: at(0.1), middle: at(0.5) }
}

function round1(value: number): number {
  return Math.round(value * 10) / 10
}
