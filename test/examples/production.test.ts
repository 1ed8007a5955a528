// The examples with everything that production has: Redis, flags from a file, traces, metrics, health; and their end under load.

import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { installHint, providePrometheus } from '../../scripts/prometheus.mjs'
import { root } from '../../scripts/setup.mjs'
import { load } from '../lifecycle/load.ts'
import { type CollectedSpan, type Collector, startCollector } from '../support/otlp-collector.ts'
import { freePort, type RedisServer, startRedis } from '../support/redis-server.ts'
import { type MadeData, makeDataFolder } from './made-data.ts'
import { type ExampleServer, start } from './server.ts'

describe('the examples in production', function () {
  this.timeout(180_000)
  let data: MadeData
  let redis: RedisServer
  let collector: Collector
  before(async () => {
    data = await makeDataFolder()
    redis = await startRedis()
    collector = await startCollector()
  })
  after(async () => {
    await collector?.close()
    await redis?.end()
    data?.remove()
  })

  for (const name of ['express', 'koa'])
    describe(name, () => {
      let server: ExampleServer
      let flagFile: string
      let folder: string
      const save = (value: unknown): void =>
        writeFileSync(flagFile, JSON.stringify({ flagValues: { 'redis-caching-enabled': value } }))

      before(async () => {
        folder = data.copy()
        flagFile = join(folder, 'flags.json')
        save(true)
        server = await start(name, {
          DATA_DIR: folder,
          REDIS_URL: redis.url,
          LARDER_PREFIX: `${name}:`,
          LARDER_FLAGS_FILE: flagFile,
          OTEL_SERVICE_NAME: `buddies-${name}`,
          OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
          OTEL_METRICS_EXPORTER: 'prometheus',
          OTEL_BSP_SCHEDULE_DELAY: '200',
          OTEL_EXPORTER_PROMETHEUS_PORT: String(await freePort()),
        })
      })
      after(() => server?.end())

      const statusOf = async (path: string): Promise<string> => String((await server.ask(path)).headers['cache-status'])

      /** Asked over and over. Resolves to how long it took. */
      async function untilItSays(path: string, expected: RegExp): Promise<number> {
        const askedAt = performance.now()
        let last = await statusOf(path)
        for (; !expected.test(last); last = await statusOf(path))
          expect(performance.now() - askedAt, `${path} still says ${last}`).to.be.below(10_000)
        return performance.now() - askedAt
      }

      it('starts in order, and says what it is made of', () => {
        const started = [...server.output().matchAll(/part"?: ?["'](\w+)["'].*a part has started/g)].map(
          ([, part]) => part,
        )
        expect(started).to.deep.equal(['tracing', 'redis', 'flags', 'cache', 'database', 'server'])
        expect(server.output()).to.include('with tracing, Redis, flags from a file')
        expect(server.output()).to.include('metrics at start')
      })

      it('the flag in its file turns the cache off and on within a second', async () => {
        await untilItSays('/buddies/8', /; hit/)
        const [off, on]: [number[], number[]] = [[], []]
        for (let round = 0; round < 3; round++) {
          save(false)
          off.push(await untilItSays('/buddies/8', /fwd=bypass; detail=flag/))
          save(true)
          on.push(await untilItSays('/buddies/8', /; hit/))
        }
        for (const times of [off, on])
          expect(Math.min(...times), 'the best of three, for a machine that is busy').to.be.below(1000)
      })

      it('health has the database, memory, Redis and the log of purges', async () => {
        const { status, json } = await server.ask('/health')
        expect(status).to.equal(200)
        expect(json.checks.database[0]).to.include({ status: 'pass' })
        expect(Object.keys(json.checks)).to.include.members(['cache:memory', 'cache:far', 'cache:log', 'database'])
      })

      it('traces a request down to Redis, with what the cache made of it', async () => {
        await server.ask('/events/90')
        const isIt = (each: CollectedSpan): boolean =>
          isOurs(each) && each.kind === 'server' && each.attributes['http.route'] === '/events/:id'
        const spans = await collector.until(all => all.some(isIt), 20_000)
        const span = spans.find(isIt)!
        expect(span.attributes).to.include({ 'larder.cache.status': 'miss', 'larder.cache.stored': true })
        const names = spans.filter(({ traceId }) => traceId === span.traceId).map(each => each.name)
        expect(names).to.include('cache miss')
        const isRedis = spans
          .filter(isOurs)
          .some(({ attributes }) => attributes['db.system'] === 'redis' || attributes['db.system.name'] === 'redis')
        expect(isRedis, 'commands of Redis').to.equal(true)
      })

      it('has its metrics for Prometheus', async () => {
        const { status, headers, text } = await server.ask('/metrics')
        expect(status).to.equal(200)
        expect(headers['content-type']).to.match(/^text\/plain/)
        expect(text).to.match(/^larder_cache_hit_ratio\{.*\} 0\.\d+/m)
        expect(text).to.include(`service_name="buddies-${name}"`)
      })

      it('a Prometheus scrapes it by examples/prometheus.yml, and answers with its hit ratio', async function () {
        const program = providePrometheus()
        if (program === undefined) {
          console.log(`          ${installHint}`)
          this.skip()
        }
        const address = `127.0.0.1:${await freePort()}`
        const config = join(folder, 'prometheus.yml')
        const ours = readFileSync(join(root, 'examples/prometheus.yml'), 'utf8')
          .replace('"express:3000", "koa:3000"', `"127.0.0.1:${new URL(server.url).port}"`)
          .replace('scrape_interval: 5s', 'scrape_interval: 500ms')
        writeFileSync(config, ours)
        const args = [
          `--config.file=${config}`,
          `--storage.tsdb.path=${join(folder, 'tsdb')}`,
          `--web.listen-address=${address}`,
        ]
        const prometheus = spawn(program, args, { stdio: 'ignore' })
        const kill = (): void => void prometheus.kill('SIGKILL')
        process.once('exit', kill)
        try {
          const promql = `larder_cache_hit_ratio{job="link-up-buddy"}`
          let ratio = 0
          for (const until = Date.now() + 60_000; !(ratio > 0); await new Promise(resolve => setTimeout(resolve, 50))) {
            expect(Date.now(), promql).to.be.below(until)
            ratio = await fetch(`http://${address}/api/v1/query?query=${encodeURIComponent(promql)}`).then(
              ratioOf,
              () => 0,
            )
          }
          expect(ratio).to.be.within(0.01, 1)
        } finally {
          process.off('exit', kill)
          kill()
        }
      })

      it('SIGTERM under load: no response is lost, the metrics are told, the last spans sent, and it ends with 0', async () => {
        const paths = ['/events/91', '/buddies/9', '/events?near=52.52,13.40', '/pages/events/92', '/search?q=tea']
        const bodies = Object.fromEntries(
          await Promise.all(
            // The clients compare bytes.
            paths.map(async path => [path, Buffer.from((await server.ask(path)).text).toString('latin1')] as const),
          ),
        )
        const clients = load(Number(new URL(server.url).port), 30, undefined, bodies)
        await clients.answered(600)
        const [{ code }, outcome] = await Promise.all([server.end(), clients.ended])
        expect(outcome.lost).to.deep.equal([])
        expect(outcome.lastWords, 'each connection was told to close').to.equal(30)
        expect(code, server.output()).to.equal(0)
        expect(server.output()).not.to.include('something that is no part keeps the process')
        const stopped = [...server.output().matchAll(/part"?: ?["'](\w+)["'].*a part has stopped/g)].map(
          ([, part]) => part,
        )
        expect(stopped).to.deep.equal(['server', 'database', 'cache', 'flags', 'redis', 'tracing'])
        expect(server.output()).to.include('metrics at shutdown')
        const served = collector
          .spans()
          .filter(each => isOurs(each) && each.attributes['http.route'] === '/buddies/:id')
        expect(served, 'spans of the load').not.to.have.length(0)
      })

      function isOurs({ resource }: { readonly resource: Readonly<Record<string, unknown>> }): boolean {
        return resource['service.name'] === `buddies-${name}`
      }
    })
})

async function ratioOf(answer: Response): Promise<number> {
  const { data } = (await answer.json()) as { data: { result: readonly { value: readonly [number, string] }[] } }
  return Number(data.result[0]?.value[1] ?? 0)
}
