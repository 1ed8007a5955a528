// A purge hits what it names and nothing else, whatever strings the names are.

import { createCache, glob } from '@larder/core'
import { expect } from 'chai'
import fc from 'fast-check'
import { patience, runs } from './runs.ts'
import { createWorld } from './world.ts'

const CASES = 500

/** Strings that maps, patterns and encodings trip over. */
const name = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...['*', '?', '[a]', '[^a]', '\\', '-', '^', '{', 'a', 'b', '\n', '\r\n', '\u0000', 't:', 'k:', 'p:/a', 'u:'],
      ),
      fc.constantFrom(
        ...['__proto__', 'constructor', 'toString', '\ud83d', '\ude00', '😀', '\ufeff', 'é', 'e\u0301', 'İ', ' '],
      ),
      fc.string({ unit: 'binary', maxLength: 2 }),
    ),
    { minLength: 1, maxLength: 3 },
  )
  .map(pieces => pieces.join(''))
  .filter(text => text !== '' && Buffer.byteLength(text) <= 128)
const names = fc.uniqueArray(name, { minLength: 1, maxLength: 5 })

describe('invalidation', () => {
  it('of a tag removes exactly the data and the responses that carry it', async function () {
    this.timeout(patience(CASES))
    const check = fc.asyncProperty(
      names,
      fc.array(fc.array(fc.nat(4), { maxLength: 3 }), { minLength: 1, maxLength: 6 }),
      async (names, carried) => {
        const tagsOf = (i: number) => [...new Set(carried[i]!.map(which => names[which % names.length]!))]
        const world = createWorld({
          ttl: '1h',
          tags: ({ target }) => tagsOf(Number(target.slice(1))),
          handler(run) {
            run.head(200, [])
            run.end()
          },
        })
        const { cache } = world
        for (let i = 0; i < carried.length; i++) {
          world.ask('GET', `/${i}`)
          await cache.set(`${i}`, i, { ttl: '1h', tags: tagsOf(i) })
        }
        await cache.invalidateTags([names[0]!])
        for (let i = 0; i < carried.length; i++) {
          const isHit = tagsOf(i).includes(names[0]!)
          expect(world.ask('GET', `/${i}`).run !== undefined, `response ${i}`).to.equal(isHit)
          expect((await cache.get(`${i}`)) === undefined, `value ${i}`).to.equal(isHit)
        }
      },
    )
    await fc.assert(check, runs(CASES))
  })

  it('of a key, and of a pattern that was made of it, removes that key alone', async function () {
    this.timeout(patience(CASES))
    const check = fc.asyncProperty(names, fc.boolean(), async (names, byPattern) => {
      const cache = createCache({ now: () => 0 })
      await cache.mset(names.map(key => ({ key, value: key, ttl: '1h' })))
      if (byPattern) await cache.invalidatePattern(glob`${names[0]!}`)
      else await cache.delete(names[0]!)
      expect(await cache.mget(names)).to.deep.equal([undefined, ...names.slice(1)])
      // It can be set anew.
      await cache.set(names[0]!, 'new')
      expect(await cache.get(names[0]!)).to.equal('new')
    })
    await fc.assert(check, runs(CASES))
  })

  it('of more names than the ledger keeps apart spares nothing that was named', async function () {
    this.timeout(60_000)
    const cache = createCache({ now: () => 0 })
    const count = 25_000
    for (let i = 0; i < count; i += 5000) await cache.set(`k${i}`, i, { ttl: '1h', tags: [`t${i}`] })
    for (let i = 0; i < count; i++) await cache.invalidateTags([`t${i}`])
    for (let i = 0; i < count; i += 5000) expect(await cache.get(`k${i}`), `k${i}`).to.equal(undefined)
  })
})
