// One application of the benchmark of observation, in a process of its own: runs rounds of requests, and says what a request took.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer, IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { createCache, createServer as createExpressServer, responseCache as expressCache } from '@larder/express'
import { responseCache as koaCache } from '@larder/koa'
import express from 'express'
import Koa from 'koa'

export type Framework = 'Express 5' | 'Express 5, fast server' | 'Koa 3'

/** `reading` reads two fields, as a page in several languages does; `plain` reads none. */
export type Handler = 'plain' | 'reading'

/** The preset rfc9111 does the same but for observing. */
const presets = { bare: undefined, observed: 'default', unobserved: 'rfc9111' } as const
export type Layer = keyof typeof presets

export interface Round {
  readonly way: 'HTTP' | 'in process'
  readonly asks: 'miss' | 'hit'
  readonly requests: number
}

type Listener = (req: IncomingMessage, res: ServerResponse) => unknown

interface Site {
  readonly listener: Listener
  readonly server: Server
  /** The cache forgets. */
  clear(): Promise<void>
}

const items = Array.from({ length: 30 }, (_, id) => ({ id, title: `Event ${id}`, city: 'Lyon', free: id % 3 === 0 }))

function expressSite(handler: Handler, layer: Layer, isFast: boolean): Site {
  const app = express()
  const cache = createCache()
  const preset = presets[layer]
  if (preset !== undefined) app.use(expressCache({ ttl: '1h', preset, cache }))
  app.get('/events', (req, res) => {
    if (handler === 'plain') res.json({ items })
    else res.json({ items, lang: req.get('x-lang'), zone: req.headers['x-zone'] })
  })
  const listener = app as unknown as Listener
  return { listener, server: isFast ? createExpressServer(app) : createServer(listener), clear: () => cache.clear() }
}

function koaSite(handler: Handler, layer: Layer): Site {
  const app = new Koa()
  const cache = createCache()
  const preset = presets[layer]
  if (preset !== undefined) app.use(koaCache({ ttl: '1h', preset, cache }))
  app.use(ctx => {
    ctx.body = handler === 'plain' ? { items } : { items, lang: ctx.get('x-lang'), zone: ctx.headers['x-zone'] }
  })
  const listener = app.callback()
  return { listener, server: createServer(listener), clear: () => cache.clear() }
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

const [framework, handler, layer] = process.argv.slice(2) as [Framework, Handler, Layer]
const site = framework === 'Koa 3' ? koaSite(handler, layer) : expressSite(handler, layer, framework !== 'Express 5')
await once(site.server.listen(0, '127.0.0.1'), 'listening')
const { port } = site.server.address() as AddressInfo
const client = fork(new URL('client.mjs', import.meta.url), { execArgv: [] })
await once(client, 'message')

process.on('message', async (round: Round) => process.send!(await run(round)))
process.on('disconnect', () => {
  client.disconnect()
  site.server.close()
})
process.send!('ready')

/** Microseconds of processor time for a request, the collector's and the compiler's share included. */
async function run({ way, asks, requests }: Round): Promise<number> {
  await site.clear()
  const said: string[] = []
  for (const target of ['/events', asks === 'hit' ? '/events' : '/events?n=']) {
    const answer = await fetch(`http://127.0.0.1:${port}${target}`)
    said.push(String(answer.headers.get('cache-status')))
    await answer.text()
  }
  if (layer !== 'bare' && !said[1]!.includes(asks === 'hit' ? 'hit' : 'stored')) throw new Error(`no ${asks}: ${said}`)
  const began = process.cpuUsage()
  await ask(way, asks, client, requests)
  const { user, system } = process.cpuUsage(began)
  return (user + system) / requests
}

async function ask(way: Round['way'], asks: Round['asks'], client: ChildProcess, requests: number): Promise<void> {
  if (way === 'in process') {
    for (let i = 0; i < requests; i++) await request(site.listener, asks === 'hit' ? '/events' : `/events?n=${i}`)
    return
  }
  const lines = Array.from({ length: fields.length / 2 }, (_, i) => `${fields[2 * i]}: ${fields[2 * i + 1]}\r\n`)
  client.send({ port, requests, target: '/events', counts: asks === 'miss', fields: lines.join('') })
  await once(client, 'message')
}
