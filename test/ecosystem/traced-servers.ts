// A process under OpenTelemetry, as a service starts it: Express and Koa with the cache, asked a few times; prints its server spans.

import { once } from 'node:events'
import type { IncomingHttpHeaders, Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { SpanKind } from '@opentelemetry/api'
import { registerInstrumentations } from '@opentelemetry/instrumentation'
import { ExpressInstrumentation } from '@opentelemetry/instrumentation-express'
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http'
import { KoaInstrumentation } from '@opentelemetry/instrumentation-koa'
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node'

const exporter = new InMemorySpanExporter()
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
provider.register()
registerInstrumentations({
  tracerProvider: provider,
  instrumentations: [
    new HttpInstrumentation({ ignoreOutgoingRequestHook: () => true }),
    new ExpressInstrumentation(),
    new KoaInstrumentation(),
  ],
})

// From here on these are instrumented, and only when they are required.
const require = createRequire(import.meta.url)
const { get } = require('node:http') as typeof import('node:http')
const express = require('express') as typeof import('express')
const Koa = require('koa') as typeof import('koa')
const Router = require('@koa/router') as typeof import('@koa/router').default
const { createCache, onCacheEvent } = await import('@larder/core')
const expressDoor = await import('@larder/express')
const koaDoor = await import('@larder/koa')

let now = Date.now()
const options = () => ({
  ttl: '1m',
  staleWhileRevalidate: '10m',
  cache: createCache({ now: () => now }),
})

const report: Record<string, unknown> = {}
for (const mount of ['app', 'route'] as const) {
  await tell(`Express, on the ${mount}`, expressApp(mount).listen(0, '127.0.0.1'))
  await tell(
    `Express on the fast server, on the ${mount}`,
    expressDoor.createServer(expressApp(mount)).listen(0, '127.0.0.1'),
  )
  await tell(`Koa, on the ${mount}`, koaServer(mount))
}
console.log(JSON.stringify(report))
process.exit()

function expressApp(mount: 'app' | 'route'): import('express').Application {
  const app = express()
  const caching = expressDoor.responseCache(options())
  const pass: import('express').RequestHandler = (_req, _res, next) => next()
  if (mount === 'app') app.use(caching)
  app.get('/items/:id', mount === 'route' ? caching : pass, (req, res) => {
    res.send(`item ${String(req.params['id'])}`)
  })
  return app
}

function koaServer(mount: 'app' | 'route'): Server {
  const app = new Koa()
  const router = new Router()
  const caching = koaDoor.responseCache(options())
  if (mount === 'app') app.use(caching as never)
  const pass = (_ctx: unknown, next: () => Promise<unknown>) => next()
  router.get('/items/:id', (mount === 'route' ? caching : pass) as never, ctx => {
    ctx.body = `item ${ctx['params'].id}`
  })
  app.use(router.routes() as never)
  return app.listen(0, '127.0.0.1')
}

/** A fill, a hit, and a refresh behind a stale response, with the spans of each. */
async function tell(name: string, server: Server): Promise<void> {
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const fill = await ask(port)
  const hit = await ask(port)
  now += 61_000
  const refreshed = new Promise<void>(resolve => {
    const off = onCacheEvent(event => {
      if (event.type !== 'refresh' || event.outcome === 'started') return
      off()
      resolve()
    })
  })
  const stale = await ask(port)
  await refreshed
  const refresh = await spansOf(1)
  report[name] = { fill, hit, stale, refresh }
  server.close()
}

async function ask(port: number): Promise<unknown> {
  const headers = await new Promise<IncomingHttpHeaders>((resolve, reject) => {
    get({ port, host: '127.0.0.1', path: '/items/7', agent: false }, res => {
      res.resume().once('end', () => resolve(res.headers))
    }).once('error', reject)
  })
  return { cacheStatus: headers['cache-status'], spans: await spansOf(1) }
}

/** The ended server spans since the last time: there are at least as many soon. */
async function spansOf(count: number): Promise<unknown> {
  const ended = () => exporter.getFinishedSpans().filter(({ kind }) => kind === SpanKind.SERVER)
  for (let turn = 0; ended().length < count && turn < 200; turn++) await new Promise(resolve => setTimeout(resolve, 5))
  const spans = ended().map(({ name, attributes, events, parentSpanContext }) => ({
    name,
    route: attributes['http.route'],
    status: attributes['http.response.status_code'] ?? attributes['http.status_code'],
    errors: events.filter(event => event.name === 'exception').length,
    isRoot: parentSpanContext === undefined,
  }))
  exporter.reset()
  return spans
}
