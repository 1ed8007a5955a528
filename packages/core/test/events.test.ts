// Events: told when somebody listens, and free when nobody does.

import { expect } from 'chai'
import { createCache } from '../src/cache.ts'
import { type CacheEvent, faultCode, onCacheEvent, publishEvent } from '../src/events.ts'
import { gate, settle } from './support.ts'

describe('events', () => {
  const listen = () => {
    const told: CacheEvent[] = []
    return { told, stop: onCacheEvent(event => void told.push(event)) }
  }
  const withoutTimes = (events: readonly CacheEvent[]) => events.map(({ ...event }) => ({ ...event, durationMs: 0 }))

  it('are not built when nobody listens', () => {
    publishEvent(() => expect.fail('built'))
    const { told, stop } = listen()
    stop()
    publishEvent(() => expect.fail('built'))
    expect(told).to.have.length(0)
  })

  it('tell what the data cache does, without a key or a value', async () => {
    const cache = createCache({ name: 'events', maxBytes: 4000 })
    const { told, stop } = listen()
    try {
      await cache.set('secret-key', 'secret-value', { ttl: 60, tags: ['secret-tag'] })
      await cache.get('secret-key')
      await cache.get('secret-other')
      await cache.mset([{ key: 'secret-key', value: 'secret-value' }])
      await cache.mget(['secret-key', 'secret-none'])
      await cache.set('secret-large', 'x'.repeat(5000))
      await cache.getOrSet('secret-fill', () => 'secret-value')
      await cache.delete('secret-key')
      await cache.invalidateTags(['secret-tag', 'secret-tag-2'], { soft: true })
      await cache.invalidatePattern('secret*')
      await cache.clear()
    } finally {
      stop()
    }
    const data = (operation: string, outcome: string) => ({
      type: 'data',
      cache: 'events',
      operation,
      outcome,
      durationMs: 0,
    })
    const invalidation = (kind: string, soft: boolean, names: number) => ({
      type: 'invalidation',
      cache: 'events',
      kind,
      soft,
      names,
      durationMs: 0,
    })
    expect(withoutTimes(told)).to.deep.equal([
      data('set', 'set'),
      data('get', 'hit'),
      data('get', 'miss'),
      data('mset', 'set'),
      data('mget', 'miss'),
      data('set', 'refused'),
      data('getOrSet', 'miss'),
      invalidation('names', false, 1),
      data('delete', 'deleted'),
      invalidation('names', true, 2),
      invalidation('pattern', false, 0),
      invalidation('all', false, 0),
    ])
    expect(JSON.stringify(told)).not.to.include('secret')
  })

  it('tell evictions and refreshes', async () => {
    const cache = createCache({ maxBytes: 2000, maxEntryBytes: 2000 })
    const { told, stop } = listen()
    try {
      await cache.set('a', 'x'.repeat(900))
      await cache.set('b', 'x'.repeat(900))
      await cache.set('s', 1, { ttl: 60, tags: ['t'] })
      await cache.invalidateTags(['t'], { soft: true })
      const filled = gate<number>()
      await cache.getOrSet('s', () => filled.passed)
      filled.open(2)
      await settle()
      await cache.invalidateTags(['t'], { soft: true })
      await cache.clear({ soft: true })
      await cache.getOrSet('s', async () => {
        throw Object.assign(new Error('secret'), { code: 'E_DATABASE' })
      })
      await settle()
    } finally {
      stop()
    }
    expect(told.filter(event => event.type === 'eviction')).to.have.length.greaterThan(0)
    expect(told.filter(event => event.type === 'refresh').map(event => event.outcome)).to.deep.equal([
      'started',
      'stored',
      'started',
      'failed',
    ])
    expect(told.find(event => event.type === 'fault')).to.include({ operation: 'refresh', code: 'E_DATABASE' })
    expect(JSON.stringify(told)).not.to.include('secret')
  })

  it('carry a code only when it is one', () => {
    expect(faultCode(Object.assign(new Error('a'), { code: 'ECONNRESET' }))).to.equal('ECONNRESET')
    for (const error of [undefined, null, 'ECONNRESET', new Error('a'), { code: 5 }, { code: 'user@example.org' }])
      expect(faultCode(error)).to.equal(undefined)
  })
})
