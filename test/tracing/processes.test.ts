// Traces as they arrive at a collector: from Express and Koa, ES modules and CommonJS, in protobuf and in JSON, each a process of its own
// on the packages as they are published.

import { expect } from 'chai'
import type { PackedProject } from '../package/packed.ts'
import { ask } from '../support/http.ts'
import { type CollectedSpan, type Collector, startCollector } from '../support/otlp-collector.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { packServices, type Service, startService } from './services.ts'
import { traceOf, treeOf } from './tree.ts'

const trees = {
  express: {
    fill: [
      'GET /events/:id (server)',
      '  cache miss',
      '  middleware - tracing',
      '  request handler',
      '    get (client)',
    ],
    hit: ['GET /events/:id (server)', '  cache hit', '  middleware - tracing', '  request handler'],
    purge: [
      'POST /events (server)',
      '  middleware - tracing',
      '  request handler',
      '    evalsha (client)',
      '    set (client)',
    ],
    broken: ['GET /broken (server)', '  middleware - tracing', '  request handler', '    NOSUCH (client)'],
  },
  koa: {
    fill: [
      'GET /events/:id (server)',
      '  cache miss',
      '  middleware - tracing',
      '    router - /events/:id',
      '      router - /events/:id',
      '        get (client)',
    ],
    hit: ['GET /events/:id (server)', '  cache hit', '  middleware - tracing', '    router - /events/:id'],
    purge: [
      'POST /events (server)',
      '  middleware - tracing',
      '    router - /events',
      '      evalsha (client)',
      '      set (client)',
    ],
    broken: ['GET /broken (server)', '  middleware - tracing', '    router - /broken', '      NOSUCH (client)'],
  },
} as const

