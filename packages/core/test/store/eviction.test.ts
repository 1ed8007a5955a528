// What the memory tier lets go: by the model of its rule, and under floods and scans.

import { expect } from 'chai'
import fc from 'fast-check'
import { createMemoryStore } from '../../src/store/memory.ts'

interface Modelled {
  readonly key: string
  readonly entry: object
  readonly bytes: number
  used: boolean
}

/** The rule in lists, as one would say it. */
function createModel(maxBytes: number, maxEntryBytes: number) {
  let probation: Modelled[] = []
  let main: Modelled[] = []
  let letGo: string[] = []
  let remembered = 0
  const sum = (queue: readonly Modelled[]): number => queue.reduce((bytes, each) => bytes + each.bytes, 0)
  const find = (key: string) => [...probation, ...main].find(each => each.key === key)

  function discard(key: string): void {
    probation = probation.filter(each => each.key !== key)
    main = main.filter(each => each.key !== key)
  }

  function makeRoom(): void {
    const onProbation = sum(probation) > maxBytes / 5 || main.length === 0
    const first = (onProbation ? probation : main).shift()!
    if (first.used) main.push({ ...first, used: false })
    else if (onProbation) {
      // As many are remembered as there were entries when the last one was let go.
      remembered = probation.length + main.length + 1
      letGo.push(first.key)
    }
  }

  return {
    get(key: string): object | undefined {
      const found = find(key)
      if (found) found.used = true
      return found?.entry
    },
    set(key: string, entry: object, bytes: number): boolean {
      const before = find(key)
      const wasInMain = before !== undefined && main.includes(before)
      discard(key)
      if (bytes > maxEntryBytes) return false
      while (sum(probation) + sum(main) + bytes > maxBytes) makeRoom()
      const comesBack = before === undefined && letGo.slice(-remembered).includes(key)
      if (before === undefined) letGo = letGo.map(each => (each === key ? '' : each))
      const queue = wasInMain || comesBack ? main : probation
      queue.push({ key, entry, bytes, used: before?.used ?? false })
      return true
    },
    delete(key: string): boolean {
      const found = find(key) !== undefined
      discard(key)
      return found
    },
    clear(): void {
      probation = []
      main = []
      letGo = []
    },
    get entries() {
      return probation.length + main.length
    },
    get bytes() {
      return sum(probation) + sum(main)
    },
  }
}

/** Numbers in [0, 1), the same for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** Asks as a cache asks: what is not there is set. Answers whether it was. */
function askerOf(entries: number): (key: string) => boolean {
  const store = createMemoryStore({ maxBytes: entries * 100, maxEntryBytes: 100 })
  return key => {
    if (store.get(key) !== undefined) return true
    store.set(key, {}, 100)
    return false
  }
}

describe('eviction from memory', () => {
  it('agrees with a model, operation by operation', () => {
    const operation = fc.record({
      kind: fc.constantFrom('get', 'get', 'set', 'set', 'set', 'set', 'delete', 'clear'),
      key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', '__proto__'),
      bytes: fc.integer({ min: 1, max: 60 }),
    })
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 100 }), operations => {
        const store = createMemoryStore({ maxBytes: 100, maxEntryBytes: 50 })
        const model = createModel(100, 50)
        for (const { kind, key, bytes } of operations) {
          if (kind === 'get') expect(store.get(key)).to.equal(model.get(key))
          else if (kind === 'set') {
            const entry = {}
            expect(store.set(key, entry, bytes)).to.equal(model.set(key, entry, bytes))
          } else if (kind === 'delete') expect(store.delete(key)).to.equal(model.delete(key))
          else {
            store.clear()
            model.clear()
          }
          expect(store.bytes).to.equal(model.bytes)
          expect(store.bytes).to.be.at.most(100)
          expect(store.entries).to.equal(model.entries)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('D1: what is asked for again keeps nine tenths of its hits in a flood of 20 keys for each of its requests', () => {
    const hitRatio = (flood: number): number => {
      const ask = askerOf(1000)
      const random = randomFrom(7)
      let flooded = 0
      let hits = 0
      for (let i = 0; i < 20_000; i++) {
        for (let j = 0; j < flood; j++) ask(`/search?q=${++flooded}`)
        if (ask(`/hot/${Math.floor(300 * random() ** 2)}`) && i >= 5000) hits++
      }
      return hits / 15_000
    }
    const calm = hitRatio(0)
    expect(calm).to.be.above(0.99)
    expect(hitRatio(20)).to.be.above(0.9 * calm)
  })

  it('a scan of everything drives out nothing that is used again', () => {
    const ask = askerOf(100)
    const hot = Array.from({ length: 60 }, (_, i) => `hot ${i}`)
    for (let round = 0; round < 3; round++) hot.forEach(ask)
    for (let i = 0; i < 10_000; i++) ask(`scanned ${i}`)
    expect(hot.filter(ask)).to.have.length(60)
  })

  it('what was popular goes when it is no more', () => {
    const ask = askerOf(100)
    for (let round = 0; round < 50; round++) for (let i = 0; i < 80; i++) ask(`old ${i}`)
    for (let round = 0; round < 10; round++) for (let i = 0; i < 80; i++) ask(`new ${i}`)
    const hits = Array.from({ length: 80 }, (_, i) => ask(`new ${i}`)).filter(Boolean)
    expect(hits).to.have.length(80)
  })

  it('what is let go soon after it came, and comes back, is taken for good', () => {
    const ask = askerOf(100)
    for (let i = 0; i < 200; i++) ask(`filler ${i}`)
    ask('back')
    for (let i = 200; i < 310; i++) ask(`filler ${i}`)
    expect(ask('back')).to.equal(false)
    for (let i = 310; i < 900; i++) ask(`filler ${i}`)
    expect(ask('back')).to.equal(true)
  })

  it('holds its bound, counts and keeps what was set when the one who is told of evictions sets and deletes', () => {
    let depth = 0
    const store = createMemoryStore<object>({
      maxBytes: 1000,
      maxEntryBytes: 500,
      onEvict() {
        if (depth > 2) return
        depth++
        store.set('shared', { from: 'within' }, 100)
        store.delete('3')
        depth--
      },
    })
    const random = randomFrom(3)
    for (let i = 0; i < 3000; i++) {
      const key = random() < 0.1 ? 'shared' : String(Math.floor(random() * 40))
      const entry = { i }
      store.set(key, entry, 1 + Math.floor(random() * 400))
      expect(store.get(key)).to.equal(entry)
      expect(store.bytes).to.be.at.most(1000)
    }
    store.clear()
    expect(store.bytes).to.equal(0)
    for (let i = 0; i < 10; i++) expect(store.set(`after ${i}`, {}, 100)).to.equal(true)
    expect(store.bytes).to.equal(1000)
  })
})
