// What every near store has to keep to.

import assert from 'node:assert/strict'
import type { NearStore } from '../store/store.ts'
import { awkwardStrings, type TestRunner } from './runner.ts'

/** A new, empty store that holds at most `maxBytes`. */
export type StoreMaker = (options: { readonly maxBytes: number }) => NearStore<object>

/** Declare the tests of a near store: `storeContract('my store', makeMyStore, { describe, it })`. */
export function storeContract(name: string, make: StoreMaker, { describe, it }: TestRunner): void {
  const entry = (label: string) => ({ label })

  describe(`${name} keeps the store contract`, () => {
    it('begins empty', () => {
      const store = make({ maxBytes: 1000 })
      assert.equal(store.get('a'), undefined)
      assert.equal(store.entries, 0)
      assert.equal(store.bytes, 0)
    })

    it('answers with the very entry that was set', () => {
      const store = make({ maxBytes: 1000 })
      const a = entry('a')
      assert.equal(store.set('a', a, 10), true)
      assert.equal(store.get('a'), a)
      assert.equal(store.entries, 1)
      assert.equal(store.bytes, 10)
    })

    it('replaces an entry and its bytes', () => {
      const store = make({ maxBytes: 1000 })
      const second = entry('second')
      store.set('a', entry('first'), 100)
      store.set('a', second, 30)
      assert.equal(store.get('a'), second)
      assert.equal(store.entries, 1)
      assert.equal(store.bytes, 30)
    })

    it('deletes, and says whether there was anything', () => {
      const store = make({ maxBytes: 1000 })
      store.set('a', entry('a'), 10)
      assert.equal(store.delete('a'), true)
      assert.equal(store.delete('a'), false)
      assert.equal(store.get('a'), undefined)
      assert.equal(store.bytes, 0)
    })

    it('clears everything', () => {
      const store = make({ maxBytes: 1000 })
      for (const key of ['a', 'b', 'c']) store.set(key, entry(key), 10)
      store.clear()
      assert.equal(store.entries, 0)
      assert.equal(store.bytes, 0)
      assert.equal(store.get('b'), undefined)
    })

    it('keeps what is used again, and what came last, when it has to make room', () => {
      const store = make({ maxBytes: 100 })
      for (const key of ['a', 'b', 'c', 'd', 'e']) store.set(key, entry(key), 20)
      store.get('a')
      store.set('f', entry('f'), 20)
      assert.notEqual(store.get('a'), undefined)
      assert.notEqual(store.get('f'), undefined)
      assert.equal(store.entries, 5)
    })

    it('refuses what is larger than the store, and lets the older one go', () => {
      const store = make({ maxBytes: 100 })
      store.set('a', entry('old'), 10)
      store.set('b', entry('b'), 10)
      assert.equal(store.set('a', entry('new'), 101), false)
      assert.equal(store.get('a'), undefined)
      assert.notEqual(store.get('b'), undefined)
    })

    it('holds its bound after every operation', () => {
      const store = make({ maxBytes: 1000 })
      let seed = 42
      const random = (below: number) => {
        seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff
        return (seed >>> 8) % below
      }
      for (let i = 0; i < 5000; i++) {
        const key = String(random(60))
        const bytes = random(100) === 0 ? 2000 : 1 + random(200)
        const operation = random(10)
        if (operation === 0) store.delete(key)
        else if (operation < 3) store.get(key)
        else if (!store.set(key, entry(key), bytes)) assert.equal(store.get(key), undefined)
        assert.ok(store.bytes <= 1000, `${store.bytes} bytes after operation ${i}`)
        assert.ok(store.bytes >= store.entries)
      }
    })

    it('tells any two keys apart', () => {
      const store = make({ maxBytes: 100_000 })
      const entries = awkwardStrings.map(entry)
      awkwardStrings.forEach((key, i) => void store.set(key, entries[i]!, 10))
      awkwardStrings.forEach((key, i) => void assert.equal(store.get(key), entries[i]))
      assert.equal(store.entries, awkwardStrings.length)
    })
  })
}
