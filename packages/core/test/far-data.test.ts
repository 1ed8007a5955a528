// Application data that processes share, each a cache over one far store and one log.

import { expect } from 'chai'
import { type Cache, type CacheOptions, createCache } from '../src/cache.ts'
import { engineOf } from '../src/engine.ts'
import type { Mode } from '../src/flags.ts'
import { createLocalLog } from '../src/invalidation/local-log.ts'
import { createMemoryFar, failing, hanging } from './memory-far.ts'
import { until } from './response/bed.ts'
import { createClock, gate, settle } from './support.ts'

describe('application data in the far tier', () => {
  const caches: Cache[] = []
  afterEach(async () => {
    for (const cache of caches.splice(0)) await cache.close()
  })

  async function fleet(size = 2, options: CacheOptions = {}) {
    const clock = createClock()
    const far = createMemoryFar({ now: () => clock.now() - 7_200_000 })
    const log = createLocalLog()
    const begin = async (more: CacheOptions = {}): Promise<Cache> => {
      // Whoever begins later knows the log from there on.
      const at = log.position()
      const own = { ...log, floor: () => at }
      const cache = createCache({ far: far.open(), log: own, now: clock.now, farDeadline: '1s', ...options, ...more })
      caches.push(cache)
      await until(() => cache[engineOf].far!.usable)
      return cache
    }
    const nodes: Cache[] = []
    for (let i = 0; i < size; i++) nodes.push(await begin())
    return { nodes: nodes as [Cache, Cache, Cache], far, clock, begin }
  }
  const calm = async () => {
    for (let i = 0; i < 12; i++) await settle()
  }

  const values: readonly unknown[] = [
    '',
    'text',
    0,
    -1.5,
    true,
    null,
    { a: [1, 'ü', null] },
    [],
    Buffer.from([0, 255]),
    new Uint8Array([1]),
  ]
  for (const value of values) {
    it(`what one sets the other gets: ${Buffer.isBuffer(value) ? 'a Buffer' : JSON.stringify(value)}`, async () => {
      const {
        nodes: [a, b],
      } = await fleet()
      await a.set('k', value)
      const got = await b.get('k')
      expect(got).to.deep.equal(value)
      expect(Buffer.isBuffer(got)).to.equal(Buffer.isBuffer(value))
    })
  }

  it('mset and mget: all of them, in their order, those in memory without asking', async () => {
    const {
      nodes: [a, b],
      far,
    } = await fleet()
    const keys = Array.from({ length: 150 }, (_, i) => `k${i}`)
    await a.mset(keys.map(key => ({ key, value: `of ${key}` })))
    expect(await b.mget([...keys, 'none'])).to.deep.equal([...keys.map(key => `of ${key}`), undefined])
    const asked = far.count('get')
    expect(await b.mget(keys)).to.deep.equal(keys.map(key => `of ${key}`))
    expect(far.count('get')).to.equal(asked)
  })

  it('many set at once are shared like few: none costs the log a record, and all others get them', async () => {
    const {
      nodes: [a, b],
    } = await fleet()
    const keys = Array.from({ length: 1000 }, (_, i) => `k${i}`)
    await Promise.all(keys.map(key => a.set(key, `of ${key}`)))
    expect(a.getMetrics()).to.include({ farSets: 1000, farSkips: 0, invalidations: 0 })
    expect(await b.mget(keys)).to.deep.equal(keys.map(key => `of ${key}`))
  })

  it('a later set is seen by the others within the coherence bound, and by who never had the key at once', async () => {
    const {
      nodes: [a, b, c],
      clock,
    } = await fleet(3)
    await a.set('k', 1)
    expect(await b.get('k')).to.equal(1)
    clock.advance(100)
    await a.set('k', 2)
    expect(await c.get('k')).to.equal(2)
    clock.advance(5001)
    expect(await b.get('k')).to.equal(2)
    expect(await a.get('k')).to.equal(2)
  })

  it('delete takes it from all, and no look-up that is under way brings it back', async () => {
    const {
      nodes: [a, b],
      far,
    } = await fleet()
    await a.set('k', 1)
    let deleted = false
    far.after = async operation => {
      if (operation !== 'get' || deleted) return
      deleted = true
      await a.delete('k')
    }
    expect(await b.get('k')).to.equal(undefined)
    await calm()
    expect([await a.get('k'), await b.get('k')]).to.deep.equal([undefined, undefined])
    expect([...far.resources.values()].every(({ variants }) => variants.size === 0)).to.equal(true)
  })

  for (const [title, purge] of [
    ['by tag', cache => cache.invalidateTags(['t'])],
    ['by pattern', cache => cache.invalidatePattern('k*')],
    ['of everything', cache => cache.clear()],
  ] as readonly [string, (cache: Cache) => Promise<void>][]) {
    it(`a purge ${title} beats what is in the far tier, here, there and later`, async () => {
      const {
        nodes: [a, b, c],
        begin,
      } = await fleet(3)
      await a.set('key', 1, { ttl: 60, tags: ['t'] })
      await b.get('key')
      await purge(c)
      const late = await begin()
      for (const cache of [a, b, c, late]) expect(await cache.get('key')).to.equal(undefined)
    })
  }

  it('a set that lands after a purge is none', async () => {
    const {
      nodes: [a, b],
      far,
    } = await fleet(2, { farDeadline: '10ms', breakerFailures: 1000 })
    const { passed, open } = gate()
    far.before = operation => (operation === 'set' ? passed : undefined)
    await a.set('k', 'old', { ttl: 60, tags: ['t'] })
    await a.invalidateTags(['t'])
    far.before = undefined
    open()
    await calm()
    expect([await b.get('k'), await a.get('k')]).to.deep.equal([undefined, undefined])
  })

  describe('getOrSet', () => {
    it('fills once for all processes', async () => {
      const { nodes } = await fleet(3)
      const { passed, open } = gate<number>()
      let fills = 0
      const all = Array.from({ length: 30 }, (_, i) =>
        nodes[i % 3]!.getOrSet('k', () => {
          fills++
          return passed
        }),
      )
      await until(() => fills === 1)
      await calm()
      open(7)
      expect(new Set(await Promise.all(all))).to.deep.equal(new Set([7]))
      expect(fills).to.equal(1)
    })

    it('a fill that fails, or keeps nothing, leaves it to the others at once', async () => {
      const {
        nodes: [a, b],
      } = await fleet()
      for (const [key, end] of [
        ['fails', ({ fail }) => fail(new Error('broken'))],
        ['nothing', ({ open }) => open(undefined)],
      ] as readonly [string, (held: ReturnType<typeof gate<unknown>>) => void][]) {
        const held = gate<unknown>()
        let began = false
        const first = a.getOrSet(key, () => {
          began = true
          return held.passed
        })
        first.catch(() => {})
        await until(() => began)
        const second = b.getOrSet(key, () => 'of b')
        await calm()
        end(held)
        expect(await second).to.equal('of b')
      }
    })

    it('finds what another has set while it waits', async () => {
      const {
        nodes: [a, b, c],
        clock,
      } = await fleet(3)
      const { passed, open } = gate<number>()
      let began = false
      const first = a.getOrSet('k', () => {
        began = true
        return passed
      })
      await until(() => began)
      clock.advance(100)
      await c.set('k', 'set')
      open(1)
      await first
      expect(await b.getOrSet('k', () => 'own')).to.equal('set')
    })

    it('a fill that began before another process set the key does not take its place', async () => {
      const {
        nodes: [a, b],
        clock,
      } = await fleet(2)
      const { passed, open } = gate<string>()
      let began = false
      const first = a.getOrSet('k', () => {
        began = true
        return passed
      })
      await until(() => began)
      clock.advance(100)
      await b.set('k', 'newer')
      // Read here, while the fill goes on.
      expect(await a.get('k')).to.equal('newer')
      open('older')
      await first
      await calm()
      expect([await a.get('k'), await b.get('k')]).to.deep.equal(['newer', 'newer'])
    })

    it('stale: two processes refresh it once', async () => {
      const {
        nodes: [a, b],
        clock,
      } = await fleet()
      const life = { ttl: 10, staleWhileRevalidate: 60 }
      let fills = 0
      const fill = () => ++fills
      for (const cache of [a, b]) expect(await cache.getOrSet('k', fill, life)).to.equal(1)
      clock.advance(11_000)
      expect(await Promise.all([a, b, a, b].map(cache => cache.getOrSet('k', fill, life)))).to.deep.equal([1, 1, 1, 1])
      await calm()
      expect(await Promise.all([a, b].map(cache => cache.getOrSet('k', fill, life)))).to.deep.equal([2, 2])
      expect(fills).to.equal(2)
    })

    it('after a soft purge a process that never had it fills it once for all', async () => {
      const {
        nodes: [a, b, c],
      } = await fleet(3)
      await a.set('k', 'old', { ttl: 60, tags: ['t'] })
      await a.invalidateTags(['t'], { soft: true })
      const { passed, open } = gate<string>()
      let fills = 0
      const all = [b, c].map(cache =>
        cache.getOrSet('k', () => {
          fills++
          return passed
        }),
      )
      await until(() => fills > 0)
      await calm()
      open('new')
      expect(await Promise.all(all)).to.deep.equal(['new', 'new'])
      expect(fills).to.equal(1)
    })

    it('takes no value that says `undefined` for one', async () => {
      const {
        nodes: [a],
        far,
      } = await fleet(1)
      expect(await a.getOrSet('k', () => undefined)).to.equal(undefined)
      await calm()
      expect(far.resources.size).to.equal(0)
    })
  })

  for (const [title, how] of [
    ['hangs', hanging],
    ['fails', failing()],
    ['is full', failing('LARDER_FAR_FULL')],
    ['is a replica', failing('LARDER_FAR_READ_ONLY')],
  ] as const) {
    it(`set while the store ${title}: the own value stays, and the others never see the older one`, async () => {
      const {
        nodes: [a, b, c],
        far,
        clock,
        begin,
      } = await fleet(3, { farDeadline: '20ms', breakerFailures: 1000 })
      far.before = undefined
      await a.set('k', 'older', 600)
      expect(await b.get('k')).to.equal('older')
      clock.advance(100)
      far.before = operation => (operation === 'time' ? undefined : how())
      await a.set('k', 'newer', 600)
      await calm()
      expect(await a.get('k')).to.equal('newer')
      for (const cache of [b, c]) expect(await cache.get('k')).to.equal(undefined)
      far.before = undefined
      clock.advance(6000)
      expect(await a.get('k')).to.equal('newer')
      for (const cache of [b, c, await begin()]) expect(await cache.get('k')).to.equal(undefined)
    })
  }

  it('what the store does not take is still there', async () => {
    const {
      nodes: [a],
    } = await fleet(1)
    const small = createMemoryFar({ maxEntryBytes: 500 })
    const b = createCache({ far: small.open() })
    caches.push(b)
    await until(() => b[engineOf].far!.usable)
    await b.set('k', 'x'.repeat(1000))
    await calm()
    expect(await b.get('k')).to.have.length(1000)
    expect(small.resources.size).to.equal(0)
    await a.set('k', 'x'.repeat(1000))
    expect(await a.get('k')).to.have.length(1000)
  })

  it('a switch: bypass asks nothing of the store; on again serves nothing that was purged meanwhile', async () => {
    let mode: Mode = 'on'
    const {
      nodes: [a, b],
      far,
    } = await fleet(2, { flags: { mode: () => mode } })
    await a.set('k', 1)
    await b.get('k')
    mode = 'bypass'
    const { length } = far.asked
    expect(await b.get('k')).to.equal(undefined)
    expect(await b.mget(['k'])).to.deep.equal([undefined])
    expect(await b.getOrSet('k', () => 2)).to.equal(2)
    expect(far.asked).to.have.length(length)
    await a.clear()
    mode = 'on'
    for (const cache of [a, b]) expect(await cache.get('k')).to.equal(undefined)
  })

  it('close() lets go of the store, and gives back what it holds', async () => {
    const {
      nodes: [a, b],
      far,
    } = await fleet()
    const { passed, open } = gate<number>()
    let began = false
    const first = a.getOrSet('k', () => {
      began = true
      return passed
    })
    await until(() => began)
    const second = b.getOrSet('k', () => 'of b')
    await a.close()
    open(1)
    expect(await first).to.equal(1)
    expect(await second).to.equal('of b')
    await b.close()
    expect(far.listening).to.equal(0)
  })
})
