// A service as a process: what it loads, what it traces, and that it ends by itself.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { root } from '../../scripts/setup.mjs'
import { type Collector, type Manner, startCollector } from '../support/otlp-collector.ts'

const register = ['--import', '@larder/tracing/register']

describe('a service as a process', function () {
  this.timeout(60_000)
  let collector: Collector | undefined
  afterEach(() => collector?.close())

  async function run(env: Readonly<Record<string, string>>, flags: readonly string[] = [], does = 'nothing') {
    const file = fileURLToPath(new URL('service.ts', import.meta.url))
    const { PATH, HOME } = process.env
    const args = ['--conditions=@larder/source', '--import', 'tsx', ...flags, file, does]
    const child = spawn(process.execPath, args, {
      cwd: root,
      env: { PATH, HOME, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    let toldAt = 0
    child.stdout.on('data', chunk => {
      output += chunk
      toldAt = performance.now()
    })
    const [code] = (await once(child, 'close')) as [number | null]
    return { code, loaded: JSON.parse(output) as string[], endMs: performance.now() - toldAt }
  }

  for (const [env, loaded] of [
    [{}, []],
    [{ OTEL_SERVICE_NAME: 'web' }, []],
    [{ REDIS_PORT: '1' }, ['ioredis']],
    [
      { OTEL_TRACES_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' },
      ['@opentelemetry/sdk-trace-base'],
    ],
  ] as const)
    it(`with ${JSON.stringify(env)} loads ${loaded.join() || 'nothing more'}, and ends`, async () => {
      const { code, loaded: found, endMs } = await run(env)
      expect(found).to.deep.equal(loaded)
      expect(code).to.equal(0)
      expect(endMs).to.be.below(5000)
    })

  for (const [how, flags] of [
    ['by itself', []],
    ['by node --import, which it takes on', register],
  ] as const)
    it(`traces an application that is loaded behind it, started ${how}, and sends all of it before it ends`, async () => {
      collector = await startCollector()
      const { code } = await run(
        { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_SERVICE_NAME: 'web' },
        flags,
        'serve',
      )
      expect(code).to.equal(0)
      const spans = collector.spans()
      const server = spans.find(({ kind }) => kind === 'server')
      expect(server?.attributes).to.include({ 'http.route': '/events/:id', 'larder.cache.status': 'miss' })
      expect(server?.resource).to.include({ 'service.name': 'web' })
      // The instrumentation of Express has seen it being loaded.
      expect(spans.map(({ scope }) => scope)).to.include('@opentelemetry/instrumentation-express')
      expect(collector.points().map(({ metric }) => metric)).to.include('larder.cache.requests')
    })

  for (const manner of ['hang', 'refuse'] as Manner[])
    it(`ends with 0 though the collector does not take the last spans: ${manner}`, async () => {
      collector = await startCollector(manner)
      const { code, endMs } = await run({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }, [], 'serve')
      expect(code).to.equal(0)
      expect(endMs).to.be.below(9000)
    })
})