describe('a traced service', function () {
  this.timeout(60_000)
  let project: PackedProject
  let redis: RedisServer
  before(async () => {
    project = packServices()
    redis = await startRedis()
  })
  after(async () => {
    project?.remove()
    await redis?.end()
  })

  for (const [file, flag, protocol] of [
    ['express.mjs', '--import', 'http/protobuf'],
    ['express.mjs', '--import', 'http/json'],
    ['express.cjs', '--require', 'http/json'],
    ['express.cjs', '--require', 'http/protobuf'],
    ['koa.mjs', '--import', 'http/json'],
    ['koa.mjs', '--import', 'http/protobuf'],
    ['koa.cjs', '--require', 'http/protobuf'],
    ['koa.cjs', '--require', 'http/json'],
  ] as const) {
    describe(`${file}, ${flag}, ${protocol}`, () => {
      const tree = trees[file.startsWith('koa') ? 'koa' : 'express']
      let collector: Collector
      let service: Service
      let spans: CollectedSpan[]
      let ending: Awaited<ReturnType<Service['end']>>
      const roots = () => spans.filter(({ kind }) => kind === 'server').toSorted((a, b) => a.startedAt - b.startedAt)

      before(async () => {
        collector = await startCollector()
        service = await startService(project, file, [flag, '@larder/tracing/register'], {
          REDIS_URL: redis.url,
          OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
          OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
          OTEL_EXPORTER_OTLP_HEADERS: 'x-team=buddies',
          OTEL_SERVICE_NAME: 'link-up-buddy',
          OTEL_SERVICE_VERSION: '2.3.4',
          OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=staging',
        })
        const url = `http://127.0.0.1:${service.port}`
        const headers = { Cookie: '_ga=canary-cookie', 'X-Secret': 'canary-header' }
        for (const [method, path] of [
          ['GET', '/events/7?token=canary-token'],
          ['GET', '/events/7?token=canary-token'],
          ['POST', '/events'],
          ['GET', '/broken'],
        ] as const)
          await (await fetch(url + path, { method, headers })).arrayBuffer()
        // What waits is sent when the process ends.
        ending = await service.end('SIGTERM')
        spans = collector.spans()
      })
      after(() => collector?.close())

      it('HTTP, middleware, handler and Redis are one trace, each below its parent, and a hit has no Redis', () => {
        const [fill, hit, purge, broken] = roots().map(each => treeOf(traceOf(spans, each)))
        expect(fill).to.deep.equal(tree.fill)
        expect(hit).to.deep.equal(tree.hit)
        // A server that never saw the script is asked twice.
        expect(purge?.filter(line => !line.includes(' eval '))).to.deep.equal(tree.purge)
        expect(broken).to.deep.equal(tree.broken)
        expect(roots()).to.have.length(4)
      })

      it('the server span has route, status and what the cache made of it', () => {
        const [fill, hit, , broken] = roots()
        const common = { 'http.route': '/events/:id', 'http.request.method': 'GET', 'http.response.status_code': 200 }
        expect(fill!.attributes).to.include({ ...common, 'larder.cache.status': 'miss', 'larder.cache.stored': true })
        expect(hit!.attributes).to.include({ ...common, 'larder.cache.status': 'hit', 'larder.cache.age': 0 })
        expect(broken!.attributes).to.include({ 'http.route': '/broken', 'http.response.status_code': 500 })
        expect(broken!.status.code).to.equal(2)
        expect(broken!.events.map(({ name, attributes }) => [name, attributes['exception.type']])).to.deep.include([
          'exception',
          'ReplyError',
        ])
      })

      it('no span begins before its parent', () => {
        for (const span of spans) {
          const parent = spans.find(({ spanId }) => spanId === span.parentSpanId)
          if (parent === undefined || parent.kind !== 'server') continue
          // A millisecond is what the clocks of spans differ by.
          expect(span.startedAt, span.name).to.be.at.least(parent.startedAt - 1)
        }
      })

      it('comes as the variables say: headers, service, version, environment', () => {
        for (const { headers } of collector.deliveries) expect(headers['x-team']).to.equal('buddies')
        const type = protocol === 'http/json' ? 'application/json' : 'application/x-protobuf'
        expect(new Set(collector.deliveries.map(({ headers }) => headers['content-type']))).to.deep.equal(
          new Set([type]),
        )
        for (const { resource } of [...spans, ...collector.points()])
          expect(resource).to.include({
            'service.name': 'link-up-buddy',
            'service.version': '2.3.4',
            'deployment.environment.name': 'staging',
          })
      })

      it('metrics come too, of HTTP and of the cache', () => {
        const value = (metric: string, attributes: object) =>
          collector
            .points()
            .filter(point => point.metric === metric)
            .find(point => Object.entries(attributes).every(([name, value]) => point.attributes[name] === value))
        for (const status of ['miss', 'hit'])
          expect(value('larder.cache.requests', { 'larder.cache.status': status })?.value).to.equal(1)
        expect(value('larder.cache.hit_ratio', {})?.value).to.equal(0.5)
        expect(value('larder.cache.entries', {})?.value).to.be.a('number')
        expect(value('larder.cache.invalidations', { 'larder.cache.invalidation.kind': 'names' })?.value).to.equal(1)
        expect(value('http.server.request.duration', { 'http.route': '/events/:id' })?.count).to.equal(2)
      })

      it('tells no key, value, tag, URL, cookie or field', () => {
        expect(collector.text()).not.to.include('canary')
        expect(collector.text()).not.to.match(/\/events\/7|event:7/)
      })

      it('ends by its signal as it would without tracing, and says nothing', () => {
        expect([ending.code, ending.signal]).to.deep.equal([null, 'SIGTERM'])
        expect(service.errors()).to.equal('')
      })
    })
  }

  for (const [file, flag] of [
    ['express.mjs', '--import'],
    ['koa.cjs', '--require'],
  ] as const) {
    it(`${file}: what another process stored in Redis is a hit, and the cache’s own commands are in its trace`, async () => {
      const collector = await startCollector()
      const own = await startRedis()
      const env = { REDIS_URL: own.url, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, FAR: 'yes' }
      const services: Service[] = []
      try {
        for (const own of ['/events/98', '/events/99']) {
          const service = await startService(project, file, [flag, '@larder/tracing/register'], env)
          services.push(service)
          // What is stored before the log is reached for the first time does not outlive that.
          for (let turn = 0; turn < 100; turn++) {
            const answer = await service.get(own)
            await answer.arrayBuffer()
            if (/; hit/.test(answer.headers.get('cache-status') ?? '')) break
            await new Promise(resolve => setTimeout(resolve, 20))
          }
          // Several, since a slow machine is slower than the cache waits for Redis.
          for (let id = 0; id < 10; id++)
            await ask(service.port, `/events/7${id}`, { headers: { Host: 'buddies.example' } })
        }
        for (const service of services) await service.end()
        const spans = collector.spans()
        const hits = spans.filter(
          ({ kind, attributes }) => kind === 'server' && attributes['larder.cache.status'] === 'hit',
        )
        const trees = hits.map(hit => treeOf(traceOf(spans, hit)))
        const fromRedis = trees.find(lines => lines.some(line => line.endsWith('(client)')))
        expect(
          fromRedis?.map(line => line.trim()),
          JSON.stringify(trees),
        ).to.include('cache hit')
        const [far] = traceOf(spans, hits[trees.indexOf(fromRedis!)]!).filter(({ kind }) => kind === 'client')
        expect(far!.attributes['db.query.text']).to.match(/^[a-z]+$/)
        const outcomes = collector.points().filter(({ metric }) => metric === 'larder.cache.far.operations')
        expect(outcomes.map(({ attributes }) => attributes['larder.cache.outcome'])).to.include('hit')
        expect(collector.text()).not.to.match(/canary|\/events\/7/)
      } finally {
        for (const service of services) service.process.kill('SIGKILL')
        await collector.close()
        await own.end()
      }
    })
  }
})
