// One application of the benchmark of observation, in a process of its own: runs rounds of requests, and says what a request took.

import { once } from 'node:events'
import { createServer, IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { createCache, createServer as createExpressServer, responseCache as expressCache } from '@larder/express'
import { responseCache as koaCache } from '@larder/koa'
import express from 'express'
import Koa from 'koa'
import { fields, path } from './observation.request.ts'

export type Framework = 'Express 5' | 'Express 5, fast server' | 'Koa 3'

/** `reading` reads two fields, as a page in several languages does; `plain` reads none. */
export type Handler = 'plain' | 'reading'

/** The preset rfc9111 does the same but for observing. */
const presets = { bare: undefined, observed: 'default', unobserved: 'rfc9111' } as const
export type Layer = keyof typeof presets

/** What is asked of it, one after the other; it answers each. */
export type Step =
  /** Forget everything, and store what a hit needs. It answers its CPU time so far, in microseconds. */
  | { readonly prepare: Asks }
  | { readonly cpu: true }
  /** Ask itself so often, without a network. It answers its CPU time for a request. */
  | { readonly inProcess: Asks; readonly requests: number }

export type Asks = 'miss' | 'hit'

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

const lines = Object.entries(fields).flat()

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
    [...lines],
    lines.length,
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
process.on('message', async (step: Step) => process.send!(await carryOut(step)))
process.on('disconnect', () => process.exit())
process.send!(port)

async function carryOut(step: Step): Promise<number> {
  if ('inProcess' in step) return run(step.inProcess, step.requests)
  if ('prepare' in step) await prepare(step.prepare)
  return cpu()
}

async function prepare(asks: Asks): Promise<void> {
  await site.clear()
  const said: string[] = []
  for (const target of [path, asks === 'hit' ? path : `${path}?n=`]) {
    const answer = await fetch(`http://127.0.0.1:${port}${target}`)
    said.push(String(answer.headers.get('cache-status')))
    await answer.text()
  }
  if (layer !== 'bare' && !said[1]!.includes(asks === 'hit' ? 'hit' : 'stored')) throw new Error(`no ${asks}: ${said}`)
}

async function run(asks: Asks, requests: number): Promise<number> {
  await prepare(asks)
  const before = cpu()
  for (let i = 0; i < requests; i++) await request(site.listener, asks === 'hit' ? path : `${path}?n=${i}`)
  return (cpu() - before) / requests
}

/** Of the collector and the compiler too. */
function cpu(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}
