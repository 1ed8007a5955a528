// getOrSet: one fill for all, stale answers, failures, and what wins over a fill.

import { expect } from 'chai'
import { type Cache, type CacheOptions, createCache } from '../src/cache.ts'
import { createClock, expectRejection, gate, settle } from './support.ts'

const setUp = (options: CacheOptions = {}) => {
  const clock = createClock()
  return { clock, cache: createCache({ now: clock.now, ...options }) }
}

describe('getOrSet', () => {
  it('fills once for a thousand at the same time, then hits', async () => {
    const { cache } = setUp()
    let runs = 0
    const fill = async () => {
      runs++
      await settle()
      return { n: runs }
    }
    const values = await Promise.all(Array.from({ length: 1000 }, () => cache.getOrSet('a', fill)))
    expect(values.every(({ n }) => n === 1)).to.equal(true)
    expect(new Set(values).size).to.equal(1000)
    expect(await cache.getOrSet('a', fill)).to.deep.equal({ n: 1 })
    expect(runs).to.equal(1)
    expect(cache.getMetrics()).to.include({ misses: 1000, hits: 1, collapsed: 999, sets: 1, entries: 1 })
  })

  it('hands a failure to all who wait, keeps nothing, and tries again', async () => {
    const { cache } = setUp()
    const error = new Error('database')
    const made = gate<number>()
    const waiting = Array.from({ length: 5 }, () => cache.getOrSet('a', () => made.passed))
    made.fail(error)
    for (const result of await Promise.allSettled(waiting))
      expect(result).to.include({ status: 'rejected', reason: error })
    expect(cache.getMetrics()).to.include({ entries: 0, errors: 1, misses: 5 })
    expect(await cache.getOrSet('a', () => 1)).to.equal(1)
  })

  it('hands undefined on and keeps nothing; null is a value', async () => {
    const { cache } = setUp()
    let runs = 0
    expect(await cache.getOrSet('a', () => void runs++)).to.equal(undefined)
    expect(await cache.getOrSet('a', () => void runs++)).to.equal(undefined)
    expect(runs).to.equal(2)
    await cache.getOrSet('b', () => null)
    expect(await cache.getOrSet('b', () => expect.fail('filled'))).to.equal(null)
  })

  it('a fill that takes too long fails, and what it brings later is not kept', async () => {
    const cache = createCache({ fillTimeout: '20ms' })
    const late = gate<string>()
    // The timeout holds no process open, so the test does.
    const awake = setTimeout(() => {}, 5000)
    await expectRejection(
      cache.getOrSet('a', () => late.passed),
      'LARDER_FILL_TIMEOUT',
    )
    clearTimeout(awake)
    late.open('late')
    await late.passed
    expect(await cache.get('a')).to.equal(undefined)
  })

  it('a hanging fill holds nobody', async () => {
    const { cache } = setUp({ waitTimeout: '10ms' })
    void cache.getOrSet('a', () => new Promise(() => {}))
    expect(await cache.getOrSet('a', () => 'own')).to.equal('own')
    expect(await cache.get('a')).to.equal('own')
  })

  describe('stale while it revalidates', () => {
    const life = { ttl: 10, staleWhileRevalidate: 20 }

    it('answers at once and refreshes behind, once', async () => {
      const { cache, clock } = setUp()
      await cache.set('a', 'old', life)
      clock.advance(10_000)
      const made = gate<string>()
      let runs = 0
      const fill = () => {
        runs++
        return made.passed
      }
      for (let i = 0; i < 10; i++) expect(await cache.getOrSet('a', fill, life)).to.equal('old')
      expect(await cache.get('a')).to.equal(undefined)
      made.open('new')
      await settle()
      expect(await cache.getOrSet('a', fill, life)).to.equal('new')
      expect(runs).to.equal(1)
      expect(cache.getMetrics()).to.include({ staleHits: 10, refreshes: 1, hits: 1, misses: 1 })
    })

    it('a refresh that fails leaves the stale value, and the next one tries again', async () => {
      const { cache, clock } = setUp()
      await cache.set('a', 'old', life)
      clock.advance(10_000)
      expect(await cache.getOrSet('a', () => Promise.reject(new Error('database')), life)).to.equal('old')
      await settle()
      expect(await cache.getOrSet('a', () => 'new', life)).to.equal('old')
      await settle()
      expect(await cache.get('a')).to.equal('new')
      expect(cache.getMetrics()).to.include({ errors: 1, refreshes: 2 })
    })

    it('a refresh that finds nothing takes the stale value away', async () => {
      const { cache, clock } = setUp()
      await cache.set('a', 'old', life)
      clock.advance(10_000)
      expect(await cache.getOrSet<string | undefined>('a', () => undefined, life)).to.equal('old')
      await settle()
      expect(await cache.getOrSet<string | undefined>('a', () => undefined, life)).to.equal(undefined)
    })

    it('ends with its window', async () => {
      const { cache, clock } = setUp()
      await cache.set('a', 'old', life)
      clock.advance(30_000)
      expect(await cache.getOrSet('a', () => 'new', life)).to.equal('new')
    })

    it('never answers with what was purged', async () => {
      const { cache, clock } = setUp()
      await cache.set('a', 'old', life)
      clock.advance(10_000)
      await cache.delete('a')
      expect(await cache.getOrSet('a', () => 'new', life)).to.equal('new')
    })
  })

  describe('stale if error', () => {
    const life = { ttl: 10, staleIfError: 20, tags: ['t'] }
    const fail = () => Promise.reject(new Error('database'))

    it('answers with the stored value when the fill fails, for its window', async () => {
      const { cache, clock } = setUp()
      await cache.set('a', 'old', life)
      clock.advance(29_999)
      const answers = await Promise.all([cache.getOrSet('a', fail), cache.getOrSet('a', fail)])
      expect(answers).to.deep.equal(['old', 'old'])
      expect(cache.getMetrics()).to.include({ staleHits: 2, errors: 1 })
      clock.advance(1)
      const error = await cache.getOrSet('a', fail).catch((error: Error) => error.message)
      expect(error).to.equal('database')
    })

    it('fills first: a fill that works is the answer', async () => {
      const { cache, clock } = setUp()
      await cache.set('a', 'old', life)
      clock.advance(10_000)
      expect(await cache.getOrSet('a', () => 'new')).to.equal('new')
    })

    it('never answers with what was purged, even while the fill ran', async () => {
      const { cache, clock } = setUp()
      await cache.set('a', 'old', life)
      clock.advance(10_000)
      const made = gate<string>()
      const answer = cache.getOrSet('a', () => made.passed)
      await cache.invalidateTags(['t'])
      made.fail(new Error('database'))
      expect(await answer.catch((error: Error) => error.message)).to.equal('database')
    })
  })

  // What was read before the purge must never be served after it, wherever in the fill the purge falls.
  describe('a purge during a fill wins', () => {
    const purges: readonly [string, (cache: Cache) => Promise<void>][] = [
      ['delete', cache => cache.delete('user:1')],
      ['tag', cache => cache.invalidateTags(['users'])],
      ['pattern', cache => cache.invalidatePattern('user:*')],
      ['clear', cache => cache.clear()],
    ]
    const moments = [
      'before the fill starts',
      'after it started',
      'after the value was read',
      'after it is stored',
    ] as const

    for (const [name, purge] of purges)
      for (const moment of moments)
        for (const others of [0, 3])
          it(`${name} ${moment}${others ? ', with others waiting' : ''}`, async () => {
            const { cache } = setUp()
            let database = 'old'
            const change = async () => {
              database = 'new'
              await purge(cache)
            }
            if (moment === 'before the fill starts') await change()
            const [reads, returns] = [gate(), gate()]
            const fill = async () => {
              await reads.passed
              const value = database
              await returns.passed
              return value
            }
            const options = { tags: ['users'] }
            const filling = [cache.getOrSet('user:1', fill, options)]
            for (let i = 0; i < others; i++) filling.push(cache.getOrSet('user:1', fill, options))
            if (moment === 'after it started') await change()
            reads.open()
            await settle()
            if (moment === 'after the value was read') await change()
            // Whoever comes after the purge gets the new value, even while the old fill still runs.
            const late =
              moment === 'after it is stored' ? undefined : cache.getOrSet('user:1', async () => database, options)
            returns.open()
            await Promise.all(filling)
            if (moment === 'after it is stored') await change()
            await settle()
            if (late) expect(await late).to.equal('new')
            const kept = await cache.get('user:1')
            expect(kept).to.be.oneOf([undefined, 'new'])
            expect(await cache.getOrSet('user:1', () => database, options)).to.equal('new')
          })
  })

  describe('a write during a fill wins', () => {
    const writes: readonly [string, (cache: Cache) => Promise<void>, unknown][] = [
      ['set', cache => cache.set('a', 'written'), 'written'],
      ['mset', cache => cache.mset([{ key: 'a', value: 'written' }]), 'written'],
      ['delete', cache => cache.delete('a'), undefined],
      [
        'set, then eviction',
        async cache => {
          await cache.set('a', 'written')
          for (let i = 0; i < 20; i++) await cache.set(`other ${i}`, 'x'.repeat(1000))
        },
        undefined,
      ],
      ['set of what is too large', cache => cache.set('a', 'x'.repeat(9000)), undefined],
    ]
    for (const [title, write, expected] of writes)
      it(title, async () => {
        const { cache } = setUp({ maxBytes: 8000 })
        const made = gate<string>()
        const filling = cache.getOrSet('a', () => made.passed)
        await write(cache)
        made.open('filled')
        expect(await filling).to.equal('filled')
        expect(await cache.get('a')).to.equal(expected)
      })

    it('in a mode that stores nothing', async () => {
      let mode: 'on' | 'bypass' = 'on'
      const { cache } = setUp({ flags: { mode: () => mode } })
      const made = gate<string>()
      const filling = cache.getOrSet('a', () => made.passed)
      mode = 'bypass'
      await cache.set('a', 'written')
      mode = 'on'
      made.open('filled')
      await filling
      expect(await cache.get('a')).to.equal(undefined)
    })

    it('whoever comes after the write does not join the fill', async () => {
      const { cache } = setUp()
      const made = gate<string>()
      const filling = cache.getOrSet('a', () => made.passed)
      await cache.set('a', 'written', 1)
      await cache.set('a', 'written', 0)
      expect(await cache.getOrSet('a', () => 'own')).to.equal('own')
      made.open('filled')
      await filling
      expect(await cache.get('a')).to.equal('own')
    })
  })

  it('of two fills the one that began later stays', async () => {
    const { cache } = setUp({ waitTimeout: '5ms' })
    const slow = gate<string>()
    const first = cache.getOrSet('a', () => slow.passed)
    expect(await cache.getOrSet('a', () => 'later')).to.equal('later')
    slow.open('earlier')
    await first
    await settle()
    expect(await cache.get('a')).to.equal('later')
  })

  it('a soft purge during a refresh makes another refresh', async () => {
    const { cache } = setUp()
    await cache.set('a', 1, { tags: ['t'] })
    await cache.invalidateTags(['t'], { soft: true })
    const made = gate<number>()
    expect(await cache.getOrSet('a', () => made.passed, { tags: ['t'] })).to.equal(1)
    await cache.invalidateTags(['t'], { soft: true })
    expect(await cache.getOrSet('a', () => 3, { tags: ['t'] })).to.equal(1)
    await settle()
    made.open(2)
    await settle()
    expect(await cache.get('a')).to.equal(3)
  })

  it('rejects a value that cannot be kept, and keeps nothing', async () => {
    const { cache } = setUp()
    await expectRejection(
      cache.getOrSet('a', () => new Map()),
      'LARDER_UNSERIALIZABLE_VALUE',
    )
    expect(cache.getMetrics().entries).to.equal(0)
  })

  it('what is born invalid is not kept', async () => {
    const { cache } = setUp()
    const made = gate<number>()
    const filling = cache.getOrSet('a', () => made.passed)
    await cache.clear()
    made.open(1)
    await filling
    expect(cache.getMetrics()).to.include({ entries: 0, sets: 0 })
  })
})
