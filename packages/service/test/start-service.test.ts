// The one call: what it wires, in which order, what it leaves out, and that it closes all that it opened.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ConfigError, loadConfig } from '@larder/config'
import { staticFlags } from '@larder/core'
import type { Part } from '@larder/lifecycle'
import { expect } from 'chai'
import { startLaunchDarklyStream } from '../../../test/support/launchdarkly-stream.ts'
import { type RedisServer, startRedis } from '../../../test/support/redis-server.ts'
import { until } from '../../../test/support/until.ts'
import { type Service, type StartServiceOptions, startService } from '../src/index.ts'
import { installed } from '../src/installed.ts'

interface Told {
  readonly message: string
  readonly [detail: string]: unknown
}

describe('startService()', function () {
  this.timeout(30_000)
  const services: Service[] = []
  let told: Told[]
  const say = (details: object, message: string): void => void told.push({ ...details, message })
  const logger = { info: say, warn: say, error: say }
  beforeEach(() => {
    told = []
  })
  afterEach(async () => {
    for (const { lifecycle } of services.splice(0)) await lifecycle.stop()
  })

  async function start(env: Record<string, string>, options: StartServiceOptions = {}): Promise<Service> {
    const service = await startService({ config: loadConfig(env), signals: [], logger, ...options })
    services.push(service)
    return service
  }

  const steps = (): string[] =>
    told
      .filter(({ part, metrics }) => part !== undefined && metrics === undefined)
      .map(each => `${each['part']} ${each.message}`)

  it('with nothing configured: memory alone, and one line says what was left out', async () => {
    const service = await start({})
    expect(told[0]).to.deep.equal({
      tracing: false,
      redis: false,
      flags: 'the environment',
      mode: 'on',
      message: 'left out, since not configured: tracing, Redis, flags that change',
    })
    await service.cache.set('a', 1)
    expect(await service.cache.get('a')).to.equal(1)
    expect(service.health.report()).to.include({ ready: 'pass', phase: 'running' })
    await service.lifecycle.stop()
    expect(await service.cache.get('a').catch(error => error.code)).to.equal('LARDER_CLOSED')
  })

  it('reads the environment when it is given no configuration', async () => {
    const { env } = process
    process.env = { LARDER_NAME: 'from the environment' }
    try {
      const service = await startService({ signals: [] })
      services.push(service)
      expect(service.config.cache.name).to.equal('from the environment')
    } finally {
      process.env = env
    }
  })

  it('starts the parts of the application behind its own, and stops them before', async () => {
    const part = (name: string): Part => ({ name, start: () => {}, stop: () => {} })
    const service = await start(
      {},
      {
        async parts({ cache, flags, health, config }) {
          expect(health.report().phase).to.equal('running')
          expect(flags.mode()).to.equal('on')
          await cache.set('name', config.cache.name)
          return [part('database'), part('server')]
        },
      },
    )
    await service.lifecycle.stop()
    expect(steps()).to.deep.equal([
      ...['flags', 'cache', 'database', 'server'].map(name => `${name} a part has started`),
      ...['server', 'database', 'cache', 'flags'].map(name => `${name} a part has stopped`),
    ])
    const metrics = told.filter(each => each['metrics'] !== undefined).map(each => each.message)
    expect(metrics).to.deep.equal(['metrics at start', 'metrics at shutdown'])
    expect(told.find(each => each.message === 'metrics at shutdown')?.['metrics']).to.include({ sets: 1 })
  })

  it('has checks of the application in its health', async () => {
    const service = await start(
      {},
      {
        checks: { queue: { run: () => ({ status: 'warn', detail: { waiting: 7 } }), affects: 'detail' } },
        parts: [{ name: 'database', check: () => 'fail' }],
      },
    )
    await until(() => service.health.report().checks['database']?.reason === undefined)
    const { ready, checks } = service.health.report()
    expect(ready).to.equal('fail')
    expect(checks['queue']).to.deep.include({ status: 'warn', detail: { waiting: 7 } })
  })

  it('tells of every variable that cannot be, and opens nothing', async () => {
    const error: ConfigError = await startService({
      get config() {
        return loadConfig({ REDIS_PORT: 'x', LARDER_MODE: 'off', PORT: '-1' })
      },
    }).catch(error => error)
    expect(error.code).to.equal('LARDER_INVALID_CONFIG')
    expect(error.problems.map(({ variable }) => variable)).to.deep.equal(['REDIS_PORT', 'LARDER_MODE', 'PORT'])
  })

  it('refuses options that cannot be', async () => {
    for (const [options, code] of [
      [{ part: [] }, 'LARDER_UNKNOWN_OPTION'],
      [{ parts: 'server' }, 'LARDER_INVALID_OPTION'],
      [{ logger: {} }, 'LARDER_INVALID_OPTION'],
      [{ flags: {} }, 'LARDER_INVALID_OPTION'],
      [{ drainDelay: 'soon' }, 'LARDER_INVALID_DURATION'],
      [{ signals: ['SIGNAL'] }, 'LARDER_INVALID_OPTION'],
    ] as const) {
      const error = await startService({ config: loadConfig({}), ...options } as never).catch(error => error)
      expect(error.code, JSON.stringify(options)).to.equal(code)
    }
  })

  it('names what has to be installed for what is configured', async () => {
    // Not where the compiler looks for it.
    const name = '@larder/not-installed'
    const error = await installed('Redis', '@larder/redis ioredis', () => import(name)).catch(error => error)
    expect(error.code).to.equal('LARDER_MISSING_PACKAGE')
    expect(error.message).to.match(/^Redis is configured, .* npm install @larder\/redis ioredis$/)
    const broken = new Error('broken inside')
    expect(await installed('Redis', 'a', () => Promise.reject(broken)).catch(error => error)).to.equal(broken)
  })

  it('a logger that throws keeps nothing from starting', async () => {
    const broken = (): never => {
      throw new Error('the log is full')
    }
    const service = await start({}, { logger: { info: broken, warn: broken, error: broken } })
    await service.cache.set('a', 1)
    expect(await service.cache.get('a')).to.equal(1)
  })

  describe('with Redis', () => {
    let redis: RedisServer
    let env: Record<string, string>
    before(async () => {
      redis = await startRedis()
      env = { REDIS_HOST: '127.0.0.1', REDIS_PORT: String(redis.port) }
    })
    after(() => redis.end())

    /** Beside the one that asks. */
    async function connections(): Promise<number> {
      return (
        String(await redis.command('CLIENT', 'LIST'))
          .trim()
          .split('\n').length - 1
      )
    }

    const allGone = () => eventually(async () => (await connections()) === 0)

    it('what one stores the other has, a purge crosses, and the end leaves no connection', async () => {
      const [one, other] = [await start(env), await start({ REDIS_URL: redis.url })]
      expect(told[0]).to.include({
        redis: true,
        message: 'with Redis; left out, since not configured: tracing, flags that change',
      })
      const isThere = async () => (await other.cache.get('a')) === 'shared'
      await eventually(async () => {
        await one.cache.set('a', 'shared', { ttl: '1h', tags: ['t'] })
        return isThere()
      })
      await one.cache.invalidateTags(['t'])
      await eventually(async () => !(await isThere()))
      expect(await connections()).to.be.above(0)
      for (const { lifecycle } of services.splice(0)) await lifecycle.stop()
      await allGone()
      expect(steps()).to.include.members(['redis a part has started', 'redis a part has stopped'])
    })

    for (const [what, parts] of [
      ['a part does not start', [{ name: 'database', start: () => Promise.reject(new Error('refused')) }]],
      [
        'the parts cannot be made',
        () => {
          throw new Error('refused')
        },
      ],
      ['a part has a name that is taken', [{ name: 'cache' }]],
    ] as const) {
      it(`${what}: all that was opened is closed`, async () => {
        const error = await start(env, { parts }).catch(error => error)
        expect(error).to.be.instanceOf(Error)
        expect(error).not.to.have.property('lifecycle')
        await allGone()
      })
    }

    it('frozen: it starts at once, works in memory, and ends', async () => {
      redis.stop()
      try {
        const startedAt = performance.now()
        const service = await start(env)
        expect(performance.now() - startedAt).to.be.below(500)
        await service.cache.set('a', 1)
        expect(await service.cache.get('a')).to.equal(1)
        const endedAt = performance.now()
        await service.lifecycle.stop()
        expect(performance.now() - endedAt).to.be.below(2500)
      } finally {
        redis.cont()
      }
    })
  })

  describe('flags', () => {
    it('from a file, until the end', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'larder-service-'))
      const path = join(folder, 'flags.json')
      const save = (value: unknown) => writeFileSync(path, JSON.stringify({ flagValues: { 'my-flag': value } }))
      try {
        save(false)
        const service = await start({ LARDER_FLAGS_FILE: path, LAUNCHDARKLY_FLAG: 'my-flag', LARDER_MODE: 'read-only' })
        expect(told[0]).to.include({
          flags: 'a file',
          message: 'with flags from a file; left out, since not configured: tracing, Redis',
        })
        await until(() => service.flags.mode() === 'bypass')
        save(true)
        await until(() => service.flags.mode() === 'on', 1000)
        await service.lifecycle.stop()
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    })

    it('from LaunchDarkly, whose client is closed at the end', async () => {
      const launchDarkly = await startLaunchDarklyStream()
      try {
        launchDarkly.set('redis-caching-enabled', 'read-only')
        const service = await start({ LAUNCHDARKLY_SDK_KEY: 'sdk-key' }, { launchDarkly: launchDarkly.options })
        expect(told[0]).to.include({ flags: 'LaunchDarkly' })
        await until(() => service.flags.mode() === 'read-only')
        launchDarkly.set('redis-caching-enabled', false)
        await until(() => service.flags.mode() === 'bypass', 1000)
        await service.lifecycle.stop()
        launchDarkly.turn('refused')
        const unanswered = launchDarkly.unanswered
        await new Promise(resolve => setTimeout(resolve, 50))
        await new Promise(resolve => setTimeout(resolve, 50))
        expect(launchDarkly.unanswered, 'it reconnects after 50 ms if it lives').to.equal(unanswered)
        expect(JSON.stringify(told)).not.to.include('sdk-key')
      } finally {
        await launchDarkly.end()
      }
    })

    it('from LaunchDarkly, which does not answer: it starts at once in the configured mode', async () => {
      const launchDarkly = await startLaunchDarklyStream()
      launchDarkly.turn('silent')
      try {
        const startedAt = performance.now()
        const env = { LAUNCHDARKLY_SDK_KEY: 'sdk-key', LARDER_MODE: 'read-only' }
        const service = await start(env, { launchDarkly: launchDarkly.options })
        expect(performance.now() - startedAt).to.be.below(1000)
        expect(service.flags.mode()).to.equal('read-only')
        await service.lifecycle.stop()
      } finally {
        await launchDarkly.end()
      }
    })

    it('of the application go before what is configured, and are not closed', async () => {
      let closes = 0
      const flags = { ...staticFlags('stale-only'), close: () => void closes++ }
      const service = await start({ LAUNCHDARKLY_SDK_KEY: 'sdk-key' }, { flags })
      expect([service.flags.mode(), told[0]?.['flags']]).to.deep.equal(['stale-only', 'the application'])
      await service.lifecycle.stop()
      expect(closes).to.equal(0)
    })
  })
})

/** Asked over and over, with a turn of the event loop between. */
async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  for (const until = Date.now() + 5000; !(await isSo()); await new Promise(setImmediate))
    expect(Date.now(), `still not so: ${isSo}`).to.be.below(until)
}
