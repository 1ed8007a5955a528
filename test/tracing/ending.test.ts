// A process with tracing ends when it would end without: by itself, by a signal of its own handling, and with a collector that hangs.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { root } from '../../scripts/setup.mjs'
import { type Collector, type Manner, startCollector } from '../support/otlp-collector.ts'

const span = "import { trace } from '@opentelemetry/api'\ntrace.getTracer('test').startSpan('work').end()\n"
const register = ['--import', '@larder/tracing/register']

describe('a process with tracing', function () {
  this.timeout(30_000)
  // Inside the repository, so that its packages are found.
  mkdirSync(join(root, '.cache'), { recursive: true })
  const folder = mkdtempSync(join(root, '.cache/ending-'))
  after(() => rmSync(folder, { recursive: true }))
  let collector: Collector
  afterEach(() => collector?.close())

  async function run(manner: Manner, flags: readonly string[], code: string, signal?: NodeJS.Signals) {
    collector = await startCollector(manner)
    const file = join(folder, 'script.mjs')
    writeFileSync(file, code)
    const { PATH, HOME } = process.env
    const child = spawn(process.execPath, ['--conditions=@larder/source', '--import', 'tsx', ...flags, file], {
      cwd: root,
      env: { PATH, HOME, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let readyAt = 0
    child.stdout.on('data', () => {
      readyAt = performance.now()
      if (signal !== undefined) child.kill(signal)
    })
    const [exitCode, by] = (await once(child, 'exit')) as [number | null, string | null]
    return { exitCode, by, tookMs: performance.now() - readyAt, names: collector.spans().map(({ name }) => name) }
  }
  const ready = "console.log('ready')\n"

  it('that was registered sends what is waiting when it ends by itself', async () => {
    const { exitCode, names } = await run('answer', register, span + ready)
    expect([exitCode, names]).to.deep.equal([0, ['work']])
  })

  it('is held no longer than the deadline by a collector that says nothing', async () => {
    const { exitCode, tookMs } = await run('hang', register, span + ready)
    expect(exitCode).to.equal(0)
    expect(tookMs).to.be.within(4_500, 9_000)
  })

  for (const manner of ['hang', 'refuse'] as const) {
    it(`is held by nothing after shutdown(), whatever was on its way: ${manner}`, async () => {
      const code = `
        import { startTracing } from '@larder/tracing'
        const tracing = startTracing({ deadline: '50ms' })
        ${span}
        if (await tracing.shutdown()) process.exitCode = 7\n`
      const { exitCode, tookMs } = await run(manner, [], code + ready)
      expect(exitCode).to.equal(0)
      expect(tookMs).to.be.at.most(3_000)
    })
  }

  for (const compression of ['none', 'gzip']) {
    it(`is held by nothing when there is no collector, and does not wait for one: ${compression}`, async () => {
      const nowhere = `process.env.OTEL_EXPORTER_OTLP_COMPRESSION = '${compression}'
        process.env.OTEL_EXPORTER_OTLP_ENDPOINT = 'http://127.0.0.1:1'
        await import('@larder/tracing/register')\n`
      const { exitCode, tookMs } = await run('answer', [], nowhere + span + ready)
      expect(exitCode).to.equal(0)
      expect(tookMs).to.be.at.most(3_000)
    })
  }

  it('is held by the one wait of a refused exporter when that outlasts the deadline, and by no second one', async () => {
    const code = `
      import { startTracing } from '@larder/tracing'
      const tracing = startTracing({ deadline: '300ms' })
      ${span}
      await tracing.flush()
      await tracing.shutdown()\n`
    const { exitCode, tookMs, names } = await run('refuse', [], code + ready)
    expect(exitCode).to.equal(0)
    expect(tookMs).to.be.at.most(4_050 + 2_000)
    // What is broken off may have been sent: it had a connection.
    expect(names).to.have.length.at.most(2)
  })

  it('is held by nothing after shutdown(), whatever was on its way: Zipkin hangs', async () => {
    const code = `
      import { startTracing, zipkin } from '@larder/tracing'
      const url = process.env.OTEL_EXPORTER_OTLP_ENDPOINT + '/api/v2/spans'
      const tracing = startTracing({ exporters: [zipkin({ url })], deadline: '50ms' })
      ${span}
      if (await tracing.shutdown()) process.exitCode = 7\n`
    const { exitCode, tookMs } = await run('hang', [], code + ready)
    expect(exitCode).to.equal(0)
    expect(tookMs).to.be.at.most(3_000)
  })

  it('is held by nothing while spans wait for their time', async () => {
    const { exitCode, tookMs } = await run(
      'answer',
      [],
      `import { startTracing } from '@larder/tracing'\nstartTracing()\n${span}${ready}`,
    )
    expect(exitCode).to.equal(0)
    expect(tookMs).to.be.at.most(3_000)
  })

  it('that handles its signal itself goes on, and its last spans are sent', async () => {
    const code = `
      const alive = setInterval(() => {}, 1000)
      process.once('SIGTERM', () => {
        clearInterval(alive)
        trace.getTracer('test').startSpan('last').end()
        process.exitCode = 7
      })\n`
    const { exitCode, by, names } = await run('answer', register, span + code + ready, 'SIGTERM')
    expect([exitCode, by]).to.deep.equal([7, null])
    expect(names).to.deep.equal(['work', 'last'])
  })

  it('that does not dies of it, and its spans are sent', async () => {
    const { exitCode, by, names } = await run(
      'answer',
      register,
      `${span}setInterval(() => {}, 1000)\n${ready}`,
      'SIGINT',
    )
    expect([exitCode, by, names]).to.deep.equal([null, 'SIGINT', ['work']])
  })

  it('traces nothing in its workers, and their loader’s hooks are no second one', async () => {
    const code = `
      import { Worker } from 'node:worker_threads'
      const code = "require('node:worker_threads').parentPort.postMessage(Boolean(globalThis[Symbol.for('larder.tracing')]))"
      new Worker(code, { eval: true }).once('message', there => console.log('ready', process.exitCode = there ? 1 : 0))\n`
    const { exitCode } = await run('answer', register, span + code)
    expect(exitCode).to.equal(0)
    expect(collector.spans()).to.have.length(1)
  })
})
