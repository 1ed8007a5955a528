// tracing() in every framework, where no instrumentation is: its own server span, what the cache made of the request, and every end.

import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { createCache, onCacheEvent } from '@larder/core'
import { traceErrors } from '@larder/express'
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node'
import { expect } from 'chai'
import { type App, type Framework, frameworks } from '../doors/frameworks.ts'
import { ask, open } from '../support/http.ts'

let exporter = new InMemorySpanExporter()

/** The ended spans, of which there are so many soon. */
async function spans(count: number): Promise<ReadableSpan[]> {
  for (let turn = 0; exporter.getFinishedSpans().length < count && turn < 200; turn++)
    await new Promise(resolve => setTimeout(resolve, 5))
  const ended = exporter.getFinishedSpans()
  exporter.reset()
  expect(ended.map(({ name }) => name)).to.have.length(count)
  return ended
}

const servers = (all: readonly ReadableSpan[]) => all.filter(({ kind }) => kind === SpanKind.SERVER)
const ofCache = (all: readonly ReadableSpan[]) => all.filter(({ name }) => name.startsWith('cache '))
const idOf = (span: ReadableSpan | undefined) => span?.spanContext().spanId

for (const framework of frameworks) {
  describe(`tracing() in ${framework.name}`, () => {
    let provider: NodeTracerProvider
    let server: Server | undefined
    let now = Date.now()
    before(() => {
      exporter = new InMemorySpanExporter()
      provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
      provider.register()
    })
    after(async () => {
      await provider.shutdown()
      trace.disable()
      context.disable()
      propagation.disable()
    })
    afterEach(() => {
      exporter.reset()
      server?.close()
      server?.closeAllConnections()
      server = undefined
    })

    async function listen(build: (app: App, framework: Framework) => void): Promise<number> {
      const app = framework.app()
      build(app, framework)
      server = app.listen()
      if (!server.listening) await once(server, 'listening')
      return (server.address() as AddressInfo).port
    }

    const caching = (options = {}) =>
      framework.door.responseCache({ ttl: '1m', cache: createCache({ now: () => now }) as never, ...options })

    it('a fill and a hit: one server span each with its route, and one span of the cache below it', async () => {
      const port = await listen(app => {
        app.use(framework.door.tracing())
        app.get(
          '/items/:id',
          caching(),
          framework.handler(() => ({ body: 'item' })),
        )
      })
      const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
      await ask(port, '/items/7?token=canary-token', { headers: { traceparent: parent } })
      const [fillCache, fill] = await spans(2)
      now += 3_000
      await ask(port, '/items/7?token=canary-token', { headers: { Cookie: '_ga=canary-cookie' } })
      const [hitCache, hit] = await spans(2)

      for (const [span, cache, status, stored, age] of [
        [fill!, fillCache!, 'miss', true, undefined],
        [hit!, hitCache!, 'hit', false, 3],
      ] as const) {
        expect(span.name).to.equal('GET /items/:id')
        expect(span.kind).to.equal(SpanKind.SERVER)
        expect(span.attributes).to.deep.equal({
          'http.request.method': 'GET',
          'url.scheme': 'http',
          'network.protocol.version': '1.1',
          'http.route': '/items/:id',
          'http.response.status_code': 200,
          'larder.cache.name': 'default',
          'larder.cache.status': status,
          'larder.cache.stored': stored,
          'larder.cache.collapsed': false,
          ...(age !== undefined && { 'larder.cache.age': age }),
        })
        expect(cache.name).to.equal(`cache ${status}`)
        expect(cache.parentSpanContext?.spanId).to.equal(idOf(span))
        expect(cache.attributes['larder.cache.status']).to.equal(status)
        const [began, ended] = [span, cache].map(({ startTime: [s, ns] }) => s * 1e3 + ns / 1e6)
        expect(ended, 'the cache begins within the request').to.be.at.least(began!)
      }
      expect(fill!.parentSpanContext?.spanId).to.equal('b7ad6b7169203331')
      expect(fill!.spanContext().traceId).to.equal('0af7651916cd43dd8448eb211c80319c')
      expect(hit!.parentSpanContext).to.equal(undefined)
      const text = JSON.stringify([fill, fillCache, hit, hitCache].map(span => ({ ...span, _spanProcessor: 0 })))
      expect(text).not.to.match(/canary|\/items\/7/)
    })

    it('what passed by has the reason and no span of the cache', async () => {
      const port = await listen(app => {
        app.use(framework.door.tracing(), caching({ skip: () => true }))
        app.get(
          '/a',
          framework.handler(() => ({ body: 'a' })),
        )
      })
      await ask(port, '/a')
      const [span] = await spans(1)
      expect(span!.attributes).to.include({ 'larder.cache.status': 'bypass', 'larder.cache.reason': 'skip' })
    })

    it('collapsed requests link to the span of the one whose run they got', async () => {
      let answer = () => {}
      const running = new Promise<void>(resolve => {
        answer = resolve
      })
      const port = await listen(app => {
        app.use(framework.door.tracing(), caching())
        app.get(
          '/slow',
          framework.handler(async () => {
            await running
            return { body: 'slow' }
          }),
        )
      })
      const calls = [open(port, '/slow')]
      await new Promise(resolve => setTimeout(resolve, 20))
      calls.push(open(port, '/slow'), open(port, '/slow'))
      await new Promise(resolve => setTimeout(resolve, 30))
      answer()
      await Promise.all(calls.map(({ done }) => done))
      const all = await spans(6)
      const [leader] = servers(all).filter(({ attributes }) => attributes['larder.cache.status'] === 'miss')
      const followers = ofCache(all).filter(({ attributes }) => attributes['larder.cache.collapsed'])
      expect(followers).to.have.length(2)
      for (const { links, name } of followers) {
        expect(name).to.equal('cache hit')
        expect(links.map(link => [link.context.spanId, link.attributes])).to.deep.equal([
          [idOf(leader), { 'larder.link': 'leader' }],
        ])
      }
      expect(new Set(servers(all).map(span => span.spanContext().traceId)).size).to.equal(3)
    })

    it('a refresh is a trace of its own, linked to the request that met the stale response', async () => {
      const port = await listen(app => {
        app.use(framework.door.tracing())
        app.get(
          '/r',
          caching({ staleWhileRevalidate: '1h' }),
          framework.handler(() => ({ body: 'r' })),
        )
      })
      await ask(port, '/r')
      await spans(2)
      now += 61_000
      const refreshed = new Promise<void>(resolve => {
        const off = onCacheEvent(event => {
          if (event.type !== 'refresh' || event.outcome === 'started') return
          off()
          resolve()
        })
      })
      await ask(port, '/r')
      await refreshed
      const all = await spans(4)
      const stale = servers(all).find(({ attributes }) => attributes['larder.cache.status'] === 'stale')!
      const refresh = servers(all).find(({ attributes }) => attributes['larder.cache.refresh'] === 'stored')!
      expect(stale.attributes['larder.cache.reason']).to.equal('stale-while-revalidate')
      expect(stale.attributes['larder.cache.age']).to.equal(61)
      expect(refresh.parentSpanContext).to.equal(undefined)
      expect(refresh.spanContext().traceId).not.to.equal(stale.spanContext().traceId)
      const below = ofCache(all).find(({ name }) => name === 'cache refresh')!
      expect(below.parentSpanContext?.spanId).to.equal(idOf(refresh))
      for (const { links } of [refresh, below]) {
        expect(links.map(link => [link.context.spanId, link.attributes])).to.deep.equal([
          [idOf(stale), { 'larder.link': 'cause' }],
        ])
      }
    })

    it('ends when the client leaves', async () => {
      const port = await listen(app => {
        app.use(framework.door.tracing(), caching())
        app.get(
          '/endless',
          framework.handler(() => ({ body: Readable.from(endless()) })),
        )
      })
      const call = open(port, '/endless')
      await call.has('x')
      call.leave()
      await call.done.catch(() => {})
      const all = await spans(2)
      expect(servers(all)[0]!.attributes).to.include({ 'larder.response.aborted': true })
      expect(servers(all)[0]!.status.code).to.equal(SpanStatusCode.UNSET)
    })

    it('records what a handler throws, but no refusal, and none of the text of a Redis error', async () => {
      const port = await listen(app => {
        app.use(framework.catching(), framework.door.tracing())
        for (const [path, error] of [
          ['/broken', new TypeError('the reason')],
          ['/refused', Object.assign(new Error('no such item'), { status: 404 })],
          [
            '/redis',
            Object.assign(new Error("ERR wrong, with args beginning with: 'canary-value'"), { name: 'ReplyError' }),
          ],
        ] as const)
          app.get(
            path,
            framework.handler(() => {
              throw error
            }),
          )
        if (framework.family === 'express') app.use(traceErrors() as never, framework.catching())
      })
      await ask(port, '/broken')
      const [broken] = await spans(1)
      expect(broken!.status.code).to.equal(SpanStatusCode.ERROR)
      expect(broken!.attributes).to.include({ 'http.response.status_code': 500, 'error.type': '500' })
      expect(broken!.events.map(({ name, attributes }) => [name, attributes?.['exception.message']])).to.deep.equal([
        ['exception', 'the reason'],
      ])
      await ask(port, '/refused')
      const [refused] = await spans(1)
      expect(refused!.events).to.have.length(0)
      await ask(port, '/redis')
      const [redis] = await spans(1)
      expect(redis!.events[0]!.attributes).to.deep.equal({ 'exception.type': 'ReplyError', 'exception.message': 'ERR' })
    })

    it('tells the client when asked: Server-Timing and traceresponse, of this response and never stored', async () => {
      const port = await listen(app => {
        app.use(framework.door.tracing({ serverTiming: true, traceResponse: true }), caching())
        app.get(
          '/t',
          framework.handler(() => ({ body: 't' })),
        )
      })
      for (const word of ['uri-miss', 'hit', 'hit']) {
        const answer = await ask(port, '/t')
        const all = await spans(2)
        const { traceId, spanId } = servers(all)[0]!.spanContext()
        expect(answer.header('traceresponse')).to.equal(`00-${traceId}-${spanId}-01`)
        expect(answer.header('server-timing')).to.match(new RegExp(`^cache;desc="${word}", total;dur=\\d+\\.\\d$`))
        expect(answer.text).to.equal('t')
      }
    })

    it('says nothing of itself when it is not asked', async () => {
      const port = await listen(app => {
        app.use(framework.door.tracing(), caching())
        app.get(
          '/t',
          framework.handler(() => ({ body: 't' })),
        )
      })
      const answer = await ask(port, '/t')
      expect([answer.header('traceresponse'), answer.header('server-timing')]).to.deep.equal([undefined, undefined])
      await spans(2)
    })

    it('twice on the way it is one span', async () => {
      const port = await listen(app => {
        app.use(framework.door.tracing(), framework.door.tracing(), caching())
        app.get(
          '/t',
          framework.handler(() => ({ body: 't' })),
        )
      })
      await ask(port, '/t')
      expect(servers(await spans(2))).to.have.length(1)
    })

    it('a span that is there already is enriched, and left to whoever ends it', async () => {
      const outer: ReturnType<ReturnType<typeof trace.getTracer>['startSpan']>[] = []
      const port = await listen(app => {
        const instrumented = (...args: unknown[]) => {
          const next = args.at(-1) as () => unknown
          const span = trace.getTracer('other').startSpan('other', { kind: SpanKind.SERVER })
          outer.push(span)
          return context.with(trace.setSpan(context.active(), span), next)
        }
        // Both frameworks look at how many parameters there are.
        const layer =
          framework.family === 'express'
            ? (req: unknown, res: unknown, next: unknown) => void instrumented(req, res, next)
            : (ctx: unknown, next: unknown) => instrumented(ctx, next)
        app.use(layer as never, framework.door.tracing(), caching())
        app.get(
          '/t/:id',
          framework.handler(() => ({ body: 't' })),
        )
      })
      await ask(port, '/t/1')
      const [cache] = await spans(1)
      outer[0]!.end()
      const [server] = await spans(1)
      expect(server!.name).to.equal('other')
      expect(server!.attributes).to.include({ 'http.route': '/t/:id', 'larder.cache.status': 'miss' })
      expect(cache!.parentSpanContext?.spanId).to.equal(idOf(server))
    })
  })
}

/** As long as the test may take. What is being stored is read on when its client has left. */
async function* endless(): AsyncGenerator<string> {
  const until = performance.now() + 2_000
  while (performance.now() < until) {
    yield 'x'.repeat(1024)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}
