// launchDarklyFlags() on the real SDK: its test data, its flags from a file, and a stream that comes and goes.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { type CacheEvent, createCache, type Mode, onCacheEvent, type WatchedFlags } from '@larder/core'
import { init, type LDClient, type LDOptions } from '@launchdarkly/node-server-sdk'
import { FileDataSourceFactory, TestData } from '@launchdarkly/node-server-sdk/integrations'
import { expect } from 'chai'
import { type LaunchDarklyStream, startLaunchDarklyStream } from '../../../test/support/launchdarkly-stream.ts'
import { until } from '../../../test/support/until.ts'
import { type LaunchDarklyFlagsOptions, launchDarklyFlags } from '../src/index.ts'

const flag = 'redis-caching-enabled'
const quiet = { error() {}, warn() {}, info() {}, debug() {} }

describe('launchDarklyFlags', () => {
  const clients: LDClient[] = []
  const opened: WatchedFlags[] = []
  let faults: (string | undefined)[] = []
  let unlisten = () => {}

  beforeEach(() => {
    faults = []
    unlisten = onCacheEvent((event: CacheEvent) => {
      if (event.type === 'fault' && event.operation === 'flag') faults.push(event.code)
    })
  })
  afterEach(() => {
    unlisten()
    for (const flags of opened.splice(0)) flags.close()
    for (const client of clients.splice(0)) client.close()
  })

  function connect(options: LDOptions): LDClient {
    const client = init('sdk-key', { logger: quiet, sendEvents: false, diagnosticOptOut: true, ...options })
    client.on('error', () => {})
    clients.push(client)
    return client
  }
  async function ready(options: LDOptions): Promise<LDClient> {
    const client = connect(options)
    await client.waitForInitialization({ timeout: 5 })
    return client
  }
  function flagsOf(client: LDClient, options?: LaunchDarklyFlagsOptions): WatchedFlags {
    const flags = launchDarklyFlags(client, options)
    opened.push(flags)
    return flags
  }

  describe('on TestData', () => {
    async function setUp(value?: unknown, options?: LaunchDarklyFlagsOptions) {
      const data = new TestData()
      if (value !== undefined) data.update(data.flag(flag).valueForAll(value))
      const client = await ready({ updateProcessor: data.getFactory() })
      const set = (value: unknown) => data.update(data.flag(flag).valueForAll(value))
      return { data, client, set, flags: flagsOf(client, options) }
    }

    const values: readonly (readonly [unknown, Mode])[] = [
      [true, 'on'],
      [false, 'bypass'],
      ['on', 'on'],
      ['bypass', 'bypass'],
      ['read-only', 'read-only'],
      ['stale-only', 'stale-only'],
    ]
    for (const [value, mode] of values) {
      it(`${JSON.stringify(value)} is '${mode}', at once`, async () => {
        const { flags } = await setUp(value)
        expect(flags.mode()).to.equal(mode)
        expect(faults).to.deep.equal([])
      })
    }

    it("false is the mode that 'off' names", async () => {
      const { flags, set } = await setUp(false, { off: 'read-only' })
      expect(flags.mode()).to.equal('read-only')
      set(true)
      await until(() => flags.mode() === 'on')
    })

    it('follows every change', async () => {
      const { flags, set } = await setUp(true)
      for (const [value, mode] of values.toReversed()) {
        set(value)
        await until(() => flags.mode() === mode, 1000)
      }
    })

    for (const value of ['maybe', 'true', '', 'ON', 0, 1, null, {}, ['on']]) {
      it(`${JSON.stringify(value)} leaves the last good mode, and an event tells of it once`, async () => {
        const { flags, set } = await setUp('read-only')
        set(value)
        await until(() => faults.length > 0)
        expect(flags.mode()).to.equal('read-only')
        set(value)
        set('bypass')
        await until(() => flags.mode() === 'bypass')
        expect(faults).to.deep.equal(['LARDER_INVALID_FLAG'])
        set(value)
        await until(() => faults.length > 1)
        expect(flags.mode()).to.equal('bypass')
      })
    }

    it('a value that is no mode from the start leaves the default', async () => {
      const { flags } = await setUp('maybe', { default: 'stale-only' })
      expect(flags.mode()).to.equal('stale-only')
      expect(faults).to.deep.equal(['LARDER_INVALID_FLAG'])
    })

    it('a flag that does not exist is the default, with an event, until it does', async () => {
      const { flags, set } = await setUp(undefined, { default: 'read-only' })
      expect(flags.mode()).to.equal('read-only')
      expect(faults).to.deep.equal(['FLAG_NOT_FOUND'])
      set(false)
      await until(() => flags.mode() === 'bypass')
    })

    it('follows rules of its context, under a name of its own', async () => {
      const data = new TestData()
      data.update(
        data.flag('cache').booleanFlag().variationForContext('region', 'eu', false).fallthroughVariation(true),
      )
      const client = await ready({ updateProcessor: data.getFactory() })
      const modeFor = (key: string) => flagsOf(client, { flag: 'cache', context: { kind: 'region', key } }).mode()
      expect([modeFor('eu'), modeFor('us')]).to.deep.equal(['bypass', 'on'])
    })

    it('a context that LaunchDarkly refuses is the default, with an event', async () => {
      const { client } = await setUp(false)
      expect(flagsOf(client, { context: { kind: 'no kind', key: '' } }).mode()).to.equal('on')
      expect(faults).to.deep.equal(['USER_NOT_SPECIFIED'])
    })

    it('events carry the name of the cache', async () => {
      const names: string[] = []
      const stop = onCacheEvent(event => names.push(event.cache))
      await setUp('maybe', { cache: 'pages' })
      stop()
      expect(names).to.deep.equal(['pages'])
    })

    it('a closed one keeps its mode, leaves no listener, and leaves those of others and the client alone', async () => {
      const { flags, client, set } = await setUp(false)
      let heard = 0
      client.on(`update:${flag}`, () => heard++)
      const other = flagsOf(client)
      flags.close()
      flags.close()
      set(true)
      await until(() => other.mode() === 'on')
      expect(flags.mode()).to.equal('bypass')
      expect(heard).to.equal(1)
      other.close()
      expect([client.listenerCount(`update:${flag}`), client.listenerCount('ready')]).to.deep.equal([1, 0])
      expect(client.initialized()).to.equal(true)
    })

    it('switches a cache', async () => {
      const { flags, set } = await setUp(true)
      const cache = createCache({ flags })
      await cache.set('a', 1)
      set(false)
      await until(() => flags.mode() === 'bypass')
      expect(await cache.get('a')).to.equal(undefined)
      set(true)
      await until(() => flags.mode() === 'on')
      expect(await cache.get('a')).to.equal(1)
      await cache.close()
    })

    it('stays at the last good mode when the client is closed under it', async () => {
      const { flags, client } = await setUp('read-only')
      client.close()
      expect(flags.mode()).to.equal('read-only')
    })
  })

  describe('on a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'larder-flags-'))
    const path = join(folder, 'flags.json')
    const save = (value: unknown) => writeFileSync(path, JSON.stringify({ flagValues: { [flag]: value } }))
    after(() => rmSync(folder, { recursive: true }))

    it('follows the file as it is edited', async () => {
      save(true)
      const source = new FileDataSourceFactory({ paths: [path], autoUpdate: true, logger: quiet })
      const flags = flagsOf(await ready({ updateProcessor: source.getFactory() }))
      expect(flags.mode()).to.equal('on')
      for (const [value, mode] of [
        [false, 'bypass'],
        ['read-only', 'read-only'],
        [true, 'on'],
      ] as const) {
        save(value)
        await until(() => flags.mode() === mode, 1000)
      }
    })
  })

  describe('on a stream', () => {
    let stream: LaunchDarklyStream
    beforeEach(async () => {
      stream = await startLaunchDarklyStream()
    })
    afterEach(() => stream.end())

    it('holds within a second of a change, with nothing to wait for', async () => {
      stream.set(flag, true)
      const flags = flagsOf(await ready(stream.options))
      const durations: number[] = []
      for (const value of [false, true, false, true, false]) {
        const startedAt = performance.now()
        stream.set(flag, value)
        await until(() => flags.mode() === (value ? 'on' : 'bypass'))
        durations.push(performance.now() - startedAt)
      }
      expect(Math.max(...durations), `${durations}`).to.be.below(1000)
    })

    it('is the default before the client is initialised, and the flag at the moment it is', async () => {
      stream.set(flag, 'read-only')
      stream.turn('refused')
      const client = connect(stream.options)
      const flags = flagsOf(client, { default: 'bypass' })
      expect(flags.mode()).to.equal('bypass')
      stream.turn('open')
      await until(() => client.initialized())
      await until(() => flags.mode() === 'read-only')
      expect(faults).to.deep.equal([])
    })

    for (const state of ['refused', 'silent'] as const) {
      it(`that is ${state}: the last good mode stays, and what changed meanwhile holds once it is back`, async () => {
        stream.set(flag, 'read-only')
        const flags = flagsOf(await ready(stream.options))
        stream.turn(state)
        await until(() => stream.unanswered > 0)
        stream.set(flag, false)
        expect(flags.mode()).to.equal('read-only')
        stream.turn('open')
        await until(() => flags.mode() === 'bypass')
        stream.set(flag, true)
        await until(() => flags.mode() === 'on', 1000)
      })
    }

    it('that never answers costs nothing: the default at once, and nobody waits', async () => {
      stream.turn('silent')
      const client = connect(stream.options)
      const startedAt = performance.now()
      const flags = flagsOf(client, { default: 'read-only' })
      expect(flags.mode()).to.equal('read-only')
      expect(performance.now() - startedAt).to.be.below(100)
      await client.waitForInitialization({ timeout: 0.05 }).catch(() => {})
      expect(client.initialized()).to.equal(false)
      expect(flags.mode()).to.equal('read-only')
      expect(faults).to.deep.equal([])
    })

    it('that deletes the flag: the default, with an event', async () => {
      stream.set(flag, false)
      const flags = flagsOf(await ready(stream.options))
      stream.set(flag, undefined)
      await until(() => flags.mode() === 'on')
      expect(faults).to.deep.equal(['FLAG_NOT_FOUND'])
    })

    it('without the flag: an event as soon as the client is initialised', async () => {
      stream.turn('refused')
      const client = connect(stream.options)
      const flags = flagsOf(client, { default: 'read-only' })
      expect(faults).to.deep.equal([])
      stream.turn('open')
      await until(() => faults.length > 0)
      expect(faults).to.deep.equal(['FLAG_NOT_FOUND'])
      expect(flags.mode()).to.equal('read-only')
    })

    it('a flag that is off and has no value for that is the default, without an event', async () => {
      stream.setOff(flag)
      const flags = flagsOf(await ready(stream.options), { default: 'read-only' })
      expect(flags.mode()).to.equal('read-only')
      expect(faults).to.deep.equal([])
    })

    it('a flag that makes no sense leaves the last good mode, with an event', async () => {
      stream.set(flag, false)
      const flags = flagsOf(await ready(stream.options))
      stream.setRaw(flag, { on: true, variations: [true], fallthrough: { variation: 7 } })
      await until(() => faults.length > 0)
      expect(flags.mode()).to.equal('bypass')
      expect(faults).to.deep.equal(['MALFORMED_FLAG'])
    })

    it('hears of a flag that this one depends on', async () => {
      const prerequisites = [{ key: 'allowed', variation: 0 }]
      stream.setRaw('allowed', { on: true, variations: [true, false], fallthrough: { variation: 0 }, offVariation: 1 })
      stream.setRaw(flag, {
        on: true,
        variations: [true, false],
        fallthrough: { variation: 0 },
        offVariation: 1,
        prerequisites,
      })
      const flags = flagsOf(await ready(stream.options))
      expect(flags.mode()).to.equal('on')
      stream.setRaw('allowed', { on: false, variations: [true, false], fallthrough: { variation: 0 }, offVariation: 1 })
      await until(() => flags.mode() === 'bypass')
    })
  })

  describe('without', () => {
    it("a client is the default: 'on', or what was asked for", () => {
      expect(launchDarklyFlags(undefined).mode()).to.equal('on')
      const flags = launchDarklyFlags(undefined, { default: 'bypass' })
      flags.close()
      expect(flags.mode()).to.equal('bypass')
      expect(faults).to.deep.equal([])
    })

    it('a connection, offline, is the default', async () => {
      expect(flagsOf(await ready({ offline: true }), { default: 'stale-only' }).mode()).to.equal('stale-only')
      expect(faults).to.deep.equal([])
    })

    it('an SDK that works is the default, with an event', () => {
      const broken = {
        variationDetail: () => Promise.reject(new Error('secret')),
        on() {},
        off() {},
      }
      const throwing = {
        ...broken,
        variationDetail(): never {
          throw new Error('secret')
        },
      }
      expect(launchDarklyFlags(throwing, { default: 'read-only' }).mode()).to.equal('read-only')
      expect(launchDarklyFlags(broken).mode()).to.equal('on')
      return until(() => faults.length === 2)
    })
  })

  describe('refuses', () => {
    const cases: readonly (readonly [string, unknown, unknown, string])[] = [
      ['a client that is none', {}, {}, 'LARDER_INVALID_OPTION'],
      ['null for a client', null, {}, 'LARDER_INVALID_OPTION'],
      ['a misspelt option', undefined, { defualt: 'on' }, 'LARDER_UNKNOWN_OPTION'],
      ['a default that is no mode', undefined, { default: true }, 'LARDER_INVALID_OPTION'],
      ['an off that is no mode', undefined, { off: 'off' }, 'LARDER_INVALID_OPTION'],
      ['an empty name', undefined, { flag: '' }, 'LARDER_INVALID_OPTION'],
      ['a context that is none', undefined, { context: 'eu' }, 'LARDER_INVALID_OPTION'],
    ]
    for (const [name, client, options, code] of cases) {
      it(name, () => {
        let thrown: unknown
        try {
          launchDarklyFlags(client as undefined, options as object)
        } catch (error) {
          thrown = (error as { code?: string }).code
        }
        expect(thrown).to.equal(code)
      })
    }
  })
})
