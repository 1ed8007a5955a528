// What cannot be: a line for each variable, all of them at once, and no secret in any.

import { expect } from 'chai'
import { type ConfigError, loadConfig } from '../src/index.ts'

type Env = Readonly<Record<string, string>>

function errorOf(env: Env): ConfigError {
  try {
    loadConfig(env)
  } catch (error) {
    return error as ConfigError
  }
  throw new Error(`nothing was wrong with ${JSON.stringify(env)}`)
}

const port = 'a whole number from 1 to 65535'
const duration = 'seconds, or a number with its unit as in 250ms, 30s, 5m, 2h, 1d'
const url =
  'redis://user:password@host:6379/0, or rediss:// for TLS, with anything special in the password percent-encoded'
const hidden = 'a value that is not shown'
const http = 'http://host or https://host, with port and path where needed'
const pair = 'name=value with commas between, and anything special in a value percent-encoded'
const oneHost = 'the name or address of a host, without scheme and port'
const hosts = (port: number) =>
  `host:port with commas between; without a port it is ${port}, and IPv6 stands in brackets`
const bytes = 'bytes from 1 up, or a number with its unit as in 512KiB, 64MiB, 2GiB'
const modes = 'on, bypass, read-only or stale-only'

/** What is given, and the lines that it comes to. */
const cases: readonly (readonly [Env, ...string[]])[] = [
  [{ REDIS_PORT: 'abc' }, `REDIS_PORT: 'abc' given, expected ${port}`],
  [{ REDIS_PORT: '0' }, `REDIS_PORT: '0' given, expected ${port}`],
  [{ REDIS_PORT: '65536' }, `REDIS_PORT: '65536' given, expected ${port}`],
  [{ REDIS_PORT: '6379.5' }, `REDIS_PORT: '6379.5' given, expected ${port}`],
  [{ REDIS_PORT: '0x18EB' }, `REDIS_PORT: '0x18EB' given, expected ${port}`],
  [{ REDIS_PORT: '6e3' }, `REDIS_PORT: '6e3' given, expected ${port}`],
  [{ REDIS_PORT: '-1' }, `REDIS_PORT: '-1' given, expected ${port}`],
  [
    { REDIS_HOST: 'redis', REDIS_PORT: 'tcp://10.96.0.7:6379' },
    `REDIS_PORT: 'tcp://10.96.0.7:6379' given, expected ${port}; Kubernetes sets this itself for a Service of that name: set it yourself, or enableServiceLinks to false`,
  ],
  [{ REDIS_HOST: 'cache:6379' }, `REDIS_HOST: 'cache:6379' given, expected ${oneHost}`],
  [{ REDIS_HOST: 'http://cache' }, `REDIS_HOST: 'http://cache' given, expected ${oneHost}`],
  [{ REDIS_HOST: 'redis://:CANARY@cache' }, `REDIS_HOST: '…@cache' given, expected ${oneHost}`],
  [{ REDIS_HOST: 'two words' }, `REDIS_HOST: 'two words' given, expected ${oneHost}`],
  [{ REDIS_HOST: 'cache,password=CANARY' }, `REDIS_HOST: ${hidden} given, expected ${oneHost}`],
  [{ REDIS_URL: 'cache:6379' }, `REDIS_URL: ${hidden} given, expected ${url}`],
  [{ REDIS_URL: 'http://user:CANARY@cache' }, `REDIS_URL: ${hidden} given, expected ${url}`],
  [{ REDIS_URL: 'redis://user:CAN/ARY#@cache' }, `REDIS_URL: ${hidden} given, expected ${url}`],
  [{ REDIS_URL: 'redis://cache/main' }, `REDIS_URL: ${hidden} given, expected ${url}`],
  [{ REDIS_URL: 'redis://ca\nche' }, `REDIS_URL: ${hidden} given, expected ${url}`],
  [{ REDIS_URL: 'redis://cache:0' }, `REDIS_URL: ${hidden} given, expected ${url}`],
  [{ REDIS_URL: 'redis://' }, `REDIS_URL: ${hidden} given, expected ${url}`],
  [{ REDIS_URL: 'redis://cache:99999' }, `REDIS_URL: ${hidden} given, expected ${url}`],
  [{ REDIS_PASSWORD: 'CANARY\n' }, `REDIS_PASSWORD: ${hidden} given, expected at most 1024 characters on one line`],
  [{ REDIS_DB: '1st' }, "REDIS_DB: '1st' given, expected a whole number from 0 to 9999"],
  [{ REDIS_DB: '-1' }, "REDIS_DB: '-1' given, expected a whole number from 0 to 9999"],
  [{ REDIS_TLS: 'yes' }, "REDIS_TLS: 'yes' given, expected true or false"],
  [{ REDIS_FAMILY: '5' }, "REDIS_FAMILY: '5' given, expected 0, 4 or 6"],
  [
    { REDIS_KEY_PREFIX: '{app}:' },
    "REDIS_KEY_PREFIX: '{app}:' given, expected at most 128 characters without spaces and braces",
  ],
  [{ REDIS_SENTINELS: 'one:26379;two' }, `REDIS_SENTINELS: 'one:26379;two' given, expected ${hosts(26_379)}`],
  [{ REDIS_SENTINELS: 'one,,two' }, `REDIS_SENTINELS: 'one,,two' given, expected ${hosts(26_379)}`],
  [{ REDIS_SENTINELS: 'one:0' }, `REDIS_SENTINELS: 'one:0' given, expected ${hosts(26_379)}`],
  [
    { REDIS_CLUSTER_NODES: 'redis://one:7000' },
    `REDIS_CLUSTER_NODES: 'redis://one:7000' given, expected ${hosts(6379)}`,
  ],
  [{ REDIS_CLUSTER_NODES: '::1:7000' }, `REDIS_CLUSTER_NODES: '::1:7000' given, expected ${hosts(6379)}`],
  [{ REDIS_CLUSTER_NODES: 'me:CANARY@one:7000' }, `REDIS_CLUSTER_NODES: '…@one:7000' given, expected ${hosts(6379)}`],
  [{ REDIS_URL: 'redis://a', REDIS_HOST: 'b' }, 'REDIS_HOST: given together with REDIS_URL, expected one of the two'],
  [
    { REDIS_SENTINELS: 'a', REDIS_CLUSTER_NODES: 'b', REDIS_HOST: 'c' },
    'REDIS_HOST: given together with REDIS_SENTINELS, expected one of the two',
    'REDIS_CLUSTER_NODES: given together with REDIS_SENTINELS, expected one of the two',
  ],
  [
    { REDIS_CLUSTER_NODES: 'a', REDIS_PORT: '6379' },
    'REDIS_PORT: given together with REDIS_CLUSTER_NODES, expected the port in there',
  ],
  [
    { REDIS_URL: 'redis://u:CANARY@h/1', REDIS_USERNAME: 'v', REDIS_PASSWORD: 'CANARY', REDIS_DB: '1' },
    'REDIS_USERNAME: given though REDIS_URL has one already, expected in one of the two',
    'REDIS_PASSWORD: given though REDIS_URL has one already, expected in one of the two',
    'REDIS_DB: given though REDIS_URL has one already, expected in one of the two',
  ],
  [
    { REDIS_URL: 'rediss://h', REDIS_TLS: 'false' },
    "REDIS_TLS: 'false' given, expected true, or redis:// in REDIS_URL",
  ],
  [{ REDIS_HOST: 'h', REDIS_USERNAME: 'u' }, 'REDIS_USERNAME: given without REDIS_PASSWORD, expected both'],
  [{ REDIS_SENTINEL_NAME: 'main' }, 'REDIS_SENTINEL_NAME: given without REDIS_SENTINELS, expected both'],
  [{ REDIS_URL: 'redis://a', REDIS_PORT: 'x' }, `REDIS_PORT: 'x' given, expected ${port}`],
  [
    { REDIS_CLUSTER_NODES: 'a', REDIS_DB: '2' },
    "REDIS_DB: '2' given, expected 0 with REDIS_CLUSTER_NODES: a Cluster has no other",
  ],
  [{ LARDER_MODE: 'off' }, `LARDER_MODE: 'off' given, expected ${modes}`],
  [{ LARDER_MODE: 'ON' }, `LARDER_MODE: 'ON' given, expected ${modes}`],
  [{ LARDER_MAX_BYTES: '64MB' }, `LARDER_MAX_BYTES: '64MB' given, expected ${bytes}`],
  [{ LARDER_MAX_BYTES: '0' }, `LARDER_MAX_BYTES: '0' given, expected ${bytes}`],
  [{ LARDER_MAX_BYTES: '999999999999999GiB' }, `LARDER_MAX_BYTES: '999999999999999GiB' given, expected ${bytes}`],
  [
    { LARDER_MAX_BYTES: '1MiB', LARDER_MAX_ENTRY_BYTES: '2MiB' },
    "LARDER_MAX_ENTRY_BYTES: '2MiB' given, expected at most LARDER_MAX_BYTES",
  ],
  [
    { LARDER_DEFAULT_TTL: '5 min' },
    `LARDER_DEFAULT_TTL: '5 min' given, expected a duration of at least 0s: ${duration}`,
  ],
  [{ LARDER_DEFAULT_TTL: '-5s' }, `LARDER_DEFAULT_TTL: '-5s' given, expected a duration of at least 0s: ${duration}`],
  [
    { LARDER_DEFAULT_TTL: '300000' },
    "LARDER_DEFAULT_TTL: '300000' given, expected seconds, and this looks like milliseconds: write '5m' or 300",
  ],
  [{ LARDER_FAR_DEADLINE: '2m' }, `LARDER_FAR_DEADLINE: '2m' given, expected a duration from 1ms to 60s: ${duration}`],
  [{ LARDER_LOG_TICK: '5ms' }, `LARDER_LOG_TICK: '5ms' given, expected a duration from 10ms to 60s: ${duration}`],
  [
    { LARDER_LOG_RETENTION: '30s' },
    `LARDER_LOG_RETENTION: '30s' given, expected a duration of at least 60s: ${duration}`,
  ],
  [
    { LARDER_BREAKER_FAILURES: 'five' },
    "LARDER_BREAKER_FAILURES: 'five' given, expected a whole number from 1 to 1000000",
  ],
  [{ LARDER_MAX_BYTE: '1' }, 'LARDER_MAX_BYTE: there is no such variable, did you mean LARDER_MAX_BYTES?'],
  [{ LARDER_TTL: '5m' }, 'LARDER_TTL: there is no such variable, did you mean LARDER_DEFAULT_TTL?'],
  [{ LARDER_PORT: '80' }, 'LARDER_PORT: there is no such variable, did you mean PORT?'],
  [
    { LAUNCHDARKLY_SDK_KEY: 'sdk CANARY' },
    `LAUNCHDARKLY_SDK_KEY: ${hidden} given, expected a key of printable characters without spaces`,
  ],
  [
    { LAUNCHDARKLY_FLAG: 'redis caching' },
    "LAUNCHDARKLY_FLAG: 'redis caching' given, expected the key of a flag: letters, digits, `.`, `_` and `-`",
  ],
  [{ OTEL_SDK_DISABLED: 'off' }, "OTEL_SDK_DISABLED: 'off' given, expected true or false"],
  [
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' },
    `OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' given, expected ${http}`,
  ],
  [
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector :4318' },
    `OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector :4318' given, expected ${http}`,
  ],
  [
    { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'grpc://u:CANARY@collector?k=CANARY' },
    `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: '…@collector?…' given, expected ${http}`,
  ],
  [{ OTEL_EXPORTER_OTLP_HEADERS: 'CANARY' }, `OTEL_EXPORTER_OTLP_HEADERS: ${hidden} given, expected ${pair}`],
  [{ OTEL_EXPORTER_OTLP_HEADERS: 'a=%0d%0aCANARY' }, `OTEL_EXPORTER_OTLP_HEADERS: ${hidden} given, expected ${pair}`],
  [{ OTEL_RESOURCE_ATTRIBUTES: 'team' }, `OTEL_RESOURCE_ATTRIBUTES: 'team' given, expected ${pair}`],
  [{ OTEL_RESOURCE_ATTRIBUTES: 'team=%zz' }, `OTEL_RESOURCE_ATTRIBUTES: 'team=%zz' given, expected ${pair}`],
  [
    { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    "OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' given, expected http/protobuf or http/json",
  ],
  [
    { OTEL_TRACES_EXPORTER: 'otlp,jaeger' },
    "OTEL_TRACES_EXPORTER: 'otlp,jaeger' given, expected some of otlp, zipkin, console with commas between, or none",
  ],
  [{ OTEL_TRACES_SAMPLER_ARG: '25%' }, "OTEL_TRACES_SAMPLER_ARG: '25%' given, expected a number from 0 to 1"],
  [{ OTEL_TRACES_SAMPLER_ARG: '1.01' }, "OTEL_TRACES_SAMPLER_ARG: '1.01' given, expected a number from 0 to 1"],
  [
    { OTEL_SERVICE_NAME: 'a\u0000b' },
    "OTEL_SERVICE_NAME: 'a\\u0000b' given, expected at most 1024 characters on one line",
  ],
  [{ PORT: '70000' }, "PORT: '70000' given, expected a whole number from 0 to 65535"],
  [{ PORT: 'x'.repeat(100) }, `PORT: '${'x'.repeat(40)}'… given, expected a whole number from 0 to 65535`],
  [{ HOST: 'localhost:3000' }, `HOST: 'localhost:3000' given, expected ${oneHost}`],
]

describe('loadConfig refuses', () => {
  for (const [env, ...lines] of cases) {
    it(JSON.stringify(env).slice(0, 100), () => {
      const error = errorOf(env)
      expect(error.code).to.equal('LARDER_INVALID_CONFIG')
      expect(error.problems.map(({ message }) => message)).to.deep.equal(lines)
      expect(`${error.stack}${JSON.stringify(error)}`).not.to.include('CANARY')
    })
  }

  it('all at once, in the order of the documentation, with the names of the variables', () => {
    const error = errorOf({
      PORT: 'x',
      LARDER_NO_SUCH_THING_AT_ALL: 'x',
      LARDER_MODE: 'x',
      REDIS_URL: 'redis://a',
      REDIS_HOST: 'b',
      REDIS_DB: 'x',
    })
    expect(error.problems.map(({ variable }) => variable)).to.deep.equal([
      'REDIS_HOST',
      'REDIS_DB',
      'LARDER_MODE',
      'PORT',
      'LARDER_NO_SUCH_THING_AT_ALL',
    ])
    expect(error.message.split('\n')).to.have.length(6)
    expect(error.message).to.match(/^The environment has 5 variables that cannot be:\n {2}REDIS_HOST: /)
    expect(error.problems.at(-1)?.message).to.include('known are LARDER_MODE, LARDER_NAME, ')
  })

  it('one alone in the singular', () => {
    expect(errorOf({ PORT: 'x' }).message).to.equal(
      "The environment has a variable that cannot be:\n  PORT: 'x' given, expected a whole number from 0 to 65535",
    )
  })

  it('no name that it is told to ignore, and an option that is none', () => {
    const env = { LARDER_IMAGE: 'larder:1', LARDER_IMAGES: 'a' }
    expect(() => loadConfig(env, { ignore: ['LARDER_IMAGE'] })).to.throw(
      /^The environment has a variable.*\n.*LARDER_IMAGES: [^\n]*$/,
    )
    expect(loadConfig({ LARDER_IMAGE: 'larder:1' }, { ignore: ['LARDER_IMAGE'] })).to.deep.equal(loadConfig({}))
    expect(() => loadConfig({}, { ignored: [] } as object)).to.throw("did you mean 'ignore'?")
    expect(() => loadConfig({}, { ignore: 'LARDER_IMAGE' } as object)).to.throw('expected an array of strings')
  })

  it('no name that Kubernetes gives to a Service called larder', () => {
    const links = {
      LARDER_SERVICE_HOST: '10.0.0.1',
      LARDER_SERVICE_PORT: '80',
      LARDER_SERVICE_PORT_HTTP: '80',
      LARDER_PORT: 'tcp://10.0.0.1:80',
      LARDER_PORT_80_TCP: 'tcp://10.0.0.1:80',
      LARDER_PORT_80_TCP_PROTO: 'tcp',
      LARDER_PORT_80_TCP_PORT: '80',
      LARDER_PORT_80_TCP_ADDR: '10.0.0.1',
    }
    expect(loadConfig(links)).to.deep.equal(loadConfig({}))
  })
})
