// The data cache: values, lifetimes, modes, and what it refuses.

import { expect } from 'chai'
import fc from 'fast-check'
import { type Cache, type CacheOptions, createCache } from '../src/cache.ts'
import { engineOf } from '../src/engine.ts'
import type { Mode } from '../src/flags.ts'
import { createLocalLog } from '../src/invalidation/local-log.ts'
import { glob } from '../src/pattern.ts'
import { codeOf, createClock, expectRejection } from './support.ts'

function setUp(options: CacheOptions = {}) {
  const clock = createClock()
  let mode: Mode = 'on'
  const cache = createCache({ now: clock.now, flags: { mode: () => mode }, ...options })
  const setMode = (next: Mode) => {
    mode = next
  }
  return { clock, cache, setMode }
}

describe('the data cache', () => {
  it('keeps a value for its lifetime', async () => {
    const { cache, clock } = setUp()
    await cache.set('user:1', { name: 'Ada' }, 60)
    expect(await cache.get('user:1')).to.deep.equal({ name: 'Ada' })
    clock.advance(59_999)
    expect(await cache.get('user:1')).to.deep.equal({ name: 'Ada' })
    clock.advance(1)
    expect(await cache.get('user:1')).to.equal(undefined)
  })

  it('takes the lifetime as a number, a string, an option, or the default', async () => {
    const { cache, clock } = setUp({ defaultTtl: '40s' })
    await cache.set('number', 1, 10)
    await cache.set('string', 1, '20s')
    await cache.set('option', 1, { ttl: '30s' })
    await cache.set('default', 1)
    await cache.set('default with options', 1, { tags: [] })
    const keys = ['number', 'string', 'option', 'default', 'default with options']
    const left: number[] = []
    for (let i = 0; i < 5; i++) {
      left.push((await cache.mget(keys)).filter(value => value === 1).length)
      clock.advance(10_000)
    }
    expect(left).to.deep.equal([5, 4, 3, 2, 0])
  })

  it('stores nothing without an end of life: an hour when nobody says', async () => {
    const { cache, clock } = setUp()
    await cache.set('a', 1)
    await cache.getOrSet('b', () => 1)
    clock.advance(3_599_999)
    expect(await cache.mget(['a', 'b'])).to.deep.equal([1, 1])
    clock.advance(1)
    expect(await cache.mget(['a', 'b'])).to.deep.equal([undefined, undefined])
  })

  it('a lifetime of 0 removes what was there', async () => {
    const { cache } = setUp()
    await cache.set('a', 1)
    await cache.set('a', 2, 0)
    expect(await cache.get('a')).to.equal(undefined)
    expect(cache.getMetrics().entries).to.equal(0)
  })

  it('tells null from nothing', async () => {
    const { cache } = setUp()
    await cache.set('a', null)
    expect(await cache.get('a')).to.equal(null)
    expect(await cache.get('b')).to.equal(undefined)
    expect(await cache.mget(['a', 'b'])).to.deep.equal([null, undefined])
    expect(await cache.getOrSet('a', () => expect.fail('filled'))).to.equal(null)
  })

  it('shares no object with anybody', async () => {
    const { cache } = setUp()
    const value = { list: [1] }
    await cache.set('a', value)
    value.list.push(2)
    const got = (await cache.get('a')) as typeof value
    got.list.push(3)
    expect(await cache.get('a')).to.deep.equal({ list: [1] })
    const filled = { list: [1] }
    const [first, second] = await Promise.all([cache.getOrSet('b', () => filled), cache.getOrSet('b', () => filled)])
    first.list.push(2)
    filled.list.push(3)
    expect(second).to.deep.equal({ list: [1] })
    expect(await cache.get('b')).to.deep.equal({ list: [1] })
  })

  it('any string is a key and a tag, and no two are the same', async () => {
    const text = fc.oneof(
      fc.string({ minLength: 1, maxLength: 300, unit: 'binary' }),
      fc.constantFrom('__proto__', 'constructor', 'd:a', 'k:a', 'a\nb', '\0', '\ud800', '\udc00', ' ', '*'),
    )
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(text, { minLength: 2, maxLength: 10 }), async texts => {
        const cache = createCache()
        await cache.mset(texts.map((key, i) => ({ key, value: i, tags: [key] })))
        expect(await cache.mget(texts)).to.deep.equal(texts.map((_, i) => i))
        const [first, second, ...rest] = texts
        await cache.invalidateTags([first!])
        await cache.delete(second!)
        expect(await cache.mget(texts)).to.deep.equal([undefined, undefined, ...rest.map((_, i) => i + 2)])
      }),
    )
  })

  it('sets many, or none when one cannot be kept', async () => {
    const { cache } = setUp()
    const good = { key: 'a', value: 1 }
    const bad: readonly [unknown, string][] = [
      [{ key: '', value: 1 }, 'LARDER_INVALID_KEY'],
      [{ key: 'b', value: new Date() }, 'LARDER_UNSERIALIZABLE_VALUE'],
      [{ key: 'b' }, 'LARDER_UNSERIALIZABLE_VALUE'],
      [{ key: 'b', value: 1, ttl: '5' }, 'LARDER_INVALID_DURATION'],
      [{ key: 'b', value: 1, tags: [''] }, 'LARDER_INVALID_TAG'],
      [{ key: 'b', value: 1, tll: 5 }, 'LARDER_UNKNOWN_OPTION'],
      [null, 'LARDER_INVALID_OPTION'],
    ]
    for (const [entry, code] of bad) {
      await expectRejection(cache.mset([good, entry as typeof good]), code as 'LARDER_INVALID_KEY')
      expect(cache.getMetrics().entries).to.equal(0)
    }
    await cache.mset([good, { key: 'b', value: 2, ttl: '1m', tags: ['t'] }])
    expect(await cache.mget(['b', 'a', 'c', 'b'])).to.deep.equal([2, 1, undefined, 2])
  })

  it('deletes, whether or not there is anything', async () => {
    const { cache } = setUp()
    await cache.set('a', 1)
    await cache.delete('a')
    await cache.delete('a')
    expect(await cache.get('a')).to.equal(undefined)
    await cache.set('a', 2)
    expect(await cache.get('a')).to.equal(2)
  })

  describe('invalidates', () => {
    const fill = async () => {
      const { cache, clock } = setUp()
      await cache.mset([
        { key: 'user:1', value: 1, tags: ['a', 'b'] },
        { key: 'user:2', value: 2, tags: ['b'] },
        { key: 'post:1', value: 3 },
      ])
      return { cache, clock, left: () => cache.mget(['user:1', 'user:2', 'post:1']) }
    }
    const _ = undefined
    const cases: readonly [string, (cache: Cache) => Promise<void>, readonly unknown[]][] = [
      ['one tag', cache => cache.invalidateTags(['a']), [_, 2, 3]],
      ['a tag of many', cache => cache.invalidateTags(['b', 'z']), [_, _, 3]],
      ['no tags', cache => cache.invalidateTags([]), [1, 2, 3]],
      ['a tag that is a key', cache => cache.invalidateTags(['post:1']), [1, 2, 3]],
      ['a pattern', cache => cache.invalidatePattern('user:*'), [_, _, 3]],
      ['a pattern with a value', cache => cache.invalidatePattern(glob`${'*'}:1`), [1, 2, 3]],
      ['everything', cache => cache.clear(), [_, _, _]],
    ]
    for (const [title, run, expected] of cases)
      it(title, async () => {
        const { cache, left } = await fill()
        await run(cache)
        expect(await left()).to.deep.equal(expected)
        await cache.set('user:1', 9, { tags: ['a', 'b'] })
        expect(await cache.get('user:1')).to.equal(9)
      })

    it('softly: get misses, getOrSet answers and refreshes', async () => {
      const { cache, left } = await fill()
      await cache.invalidateTags(['a'], { soft: true })
      expect(await left()).to.deep.equal([undefined, 2, 3])
      expect(await cache.getOrSet('user:1', () => 'new')).to.equal(1)
      expect(await cache.get('user:1')).to.equal('new')
    })

    it('gives the memory back when everything goes', async () => {
      const { cache } = await fill()
      await cache.clear({ soft: true })
      expect(cache.getMetrics().entries).to.equal(3)
      await cache.clear()
      expect(cache.getMetrics()).to.include({ entries: 0, bytes: 0 })
    })

    it('on every cache of a log', async () => {
      const log = createLocalLog()
      const [a, b] = [createCache({ log }), createCache({ log })]
      await b.set('user:1', 1, { tags: ['t'] })
      await a.invalidateTags(['t'])
      expect(await b.get('user:1')).to.equal(undefined)
      await b.set('user:1', 1)
      await a.delete('user:1')
      expect(await b.get('user:1')).to.equal(undefined)
      await b.set('user:1', 1)
      await a.clear()
      expect(b.getMetrics().entries).to.equal(0)
      await a.close()
      await b.set('user:1', 1, { tags: ['t'] })
      await b.invalidateTags(['t'])
      expect(await b.get('user:1')).to.equal(undefined)
    })

    it('rejects with the error of the log', async () => {
      const refused = Object.assign(new Error('away'), { code: 'LARDER_INVALIDATION_UNACKNOWLEDGED' })
      const cache = createCache({ log: { ...createLocalLog(), append: () => Promise.reject(refused) } })
      await cache.set('a', 1)
      await expectRejection(cache.delete('a'), 'LARDER_INVALIDATION_UNACKNOWLEDGED')
      expect(await cache.get('a')).to.equal(undefined)
      expect(cache.getMetrics()).to.include({ errors: 1, invalidations: 1 })
    })
  })

  describe('in the mode', () => {
    it("'bypass' reads nothing, stores nothing, and leaves nothing outdated behind", async () => {
      const { cache, setMode } = setUp()
      await cache.mset(['a', 'b', 'c'].map(key => ({ key, value: 'old' })))
      setMode('bypass')
      expect(await cache.get('a')).to.equal(undefined)
      await cache.set('a', 'new')
      await cache.delete('b')
      expect(await cache.getOrSet('c', () => 'own')).to.equal('own')
      expect(await cache.getOrSet('d', () => 'own')).to.equal('own')
      setMode('on')
      expect(await cache.mget(['a', 'b', 'c', 'd'])).to.deep.equal([undefined, undefined, 'old', undefined])
      expect(cache.getMetrics()).to.include({ bypasses: 3, hits: 1 })
    })

    it("'read-only' uses what there is", async () => {
      const { cache, setMode } = setUp()
      await cache.set('a', 'old')
      await cache.set('b', 'old')
      setMode('read-only')
      expect(await cache.get('a')).to.equal('old')
      expect(await cache.getOrSet('a', () => 'own')).to.equal('old')
      expect(await cache.getOrSet('c', () => 'own')).to.equal('own')
      await cache.set('b', 'new')
      setMode('on')
      expect(await cache.mget(['a', 'b', 'c'])).to.deep.equal(['old', undefined, undefined])
    })

    it("'stale-only' answers with what has expired, never with what was purged", async () => {
      const { cache, clock, setMode } = setUp()
      await cache.mset(['a', 'b'].map(key => ({ key, value: 'old', ttl: 1 })))
      clock.advance(3_600_000)
      expect(await cache.get('a')).to.equal(undefined)
      setMode('stale-only')
      expect(await cache.get('a')).to.equal('old')
      expect(await cache.getOrSet('a', () => expect.fail('filled'))).to.equal('old')
      await cache.delete('b')
      expect(await cache.get('b')).to.equal(undefined)
      expect(await cache.getOrSet('b', () => 'own')).to.equal('own')
      expect(await cache.get('b')).to.equal('own')
      expect(cache.getMetrics()).to.include({ staleHits: 2, refreshes: 0 })
    })

    it('that a broken flag cannot give stays what it was', async () => {
      const cache = createCache({
        flags: {
          mode: () => {
            throw new Error('no flags')
          },
        },
      })
      await cache.set('a', 1)
      expect(await cache.get('a')).to.equal(1)
    })
  })

  describe('refuses', () => {
    const wrong: readonly [string, unknown, string][] = [
      ['an unknown option', { maxBites: 5 }, 'LARDER_UNKNOWN_OPTION'],
      ['no object', 5, 'LARDER_INVALID_OPTION'],
      ['a negative size', { maxBytes: -1 }, 'LARDER_INVALID_OPTION'],
      ['milliseconds', { defaultTtl: 300_000 }, 'LARDER_INVALID_DURATION'],
      ['an empty name', { name: '' }, 'LARDER_INVALID_OPTION'],
      ['a log that is none', { log: {} }, 'LARDER_INVALID_OPTION'],
      ['flags that are none', { flags: 'on' }, 'LARDER_INVALID_OPTION'],
    ]
    for (const [title, options, code] of wrong)
      it(`${title} when it is made`, () => expect(codeOf(() => createCache(options as CacheOptions))).to.equal(code))

    it('wrong arguments by rejection, never by a throw', async () => {
      const cache = createCache() as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
      const calls: readonly [string, unknown[], string][] = [
        ['get', [''], 'LARDER_INVALID_KEY'],
        ['get', [], 'LARDER_INVALID_KEY'],
        ['set', ['x'.repeat(1025), 1], 'LARDER_INVALID_KEY'],
        ['set', ['a', undefined], 'LARDER_UNSERIALIZABLE_VALUE'],
        ['set', ['a', 1, '60'], 'LARDER_INVALID_DURATION'],
        ['set', ['a', 1, { ttl: 300_000 }], 'LARDER_INVALID_DURATION'],
        ['set', ['a', 1, null], 'LARDER_INVALID_OPTION'],
        ['set', ['a', 1, { tags: 'a' }], 'LARDER_INVALID_OPTION'],
        ['set', ['a', 1, { tags: [''] }], 'LARDER_INVALID_TAG'],
        ['delete', [5], 'LARDER_INVALID_KEY'],
        ['mget', ['a'], 'LARDER_INVALID_OPTION'],
        ['mget', [['a', '']], 'LARDER_INVALID_KEY'],
        ['mset', [{}], 'LARDER_INVALID_OPTION'],
        ['getOrSet', ['a'], 'LARDER_INVALID_OPTION'],
        ['getOrSet', ['a', () => 1, { tag: 'a' }], 'LARDER_UNKNOWN_OPTION'],
        ['getOrSet', ['a', () => new Date()], 'LARDER_UNSERIALIZABLE_VALUE'],
        ['invalidateTags', ['a'], 'LARDER_INVALID_TAG'],
        ['invalidateTags', [['a'], { sofd: true }], 'LARDER_UNKNOWN_OPTION'],
        ['invalidatePattern', [/a/], 'LARDER_INVALID_PATTERN'],
        ['clear', [{ soft: 1 }], 'LARDER_INVALID_OPTION'],
      ]
      for (const [method, args, code] of calls) await expectRejection(cache[method]!(...args), code as 'LARDER_CLOSED')
    })

    it('everything once it is closed', async () => {
      const { cache } = setUp()
      await cache.set('a', 1)
      const filling = cache.getOrSet('b', async () => 2)
      await cache.close()
      await cache.close()
      expect(await filling).to.equal(2)
      expect(cache.getMetrics().entries).to.equal(0)
      const calls = [
        cache.get('a'),
        cache.set('a', 1),
        cache.delete('a'),
        cache.mget(['a']),
        cache.mset([]),
        cache.getOrSet('a', () => 1),
        cache.invalidateTags([]),
        cache.invalidatePattern('*'),
        cache.clear(),
      ]
      for (const call of calls) await expectRejection(call, 'LARDER_CLOSED')
    })
  })

  it('lets go of its own log, and leaves open what it was given', async () => {
    let closed = 0
    const log = { ...createLocalLog(), close: async () => void closed++ }
    await createCache({ log }).close()
    expect(closed).to.equal(0)
  })

  it('counts what it does', async () => {
    const { cache } = setUp()
    await cache.set('a', 1)
    await cache.get('a')
    await cache.get('b')
    await cache.mget(['a', 'b', 'c'])
    await cache.getOrSet('a', () => 1)
    await cache.getOrSet('d', () => 1)
    await cache.delete('a')
    const metrics = cache.getMetrics()
    expect(metrics).to.include({ hits: 3, misses: 4, sets: 2, deletes: 1, invalidations: 1, entries: 1, errors: 0 })
    expect(cache.getHitRatio()).to.equal(3 / 7)
    expect(metrics.hitRatio).to.equal(3 / 7)
    expect(metrics.responseTimes.get.count).to.equal(2)
    expect(metrics.responseTimes.getOrSet.count).to.equal(2)
    expect(metrics.bytes).to.be.greaterThan(0)
  })

  it('holds its bytes whatever is set', async () => {
    const cache = createCache({ maxBytes: 20_000 })
    const operation = fc.record({
      key: fc.integer({ min: 0, max: 40 }).map(String),
      size: fc.integer({ min: 0, max: 8000 }),
      kind: fc.constantFrom('set', 'set', 'set', 'getOrSet', 'delete', 'bytes'),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 50 }), async operations => {
        for (const { key, size, kind } of operations) {
          if (kind === 'set') await cache.set(key, 'x'.repeat(size), { tags: [key] })
          else if (kind === 'bytes') await cache.set(key, Buffer.alloc(size))
          else if (kind === 'getOrSet') await cache.getOrSet(key, () => 'y'.repeat(size))
          else await cache.delete(key)
          expect(cache.getMetrics().bytes).to.be.at.most(20_000)
        }
      }),
      { numRuns: 100 },
    )
    expect(cache.getMetrics().evictions).to.be.greaterThan(0)
  })

  it('shows its engine to whoever has the symbol, and to nobody who lists it', () => {
    const cache = createCache({ name: 'shop' })
    expect(cache[engineOf].name).to.equal('shop')
    expect(Object.getOwnPropertySymbols({ ...cache })).to.have.length(0)
  })
})
