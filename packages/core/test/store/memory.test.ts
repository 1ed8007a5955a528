// The memory tier: its contract, its bound, and what an entry really costs.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import { createCache } from '../../src/cache.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { storeContract } from '../../src/testing/index.ts'

storeContract('createMemoryStore', ({ maxBytes }) => createMemoryStore({ maxBytes, maxEntryBytes: maxBytes }), {
  describe,
  it,
})

describe('the memory store', () => {
  it('tells what it evicts, and only that', () => {
    const evicted: [object, number][] = []
    const store = createMemoryStore({
      maxBytes: 100,
      maxEntryBytes: 100,
      onEvict: (entry, bytes) => evicted.push([entry, bytes]),
    })
    const [a, b, c] = [{}, {}, {}]
    store.set('a', a, 60)
    store.set('a', b, 60)
    store.set('c', c, 30)
    store.delete('c')
    store.set('c', c, 50)
    store.set('c', c, 500)
    store.set('c', c, 5)
    store.clear()
    expect(evicted).to.deep.equal([[b, 60]])
    expect(evicted[0]![0]).to.equal(b)
  })

  it('by default takes no entry above a quarter of its bytes', () => {
    const store = createMemoryStore({ maxBytes: 1000 })
    expect(store.set('a', {}, 250)).to.equal(true)
    expect(store.set('a', {}, 251)).to.equal(false)
    expect(store.get('a')).to.equal(undefined)
  })

  it('counts a fraction as a byte and refuses what is no number', () => {
    const store = createMemoryStore({ maxBytes: 1000 })
    store.set('a', {}, 0)
    store.set('b', {}, 1.5)
    expect(store.bytes).to.equal(3)
    expect(store.set('c', {}, Number.NaN)).to.equal(false)
  })
})

describe('the bytes that an entry is counted with', () => {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  const heldBytes = () => {
    collect()
    collect()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }

  const kinds: readonly [string, (i: number) => unknown, number][] = [
    ['short strings', i => `value ${i}`, 0],
    ['objects', i => ({ text: 'x'.repeat(180) + i }), 0],
    ['objects with three tags', i => ({ text: 'x'.repeat(180) + i }), 3],
    ['text outside Latin-1', i => '日'.repeat(100) + i, 0],
    ['a kilobyte each', () => Buffer.alloc(1024), 0],
  ]
  for (const [title, make, tags] of kinds)
    it(`are those that the heap grows by: ${title}`, async () => {
      const entries = 20_000
      const cache = createCache({ maxBytes: 1e9 })
      const before = heldBytes()
      for (let i = 0; i < entries; i++) {
        await cache.set(`user:profile:${i}`, make(i), {
          tags: Array.from({ length: tags }, (_, tag) => `tag:${tag}:${i}`),
        })
      }
      const grown = heldBytes() - before
      expect(cache.getMetrics().entries).to.equal(entries)
      expect(cache.getMetrics().bytes / grown).to.be.within(0.75, 1.5)
    })
})
