// A real Prometheus scrapes Express and Koa, and answers PromQL with their hit ratio.

import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { installHint, providePrometheus } from '../../scripts/prometheus.mjs'

/** As docs/observability.md has it. */
const hitRatio =
  'sum by (framework) (larder_cache_requests_total{larder_cache_status=~"hit|stale"})' +
  ' / sum by (framework) (larder_cache_requests_total{larder_cache_status!="bypass"})'

describe('Prometheus', function () {
  this.timeout(60_000)
  const folder = mkdtempSync(join(tmpdir(), 'larder-prometheus-'))
  const processes: ChildProcess[] = []
  const killAll = () => {
    for (const each of processes) each.kill('SIGKILL')
  }
  const ports: Record<string, number> = {}
  let url = ''

  before(async function () {
    const program = providePrometheus()
    if (program === undefined) {
      console.log(`      ${installHint}`)
      this.skip()
    }
    process.once('exit', killAll)
    for (const framework of ['express', 'koa']) {
      const path = fileURLToPath(new URL('./scraped-service.ts', import.meta.url))
      const service = fork(path, [framework], {
        execArgv: ['--conditions=@larder/source', '--import', 'tsx'],
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      })
      processes.push(service)
      ports[framework] = ((await once(service, 'message')) as [{ port: number }])[0].port
    }
    const config = join(folder, 'prometheus.yml')
    const targets = Object.entries(ports).map(
      ([framework, port]) => `{ targets: ['127.0.0.1:${port}'], labels: { framework: ${framework} } }`,
    )
    writeFileSync(
      config,
      `scrape_configs: [{ job_name: larder, scrape_interval: 200ms, scrape_timeout: 200ms, static_configs: [${targets}] }]`,
    )
    const address = `127.0.0.1:${await freePort()}`
    url = `http://${address}`
    processes.push(
      spawn(
        program,
        [`--config.file=${config}`, `--storage.tsdb.path=${join(folder, 'data')}`, `--web.listen-address=${address}`],
        { stdio: 'ignore' },
      ),
    )
  })
  after(() => {
    process.off('exit', killAll)
    killAll()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
  })

  /** Ask until the answer holds what it is to hold. */
  async function query(
    promql: string,
    ready: (values: Record<string, number>) => boolean,
  ): Promise<Record<string, number>> {
    let values: Record<string, number> = {}
    for (let turn = 0; turn < 600; turn++) {
      values = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(promql)}`).then(valuesOf, () => ({}))
      if (ready(values)) return values
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    throw new Error(`${promql} → ${JSON.stringify(values)}`)
  }

  it('PromQL answers with the hit ratio of both', async () => {
    for (const [framework, requests] of [
      ['express', 4],
      ['koa', 2],
    ] as const)
      for (let i = 0; i < requests; i++) await (await fetch(`http://127.0.0.1:${ports[framework]}/events`)).text()

    const isThere = (values: Record<string, number>) => values['express'] === 0.75 && values['koa'] === 0.5
    expect(await query(hitRatio, isThere)).to.deep.equal({ express: 0.75, koa: 0.5 })
    expect(await query('max by (framework) (larder_cache_hit_ratio)', isThere)).to.deep.equal({
      express: 0.75,
      koa: 0.5,
    })
  })

  it('has the other metrics under the names that the page gives', async () => {
    const both = (values: Record<string, number>) => 'express' in values && 'koa' in values
    for (const name of [
      'larder_cache_operation_duration_count',
      'larder_cache_entries',
      'larder_cache_size',
      'larder_cache_log_lag',
    ])
      expect(await query(`max by (framework) (${name})`, both), name).to.have.keys('express', 'koa')
  })
})

async function valuesOf(answer: Response): Promise<Record<string, number>> {
  const { data } = (await answer.json()) as {
    data: { result: readonly { metric: { framework: string }; value: readonly [number, string] }[] }
  }
  return Object.fromEntries(data.result.map(({ metric, value }) => [metric.framework, Number(value[1])]))
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
