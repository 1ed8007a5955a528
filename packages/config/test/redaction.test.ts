// A configuration is frozen, and its secrets are for who takes them by name.

import { inspect } from 'node:util'
import { expect } from 'chai'
import { loadConfig } from '../src/index.ts'

const config = loadConfig({
  REDIS_URL: 'redis://me:CANARY-1@cache:6379/1',
  REDIS_TLS: 'true',
  LAUNCHDARKLY_SDK_KEY: 'CANARY-2',
  OTEL_EXPORTER_OTLP_HEADERS: 'authorization=CANARY-3',
  OTEL_EXPORTER_OTLP_METRICS_HEADERS: 'x-key=CANARY-4',
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://me:CANARY-5@collector/v1/traces?token=CANARY-6',
  OTEL_EXPORTER_OTLP_ENDPOINT: 'https://me:CANARY-7@collector',
  OTEL_EXPORTER_ZIPKIN_ENDPOINT: 'https://me:CANARY-8@zipkin',
})
const withPassword = loadConfig({ REDIS_HOST: 'cache', REDIS_PASSWORD: 'CANARY-9' })

describe('a configuration', () => {
  const ways: readonly (readonly [string, (value: unknown) => string])[] = [
    ['printed', value => inspect(value, { depth: Number.POSITIVE_INFINITY })],
    ['printed with what is hidden', value => inspect(value, { depth: Number.POSITIVE_INFINITY, showHidden: true })],
    ['printed briefly', value => inspect(value, { depth: 1, compact: true, colors: true })],
    ['as JSON', value => JSON.stringify(value)],
    ['in a text', value => `${value}`],
  ]
  for (const [name, write] of ways) {
    it(`tells no secret ${name}, whole or in part`, () => {
      const { redis, tracing, launchDarkly } = config
      for (const part of [config, { deep: { config } }, redis, tracing, tracing.traces, launchDarkly, withPassword])
        expect(write(part)).not.to.include('CANARY')
    })
  }

  it('tells all the rest', () => {
    expect(JSON.parse(JSON.stringify(config))).to.deep.include({
      redis: { url: 'redis://[hidden]@cache:6379/1', tls: {}, keyPrefix: 'app:' },
      launchDarkly: { sdkKey: '[hidden]' },
    })
    expect(inspect(config.redis)).to.equal("{ url: 'redis://[hidden]@cache:6379/1', tls: {}, keyPrefix: 'app:' }")
    expect(inspect(withPassword.redis)).to.include("host: 'cache'").and.to.include("password: '[hidden]'")
    const { traces } = JSON.parse(JSON.stringify(config.tracing))
    expect(traces).to.include({ endpoint: 'https://[hidden]@collector/v1/traces?[hidden]' })
    expect(traces.headers).to.deep.equal({ authorization: '[hidden]' })
  })

  it('gives each secret to who takes it, and to who copies the part', () => {
    expect(config.redis?.url).to.equal('redis://me:CANARY-1@cache:6379/1')
    expect({ ...config.redis }.url).to.include('CANARY-1')
    expect({ ...withPassword.redis }.password).to.equal('CANARY-9')
    expect(structuredClone(config.launchDarkly)?.sdkKey).to.equal('CANARY-2')
    expect({ ...config.tracing.metrics.headers }).to.deep.equal({ authorization: 'CANARY-3', 'x-key': 'CANARY-4' })
    expect(config.tracing.metrics.endpoint).to.equal('https://me:CANARY-7@collector/v1/metrics')
  })

  it('is frozen all the way down', () => {
    const open: string[] = []
    function visit(value: unknown, path: string): void {
      if (typeof value !== 'object' || value === null) return
      if (!Object.isFrozen(value)) open.push(path)
      for (const [name, each] of Object.entries(value)) visit(each, `${path}.${name}`)
    }
    visit(config, 'config')
    visit(loadConfig({ REDIS_SENTINELS: 'a,b', OTEL_RESOURCE_ATTRIBUTES: 'a=b' }), 'config')
    expect(open).to.deep.equal([])
  })

  it('shares nothing with another', () => {
    const [one, other] = [loadConfig({ REDIS_SENTINELS: 'a' }), loadConfig({ REDIS_SENTINELS: 'a' })]
    expect(one.redis?.sentinels).not.to.equal(other.redis?.sentinels)
    expect(one).to.deep.equal(other)
  })
})
