// O6: what leaves a service as spans and metrics holds no URL, key, tag, value or password, whichever way they went.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { root } from '../../scripts/setup.mjs'
import { type Collector, startCollector } from '../support/otlp-collector.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'

const asked = [
  '/items/canary-path?token=canary-token',
  '/items/canary-path?token=canary-token',
  '/nothing/canary-path?access_token=canary-token&X-Amz-Signature=canary',
  '/commands',
  '/unknown',
  '/auth',
  '/wrong-type',
  '/script',
  '/hello',
  '/data',
  '/outgoing',
]

for (const protocol of ['http/protobuf', 'http/json']) {
  describe(`telemetry of secrets, ${protocol}`, function () {
    this.timeout(40_000)
    let collector: Collector
    let redis: RedisServer
    let scraped = ''
    before(async () => {
      collector = await startCollector()
      redis = await startRedis()
      const { PATH, HOME } = process.env
      const service = fork(fileURLToPath(new URL('./telemetry-service.ts', import.meta.url)), {
        cwd: root,
        execArgv: ['--conditions=@larder/source', '--import', 'tsx', '--import', '@larder/tracing/register'],
        env: {
          PATH,
          HOME,
          REDIS_URL: redis.url,
          OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
          OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
          OTEL_METRICS_EXPORTER: 'otlp,prometheus',
          OTEL_EXPORTER_PROMETHEUS_HOST: '127.0.0.1',
          OTEL_EXPORTER_PROMETHEUS_PORT: '0',
          CANARY: 'canary-environment',
        },
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      })
      const [{ port }] = (await once(service, 'message')) as [{ port: number }]
      const url = `http://127.0.0.1:${port}`
      const headers = {
        Cookie: 'session=canary-cookie',
        Authorization: 'Bearer canary-token',
        'X-Api-Key': 'canary-field',
      }
      for (const path of asked) await (await fetch(url + path, { headers })).arrayBuffer()
      await (await fetch(url + asked[0])).arrayBuffer()
      scraped = await (await fetch(`${url}/metrics`)).text()
      service.send('end')
      await once(service, 'exit')
    })
    after(async () => {
      await collector?.close()
      await redis?.end()
    })

    it('O6: was asked all of it: spans of HTTP, of Redis and of the cache are there', () => {
      const names = new Set(collector.spans().map(({ name }) => name))
      expect([...names]).to.include.members(['GET /items/:id', 'cache miss', 'set', 'NOSUCH', 'AUTH', 'eval'])
      const clients = collector.spans().filter(({ kind, name }) => kind === 'client' && name === 'GET')
      expect(clients).to.have.length(1)
      // Once more without credentials, what Prometheus asked, and what the service asked itself.
      expect(collector.spans().filter(({ kind }) => kind === 'server')).to.have.length(asked.length + 3)
      expect(scraped).to.match(/^larder_cache_requests_total\{.*\} \d+/m)
    })

    it('O6: spans and metrics over OTLP hold no URL, key, tag, value or password', () => {
      const found = collector.text().match(/.{60}canary.{30}/gi)
      expect(found).to.equal(null)
    })

    it('O6: spans say which Redis command it was and which error, and nothing else of it', () => {
      const redisSpans = collector.spans().filter(({ attributes }) => attributes['db.system.name'] === 'redis')
      expect(redisSpans.length).to.be.greaterThan(10)
      for (const { attributes } of redisSpans) expect(attributes['db.query.text']).to.match(/^[a-zA-Z]+$/)
      const codes = collector
        .spans()
        .filter(({ status }) => status.code === 2)
        .flatMap(({ events }) => events.map(({ attributes }) => attributes['exception.message']))
      expect(new Set(codes)).to.deep.equal(new Set(['ERR', 'WRONGPASS', 'WRONGTYPE', 'MINE', 'NOPROTO']))
    })

    it('O6: what Prometheus is told holds none either', () => {
      expect(scraped).not.to.match(/canary/i)
    })

    it('O6: says nothing of the process that others have no business with', () => {
      for (const { resource } of collector.spans())
        expect(Object.keys(resource).filter(name => /^(process\.(command|owner)|host\.)/.test(name))).to.deep.equal([])
    })
  })
}
