// The compose file: what it sets is what the servers read, and what it names is there.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileFlags } from '@larder/core'
import { expect } from 'chai'
import { readSettings } from '../../examples/link-up-buddy/src/settings.ts'
import { root } from '../../scripts/setup.mjs'
import { until } from '../support/until.ts'

describe('examples/compose.yaml', () => {
  const text = readFileSync(join(root, 'examples/compose.yaml'), 'utf8')
  const variables = (from: string): Record<string, string> =>
    Object.fromEntries([...from.matchAll(/^ +([A-Z][A-Z_]+): (\S.*)$/gm)].map(([, name, value]) => [name, value]))
  const servers = variables(/^x-server:[\s\S]*?^\S/m.exec(text.slice(text.indexOf('x-server:')))?.[0] ?? '')

  it('sets variables that the servers know, with values that they take', () => {
    expect(Object.keys(servers)).to.include.members(['PORT', 'DATABASE_URL', 'REDIS_URL', 'LARDER_FLAGS_FILE'])
    const { config, drainDelay } = readSettings(servers, 'express')
    expect(config.redis?.url).to.equal(servers['REDIS_URL'])
    expect(config.tracing).to.include({ configured: true })
    expect(config.tracing.traces.endpoint).to.equal(servers['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'])
    expect(config.tracing.metrics.exporters).to.deep.equal(['prometheus'])
    expect(drainDelay).to.equal('2s')
  })

  it('names services, files and ports that are there', () => {
    const services = [...text.slice(text.indexOf('\nservices:')).matchAll(/^ {2}(\w+):$/gm)].map(([, name]) => name)
    expect(services).to.have.members(['express', 'koa', 'redis', 'postgres', 'jaeger', 'prometheus'])
    for (const address of ['DATABASE_URL', 'REDIS_URL', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'])
      expect(services).to.include(new URL(servers[address]!).hostname)
    const mounted = [...text.matchAll(/- (\.\/[\w./]+):/g)].map(([, path]) => path!)
    expect(mounted).to.have.members(['./flags', './prometheus.yml'])
    for (const path of [...mounted, 'Dockerfile', 'flags/flags.json'])
      expect(existsSync(join(root, 'examples', path)), path).to.equal(true)
    const scraped = /targets: \[(.*)\]/.exec(readFileSync(join(root, 'examples/prometheus.yml'), 'utf8'))?.[1]
    expect(scraped).to.equal(`"express:${servers['PORT']}", "koa:${servers['PORT']}"`)
  })

  it('has flags in a file that turns the cache on', async () => {
    const flags = fileFlags(join(root, 'examples/flags/flags.json'), { default: 'bypass' })
    await until(() => flags.mode() === 'on')
    flags.close()
  })
})
