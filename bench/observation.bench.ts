// What it costs to observe a handler: misses and hits with observation and without, in Express 5 and Koa 3, beside the bare handler.
// Once over HTTP, in CPU time of the server's process; once without a network, where the same costs are a larger share of less.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer, IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { createCache, responseCache as expressCache } from '@larder/express'
import { responseCache as koaCache } from '@larder/koa'
import express from 'express'
import Koa from 'koa'
import { report } from './report.ts'

const ROUNDS = 21
const REQUESTS = 300

type Listener = (req: IncomingMessage, res: ServerResponse) => unknown
/** `reading` reads two fields, as a page in several languages does; `plain` reads none. */
type Handler = 'plain' | 'reading'

/** The preset rfc9111 does the same but for observing. Each cache forgets after a round. */
const layers = { bare: undefined, observed: 'default', unobserved: 'rfc9111' } as const
type Layer = keyof typeof layers

const items = Array.from({ length: 30 }, (_, id) => ({ id, title: `Event ${id}`, city: 'Lyon', free: id % 3 === 0 }))

function expressApp(handler: Handler, layer: Layer): { listener: Listener; clear(): Promise<void> } {
  const app = express()
  const cache = createCache()
  const preset = layers[layer]
  if (preset !== undefined) app.use(expressCache({ ttl: '1h', preset, cache }))
  app.get('/events', (req, res) => {
    if (handler === 'plain') res.json({ items })
    else res.json({ items, lang: req.get('x-lang'), zone: req.headers['x-zone'] })
  })
  return { listener: app as unknown as Listener, clear: () => cache.clear() }
}

function koaApp(handler: Handler, layer: Layer): { listener: Listener; clear(): Promise<void> } {
  const app = new Koa()
  const cache = createCache()
  const preset = layers[layer]
  if (preset !== undefined) app.use(koaCache({ ttl: '1h', preset, cache }))
  app.use(ctx => {
    ctx.body = handler === 'plain' ? { items } : { items, lang: ctx.get('x-lang'), zone: ctx.headers['x-zone'] }
  })
  return { listener: app.callback(), clear: () => cache.clear() }
}

/** Takes everything and says nothing: what is measured is the application, not the network. */
class NullSocket extends Duplex {
  readonly remoteAddress = '127.0.0.1'
  override _read(): void {}
  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    done()
  }
}

const fields = [
  'Host',
  'h.example',
  'User-Agent',
  'bench',
  'Accept',
  '*/*',
  'Accept-Encoding',
  'gzip, br',
  'X-Lang',
  'fr',
  'X-Zone',
  'west',
]

function request(listener: Listener, target: string): Promise<ServerResponse> {
  const socket = new NullSocket() as unknown as Socket
  const req = new IncomingMessage(socket)
  Object.assign(req, {
    method: 'GET',
    url: target,
    httpVersion: '1.1',
    httpVersionMajor: 1,
    httpVersionMinor: 1,
  })
  // As Node's own parser does.
  ;(req as unknown as { _addHeaderLines(lines: string[], count: number): void })._addHeaderLines(
    [...fields],
    fields.length,
  )
  req.push(null)
  const res = new ServerResponse(req)
  res.assignSocket(socket)
  return new Promise(resolve => {
    res.on('finish', () => resolve(res))
    listener(req, res)
  })
}

interface Course {
  readonly layer: Layer
  readonly asks: 'miss' | 'hit'
  readonly listener: Listener
  clear(): Promise<void>
  readonly micros: number[]
}

type Way = 'HTTP' | 'in process'

const client = fork(new URL('client.mjs', import.meta.url), { execArgv: [] })
await once(client, 'message')
const figures: Record<string, unknown>[] = []
for (const way of ['HTTP', 'in process'] as const) {
  for (const [framework, appOf] of [
    ['Express 5', expressApp],
    ['Koa 3', koaApp],
  ] as const) {
    for (const handler of ['plain', 'reading'] as const) figures.push(...(await race(way, framework, handler, appOf)))
  }
}
client.disconnect()
report('observation', figures)

/** Rounds of all courses in turn, so that what disturbs one disturbs all. */
async function race(
  way: Way,
  framework: string,
  handler: Handler,
  appOf: typeof expressApp,
): Promise<Record<string, unknown>[]> {
  const course = (layer: Layer, asks: Course['asks']): Course => ({ layer, asks, ...appOf(handler, layer), micros: [] })
  const bare = course('bare', 'miss')
  const [missWith, missWithout] = [course('observed', 'miss'), course('unobserved', 'miss')]
  const [hitWith, hitWithout] = [course('observed', 'hit'), course('unobserved', 'hit')]
  const all = [bare, missWith, missWithout, hitWith, hitWithout]
  for (let round = -3; round < ROUNDS; round++) {
    const from = Math.abs(round) % all.length
    for (const each of [...all.slice(from), ...all.slice(0, from)]) {
      const took = await run(way, each)
      if (round >= 0) each.micros.push(took)
    }
  }
  const row = (what: string, each: Course, against: Course | undefined) => {
    const { middle, low, high } = spread(each.micros)
    const added = against && spread(each.micros.map((took, i) => (took / against.micros[i]! - 1) * 100))
    return {
      way,
      framework,
      handler,
      what,
      'µs median': round1(middle),
      'µs p25–p75': `${round1(low)}–${round1(high)}`,
      '× bare': round2(middle / spread(bare.micros).middle),
      'observation adds %': added && round1(added.middle),
      'p25–p75 %': added && `${round1(added.low)}–${round1(added.high)}`,
    }
  }
  return [
    row('bare', bare, undefined),
    row('miss, not observed', missWithout, undefined),
    row('miss, observed', missWith, missWithout),
    row('hit of what was not observed', hitWithout, undefined),
    row('hit of what was observed', hitWith, hitWithout),
  ]
}

/** Microseconds for a request. */
async function run(way: Way, { layer, asks, listener, clear }: Course): Promise<number> {
  await clear()
  await request(listener, '/events')
  const said = (await request(listener, asks === 'hit' ? '/events' : '/events?n=')).getHeader('cache-status')
  if (layer !== 'bare' && !String(said).includes(asks === 'hit' ? 'hit' : 'stored')) {
    throw new Error(`no ${asks}: ${said}`)
  }
  globalThis.gc?.()
  if (way === 'HTTP') return overHttp(client, listener, asks === 'miss')
  const began = performance.now()
  for (let i = 0; i < REQUESTS; i++) await request(listener, asks === 'hit' ? '/events' : `/events?n=${i}`)
  return ((performance.now() - began) * 1000) / REQUESTS
}

/** The client's time and that of other processes do not count. */
async function overHttp(client: ChildProcess, listener: Listener, counts: boolean): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const lines = Array.from({ length: fields.length / 2 }, (_, i) => `${fields[2 * i]}: ${fields[2 * i + 1]}\r\n`)
  const began = process.cpuUsage()
  client.send({ port, requests: REQUESTS, target: '/events', counts, fields: lines.join('') })
  await once(client, 'message')
  const { user, system } = process.cpuUsage(began)
  server.close()
  return (user + system) / REQUESTS
}

function spread(values: readonly number[]) {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))]!
  return { low: at(0.25), middle: at(0.5), high: at(0.75) }
}

function round1(value: number): number {
  return Math.round(value * 10) / 10
}

function round2(value: number): number {
  return Math.round(value * 100) / 100
}
