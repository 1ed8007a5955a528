// openFeatureFlags() on the real server SDK, with its provider in memory and with that of LaunchDarkly.

import { LaunchDarklyProvider } from '@launchdarkly/openfeature-node-server'
import { type EvaluationContext, InMemoryProvider, OpenFeature, type Provider } from '@openfeature/server-sdk'
import { expect } from 'chai'
import { startLaunchDarklyStream } from '../../../../test/support/launchdarkly-stream.ts'
import { until } from '../../../../test/support/until.ts'
import { onCacheEvent } from '../../src/events.ts'
import { type OpenFeatureFlagsOptions, openFeatureFlags } from '../../src/flags/open-feature.ts'
import type { WatchedFlags } from '../../src/flags/watched.ts'
import { codeOf } from '../support.ts'

const flag = 'redis-caching-enabled'
const quiet = { error() {}, warn() {}, info() {}, debug() {} }

describe('openFeatureFlags', () => {
  const faults: (string | undefined)[] = []
  const opened: WatchedFlags[] = []
  let unlisten = () => {}
  let domain = 0

  beforeEach(() => {
    OpenFeature.setLogger(quiet)
    domain++
    faults.length = 0
    unlisten = onCacheEvent(event => {
      if (event.type === 'fault' && event.operation === 'flag') faults.push(event.code)
    })
  })
  afterEach(() => {
    unlisten()
    for (const flags of opened.splice(0)) flags.close()
  })
  after(() => OpenFeature.close())

  const client = () => OpenFeature.getClient(`test-${domain}`)
  const provide = (provider: Provider) => OpenFeature.setProviderAndWait(`test-${domain}`, provider)
  function flagsOf(options?: OpenFeatureFlagsOptions): WatchedFlags {
    const flags = openFeatureFlags(client(), options)
    opened.push(flags)
    return flags
  }
  const configuration = (value: string | boolean | number, disabled = false) =>
    ({ [flag]: { variants: { only: value }, defaultVariant: 'only', disabled } }) as never

  describe('with the provider in memory', () => {
    const values = [
      [true, 'on'],
      [false, 'bypass'],
      ['stale-only', 'stale-only'],
      ['read-only', 'read-only'],
      ['bypass', 'bypass'],
      ['on', 'on'],
    ] as const

    it('follows every change', async () => {
      const provider = new InMemoryProvider(configuration('read-only'))
      await provide(provider)
      const flags = flagsOf()
      await until(() => flags.mode() === 'read-only', 1000)
      for (const [value, mode] of values) {
        await provider.putConfiguration(configuration(value))
        await until(() => flags.mode() === mode, 1000)
      }
      expect(faults).to.deep.equal([])
    })

    it('is the default until a provider is ready', async () => {
      const flags = flagsOf({ default: 'read-only' })
      await new Promise(resolve => setImmediate(resolve))
      expect(flags.mode()).to.equal('read-only')
      await provide(new InMemoryProvider(configuration(false)))
      await until(() => flags.mode() === 'bypass', 1000)
      expect(faults).to.deep.equal([])
    })

    it('follows a provider that takes the place of another', async () => {
      await provide(new InMemoryProvider(configuration(false)))
      const flags = flagsOf({ off: 'stale-only' })
      await until(() => flags.mode() === 'stale-only')
      await provide(new InMemoryProvider(configuration(true)))
      await until(() => flags.mode() === 'on')
    })

    for (const value of ['maybe', 'true', 1]) {
      it(`${JSON.stringify(value)} leaves the last good mode, with an event`, async () => {
        const provider = new InMemoryProvider(configuration('read-only'))
        await provide(provider)
        const flags = flagsOf()
        await until(() => flags.mode() === 'read-only')
        await provider.putConfiguration(configuration(value))
        await until(() => faults.length > 0)
        expect(flags.mode()).to.equal('read-only')
        expect(faults).to.deep.equal(['LARDER_INVALID_FLAG'])
      })
    }

    it('a flag that does not exist is the default, with an event', async () => {
      const provider = new InMemoryProvider(configuration(false))
      await provide(provider)
      const flags = flagsOf()
      await until(() => flags.mode() === 'bypass')
      await provider.putConfiguration({})
      await until(() => flags.mode() === 'on')
      expect(faults).to.deep.equal(['FLAG_NOT_FOUND'])
    })

    it('is evaluated for its context', async () => {
      const provider = new InMemoryProvider({
        cache: {
          variants: { yes: true, no: false },
          defaultVariant: 'yes',
          disabled: false,
          contextEvaluator: (context: EvaluationContext) => (context.targetingKey === 'eu' ? 'no' : 'yes'),
        },
      })
      await provide(provider)
      const eu = flagsOf({ flag: 'cache', context: { targetingKey: 'eu' } })
      const us = flagsOf({ flag: 'cache', context: { targetingKey: 'us' } })
      await until(() => eu.mode() === 'bypass')
      expect(us.mode()).to.equal('on')
    })

    it('follows a provider that sends no event, on the timer', async () => {
      let value: string = 'read-only'
      const provider = new InMemoryProvider(configuration('on'))
      provider.resolveStringEvaluation = async () => ({ value })
      await provide(provider)
      const flags = flagsOf({ refresh: '1s' })
      await until(() => flags.mode() === 'read-only')
      value = 'stale-only'
      await until(() => flags.mode() === 'stale-only')
    })

    it('a provider that fails leaves the last good mode, with an event', async () => {
      const provider = new InMemoryProvider(configuration('read-only'))
      await provide(provider)
      const flags = flagsOf()
      await until(() => flags.mode() === 'read-only')
      provider.resolveStringEvaluation = () => Promise.reject(new Error('secret'))
      await provider.putConfiguration(configuration(true))
      await until(() => faults.length > 0)
      expect(flags.mode()).to.equal('read-only')
      expect(faults).to.deep.equal(['GENERAL'])
    })

    it('a closed one leaves no handler, and those of others alone', async () => {
      const provider = new InMemoryProvider(configuration(false))
      await provide(provider)
      const own = client()
      const others = () => {}
      own.addHandler('PROVIDER_READY' as never, others)
      const before = handlersOf(own)
      const flags = openFeatureFlags(own)
      expect(handlersOf(own)).to.deep.equal(before.map(count => count + 1))
      await until(() => flags.mode() === 'bypass')
      flags.close()
      expect(handlersOf(own)).to.deep.equal(before)
      await provider.putConfiguration(configuration(true))
      await new Promise(resolve => setImmediate(resolve))
      expect(flags.mode()).to.equal('bypass')
    })
  })

  it('a closed one leaves no timer', () => {
    const { setInterval, clearInterval } = globalThis
    const running = new Set<unknown>()
    Object.assign(globalThis, {
      setInterval: (...args: Parameters<typeof setInterval>) => {
        const timer = setInterval(...args)
        running.add(timer)
        return timer
      },
      clearInterval(timer: NodeJS.Timeout) {
        running.delete(timer)
        clearInterval(timer)
      },
    })
    try {
      const flags = openFeatureFlags(client())
      expect(running.size).to.equal(1)
      flags.close()
      expect(running.size).to.equal(0)
    } finally {
      Object.assign(globalThis, { setInterval, clearInterval })
    }
  })

  describe("with LaunchDarkly's provider", () => {
    it('follows its stream, through an outage too', async () => {
      const stream = await startLaunchDarklyStream()
      try {
        stream.set(flag, 'bypass')
        await provide(new LaunchDarklyProvider('sdk-key', { ...stream.options, diagnosticOptOut: true }, 5))
        const flags = flagsOf({ default: 'read-only' })
        await until(() => flags.mode() === 'bypass')
        for (const [value, mode] of [
          ['on', 'on'],
          [false, 'bypass'],
          ['stale-only', 'stale-only'],
          [true, 'on'],
        ] as const) {
          stream.set(flag, value)
          await until(() => flags.mode() === mode, 1000)
        }
        stream.set(flag, 7)
        await until(() => faults.length > 0)
        expect(flags.mode()).to.equal('on')
        expect(faults).to.deep.equal(['LARDER_INVALID_FLAG'])

        stream.turn('refused')
        await until(() => stream.unanswered > 0)
        stream.set(flag, false)
        expect(flags.mode()).to.equal('on')
        stream.turn('open')
        await until(() => flags.mode() === 'bypass')

        stream.setOff(flag)
        await until(() => flags.mode() === 'read-only')
      } finally {
        await OpenFeature.clearProviders()
        await stream.end()
      }
    })
  })

  describe('refuses', () => {
    const cases: readonly (readonly [string, unknown, object, string])[] = [
      ['a client that is none', { getBooleanValue() {} }, {}, 'LARDER_INVALID_OPTION'],
      ['no client', undefined, {}, 'LARDER_INVALID_OPTION'],
      ['a misspelt option', client(), { flags: 'a' }, 'LARDER_UNKNOWN_OPTION'],
      ['a default that is no mode', client(), { default: 'off' }, 'LARDER_INVALID_OPTION'],
      ['a refresh that is no duration', client(), { refresh: 'often' }, 'LARDER_INVALID_DURATION'],
      ['a refresh below a second', client(), { refresh: '10ms' }, 'LARDER_INVALID_DURATION'],
      ['a refresh that no timer can wait for', client(), { refresh: '25d' }, 'LARDER_INVALID_DURATION'],
    ]
    for (const [name, given, options, code] of cases)
      it(name, () => expect(codeOf(() => openFeatureFlags(given as never, options))).to.equal(code))
  })
})

function handlersOf(client: ReturnType<typeof OpenFeature.getClient>): number[] {
  return ['PROVIDER_READY', 'PROVIDER_CONFIGURATION_CHANGED'].map(event => client.getHandlers(event as never).length)
}
