// loadConfig(): what each variable comes to, and what holds without it.

import { execFileSync } from 'node:child_process'
import { expect } from 'chai'
import { type Config, loadConfig } from '../src/index.ts'

const redisOf = (env: Record<string, string>) => ({ ...loadConfig(env).redis })
const tracingOf = (env: Record<string, string>) => loadConfig(env).tracing

describe('loadConfig', () => {
  it('has a default for everything', () => {
    expect(loadConfig({})).to.deep.equal({
      redis: undefined,
      cache: {
        name: 'default',
        maxBytes: 67_108_864,
        defaultTtl: '1h',
        coherenceBound: '5s',
        waitTimeout: '2s',
        fillTimeout: '30s',
        farDeadline: '50ms',
        breakerFailures: 5,
        breakerReset: '60s',
        healthInterval: '30s',
      },
      store: {
        prefix: 'larder:',
        maxEntryBytes: 2_097_152,
        log: { tick: '500ms', retention: '7d', deadline: '1s', replicas: 0, confirmReplicas: 0 },
      },
      log: { prefix: 'larder:', tick: '500ms', retention: '7d', deadline: '1s', replicas: 0, confirmReplicas: 0 },
      flags: { flag: 'redis-caching-enabled', default: 'on' },
      flagFile: undefined,
      launchDarkly: undefined,
      tracing: {
        configured: false,
        disabled: false,
        serviceName: 'unknown_service:node',
        serviceVersion: '1.0.0',
        environment: undefined,
        resourceAttributes: {},
        sampler: 'parentbased_always_on',
        samplerRatio: 1,
        traces: {
          exporters: ['otlp'],
          endpoint: 'http://localhost:4318/v1/traces',
          headers: {},
          protocol: undefined,
          compression: 'none',
          timeoutMs: 10_000,
        },
        metrics: {
          exporters: ['otlp'],
          endpoint: 'http://localhost:4318/v1/metrics',
          headers: {},
          protocol: undefined,
          compression: 'none',
          timeoutMs: 10_000,
          intervalMs: 60_000,
        },
        zipkinEndpoint: 'http://localhost:9411/api/v2/spans',
      },
      server: { port: 3000 },
    } satisfies Config)
  })

  it('reads process.env when it is given nothing', () => {
    const source = new URL('../src/index.ts', import.meta.url)
    const script = `import('${source}').then(({ loadConfig }) => console.log(loadConfig().server.port))`
    const args = ['--conditions=@larder/source', '--import', 'tsx', '--eval', script]
    const output = execFileSync(process.execPath, args, { env: { ...process.env, PORT: '8123' }, encoding: 'utf8' })
    expect(output.trim()).to.equal('8123')
  })

  it('takes empty variables for absent ones, and no notice of those of others', () => {
    const empty = {
      REDIS_URL: '',
      REDIS_HOST: ' ',
      REDIS_PASSWORD: '',
      LARDER_MODE: '',
      LARDER_NO_SUCH: '',
      PORT: '\t',
    }
    const others = { REDIS_SERVICE_HOST: '10.0.0.1', OTEL_BSP_MAX_QUEUE_SIZE: 'many', PATH: '/bin', HOSTNAME: 'a b' }
    expect(loadConfig({ ...empty, ...others })).to.deep.equal(loadConfig({}))
  })

  it('leaves out the spaces and the carriage return of a file from elsewhere', () => {
    expect(redisOf({ REDIS_HOST: ' cache.internal\r', REDIS_PORT: '6380\r\n' })).to.include({
      host: 'cache.internal',
      port: 6380,
    })
  })

  it('leaves out the line break of a secret from a file, where it cannot belong to it', () => {
    const config = loadConfig({
      REDIS_URL: ' redis://cache\n',
      LAUNCHDARKLY_SDK_KEY: 'sdk-1\n',
      OTEL_EXPORTER_OTLP_HEADERS: 'a=b\n',
    })
    expect(config.redis?.url).to.equal('redis://cache')
    expect(config.launchDarkly?.sdkKey).to.equal('sdk-1')
    expect({ ...config.tracing.traces.headers }).to.deep.equal({ a: 'b' })
  })

  describe('Redis', () => {
    const cases: readonly (readonly [string, Record<string, string>, object | undefined])[] = [
      ['nothing', {}, undefined],
      ['a prefix for keys says nothing of a Redis', { REDIS_KEY_PREFIX: 'shop:' }, undefined],
      ['a host', { REDIS_HOST: 'cache' }, { host: 'cache', port: 6379, keyPrefix: 'app:' }],
      ['a port alone', { REDIS_PORT: '6380' }, { host: 'localhost', port: 6380, keyPrefix: 'app:' }],
      [
        'a password alone',
        { REDIS_PASSWORD: 'p' },
        { host: 'localhost', port: 6379, password: 'p', keyPrefix: 'app:' },
      ],
      [
        'all of one server',
        {
          REDIS_HOST: '10.0.0.7',
          REDIS_PORT: '6380',
          REDIS_USERNAME: 'larder',
          REDIS_PASSWORD: ' p@ss:word/ ',
          REDIS_DB: '3',
          REDIS_TLS: 'TRUE',
          REDIS_FAMILY: '6',
          REDIS_KEY_PREFIX: 'shop:',
        },
        {
          host: '10.0.0.7',
          port: 6380,
          username: 'larder',
          password: ' p@ss:word/ ',
          db: 3,
          tls: {},
          family: 6,
          keyPrefix: 'shop:',
        },
      ],
      ['no TLS', { REDIS_HOST: 'a', REDIS_TLS: '0' }, { host: 'a', port: 6379, keyPrefix: 'app:' }],
      ['an address of IPv6', { REDIS_HOST: '::1' }, { host: '::1', port: 6379, keyPrefix: 'app:' }],
      [
        'a URL, and what it says stays with it',
        { REDIS_URL: 'redis://u:p@h:1/2' },
        { url: 'redis://u:p@h:1/2', keyPrefix: 'app:' },
      ],
      [
        'a URL with what it does not say',
        { REDIS_URL: 'redis://h', REDIS_USERNAME: 'u', REDIS_PASSWORD: 'p', REDIS_DB: '0', REDIS_TLS: '1' },
        { url: 'redis://h', username: 'u', password: 'p', db: 0, tls: {}, keyPrefix: 'app:' },
      ],
      ['a URL with TLS', { REDIS_URL: 'rediss://h' }, { url: 'rediss://h', keyPrefix: 'app:' }],
      [
        'Sentinels',
        { REDIS_SENTINELS: 'one:26380, two,[::1]:26381 , [fe80::1%eth0]', REDIS_SENTINEL_NAME: 'main', REDIS_DB: '1' },
        {
          sentinels: [
            { host: 'one', port: 26_380 },
            { host: 'two', port: 26_379 },
            { host: '::1', port: 26_381 },
            { host: 'fe80::1%eth0', port: 26_379 },
          ],
          name: 'main',
          db: 1,
          keyPrefix: 'app:',
        },
      ],
      [
        'Sentinels of the usual name',
        { REDIS_SENTINELS: 'a' },
        { sentinels: [{ host: 'a', port: 26_379 }], name: 'mymaster', keyPrefix: 'app:' },
      ],
      [
        'a Cluster',
        { REDIS_CLUSTER_NODES: '10.0.0.1:7000,10.0.0.2', REDIS_PASSWORD: 'p', REDIS_DB: '0' },
        {
          cluster: [
            { host: '10.0.0.1', port: 7000 },
            { host: '10.0.0.2', port: 6379 },
          ],
          password: 'p',
          db: 0,
          keyPrefix: 'app:',
        },
      ],
    ]
    for (const [name, env, expected] of cases)
      it(name, () => {
        if (expected === undefined) expect(loadConfig(env).redis).to.equal(undefined)
        else expect(redisOf(env)).to.deep.equal(expected)
      })
  })

  it('reads every option of the cache', () => {
    const config = loadConfig({
      LARDER_MODE: 'read-only',
      LARDER_NAME: 'pages',
      LARDER_MAX_BYTES: '2GiB',
      LARDER_MAX_ENTRY_BYTES: '512KiB',
      LARDER_DEFAULT_TTL: '90',
      LARDER_COHERENCE_BOUND: '1.5s',
      LARDER_WAIT_TIMEOUT: '250ms',
      LARDER_FILL_TIMEOUT: '1m',
      LARDER_FAR_DEADLINE: '20ms',
      LARDER_BREAKER_FAILURES: '3',
      LARDER_BREAKER_RESET: '2m',
      LARDER_HEALTH_INTERVAL: '10s',
      LARDER_PREFIX: 'shop:',
      LARDER_STORE_MAX_ENTRY_BYTES: '4MiB',
      LARDER_LOG_TICK: '1s',
      LARDER_LOG_RETENTION: '1d',
      LARDER_LOG_DEADLINE: '0.5',
      LARDER_LOG_REPLICAS: '1',
      LARDER_LOG_CONFIRM_REPLICAS: '2',
    })
    expect(config.flags.default).to.equal('read-only')
    expect(config.cache).to.deep.equal({
      name: 'pages',
      maxBytes: 2 ** 31,
      maxEntryBytes: 2 ** 19,
      defaultTtl: 90,
      coherenceBound: '1.5s',
      waitTimeout: '250ms',
      fillTimeout: '1m',
      farDeadline: '20ms',
      breakerFailures: 3,
      breakerReset: '2m',
      healthInterval: '10s',
    })
    const log = { tick: '1s', retention: '1d', deadline: 0.5, replicas: 1, confirmReplicas: 2 }
    expect(config.store).to.deep.equal({ prefix: 'shop:', maxEntryBytes: 2 ** 22, log })
    expect(config.log).to.deep.equal({ prefix: 'shop:', ...log })
  })

  it('takes bytes without a unit, and in bytes', () => {
    expect(loadConfig({ LARDER_MAX_BYTES: '1048576' }).cache.maxBytes).to.equal(2 ** 20)
    expect(loadConfig({ LARDER_MAX_BYTES: '1B' }).cache.maxBytes).to.equal(1)
  })

  it('reads the flag service and the server', () => {
    const config = loadConfig({
      LAUNCHDARKLY_SDK_KEY: 'sdk-1',
      LAUNCHDARKLY_FLAG: 'cache',
      PORT: '0',
      HOST: '127.0.0.1',
    })
    expect({ ...config.launchDarkly }).to.deep.equal({ sdkKey: 'sdk-1' })
    expect(config.flags).to.deep.equal({ flag: 'cache', default: 'on' })
    expect(config.server).to.deep.equal({ port: 0, host: '127.0.0.1' })
    expect(loadConfig({ LAUNCHDARKLY_FLAG: 'cache' }).launchDarkly).to.equal(undefined)
    expect(loadConfig({ LARDER_FLAGS_FILE: 'flags.json' }).flagFile).to.equal('flags.json')
  })

  for (const [env, isConfigured] of [
    [{}, false],
    [{ OTEL_SERVICE_NAME: 'web', OTEL_TRACES_SAMPLER: 'always_on', OTEL_EXPORTER_OTLP_HEADERS: 'a=b' }, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }, true],
    [{ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://collector:4318/v1/metrics' }, true],
    [{ OTEL_TRACES_EXPORTER: 'console' }, true],
    [{ OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'prometheus' }, true],
    [{ OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' }, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318', OTEL_SDK_DISABLED: 'true' }, false],
  ] as const)
    it(`${isConfigured ? 'wants' : 'does not want'} telemetry with ${JSON.stringify(env)}`, () => {
      expect(tracingOf(env).configured).to.equal(isConfigured)
    })

  describe('OpenTelemetry specification', () => {
    it('puts the path of the signal behind the common endpoint, and takes its own as it is', () => {
      const common = tracingOf({ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector.example/otel/' })
      expect(common.traces.endpoint).to.equal('https://collector.example/otel/v1/traces')
      expect(common.metrics.endpoint).to.equal('https://collector.example/otel/v1/metrics')
      const own = tracingOf({
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a:1',
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://b:2/',
      })
      expect(own.traces.endpoint).to.equal('http://b:2/')
      expect(own.metrics.endpoint).to.equal('http://a:1/v1/metrics')
    })

    it('prefers the headers of a signal', () => {
      const { traces, metrics } = tracingOf({
        OTEL_EXPORTER_OTLP_HEADERS: 'api-key = abc%2C%20d, x-team=web,',
        OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-team=traces,x-empty=',
      })
      expect({ ...traces.headers }).to.deep.equal({ 'api-key': 'abc, d', 'x-team': 'traces', 'x-empty': '' })
      expect({ ...metrics.headers }).to.deep.equal({ 'api-key': 'abc, d', 'x-team': 'web' })
    })

    it('takes name, version and environment of the service from the attributes, unless they have variables', () => {
      const attributes = 'service.name=shop,service.version=2.1.0,deployment.environment.name=staging,team=a%3Db'
      expect(tracingOf({ OTEL_RESOURCE_ATTRIBUTES: attributes, NODE_ENV: 'production' })).to.deep.include({
        serviceName: 'shop',
        serviceVersion: '2.1.0',
        environment: 'staging',
        resourceAttributes: { team: 'a=b' },
      })
      const variables = { OTEL_SERVICE_NAME: 'till', OTEL_SERVICE_VERSION: '3.0.0', NODE_ENV: 'production' }
      expect(tracingOf({ OTEL_RESOURCE_ATTRIBUTES: 'service.name=shop', ...variables })).to.deep.include({
        serviceName: 'till',
        serviceVersion: '3.0.0',
        environment: 'production',
        resourceAttributes: {},
      })
    })

    it('reads exporters, sampler, transport and the switch', () => {
      const tracing = tracingOf({
        OTEL_SDK_DISABLED: 'True',
        OTEL_TRACES_EXPORTER: 'otlp, zipkin,otlp',
        OTEL_METRICS_EXPORTER: 'none',
        OTEL_TRACES_SAMPLER: 'traceidratio',
        OTEL_TRACES_SAMPLER_ARG: '.25',
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
        OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
        OTEL_EXPORTER_OTLP_TIMEOUT: '2500',
        OTEL_METRIC_EXPORT_INTERVAL: '15000',
        OTEL_EXPORTER_ZIPKIN_ENDPOINT: 'http://zipkin:9411/api/v2/spans',
      })
      expect(tracing).to.deep.include({ disabled: true, sampler: 'traceidratio', samplerRatio: 0.25 })
      expect(tracing.zipkinEndpoint).to.equal('http://zipkin:9411/api/v2/spans')
      expect(tracing.traces).to.deep.include({
        exporters: ['otlp', 'zipkin'],
        protocol: 'http/json',
        compression: 'gzip',
        timeoutMs: 2500,
      })
      expect(tracing.metrics).to.deep.include({ exporters: [], intervalMs: 15_000 })
    })
  })
})
