// What every far store has to keep to, as two processes see it that share one.

import assert from 'node:assert/strict'
import type { FarWrite } from '../store/far.ts'
import { declareLeases } from './far-lease-contract.ts'
import { begin, type Declare, frame, type Process, type SharedFarStore, textAt, until, write } from './far-processes.ts'
import { awkwardStrings, type TestRunner } from './runner.ts'

export type FarStoreMaker = () => SharedFarStore | Promise<SharedFarStore>

/** Declare the tests of a far store: `farStoreContract('my store', makeMyStore, { describe, it })`. */
export function farStoreContract(name: string, make: FarStoreMaker, { describe, it }: TestRunner): void {
  const withStore = (title: string, test: (a: Process, b: Process) => Promise<void>) =>
    it(title, async () => {
      const shared = await make()
      const processes: Process[] = []
      try {
        for (let i = 0; i < 2; i++) processes.push(await begin(shared))
        await test(processes[0]!, processes[1]!)
      } finally {
        for (const { unlisten } of processes) unlisten()
        await shared.end?.()
      }
    })

  describe(`${name} keeps the far store contract`, () => {
    declareStored(withStore)
    declareOrder(withStore)
    declareLeases(withStore)
  })
}

function declareStored(withStore: Declare): void {
  withStore('has nothing at first', async ({ store }) => {
    assert.deepEqual(await store.get('k', ''), { rule: undefined, frame: undefined, claimed: undefined })
  })

  withStore('hands every byte on to the other process', async (a, b) => {
    const frames = [frame(''), Buffer.from(Array.from({ length: 256 }, (_, i) => i)), Buffer.alloc(200_000, 'ab\r\n')]
    for (const [i, bytes] of frames.entries()) {
      assert.equal(await a.store.set(write({ key: `k${i}`, frame: bytes })), 'stored')
      const found = await b.store.get(`k${i}`, '')
      assert.equal(found.rule, '')
      assert.ok(found.frame?.equals(bytes), `${bytes.length} bytes`)
    }
  })

  withStore('tells any two keys apart, and any two variants', async (a, b) => {
    const names = [...awkwardStrings, '']
    for (const name of names) {
      await a.store.set(write({ key: `key ${name}`, frame: frame(`of ${name}`) }))
      await a.store.set(write({ rule: 'x', variant: name, frame: frame(name), maxVariants: 100 }))
    }
    for (const name of names) {
      const byKey = await b.store.get(`key ${name}`, '')
      assert.equal(byKey.frame?.toString(), `of ${name}`)
      const byVariant = await b.store.get('k', name)
      assert.equal(byVariant.frame?.toString(), name)
    }
  })

  withStore('says the rule of a key whatever variant is asked for', async (a, b) => {
    await a.store.set(write({ rule: 'accept-language\nx-a', variant: 'v' }))
    const { rule, frame: found } = await b.store.get('k', 'another')
    assert.deepEqual({ rule, found }, { rule: 'accept-language\nx-a', found: undefined })
  })

  withStore('takes no variant under another rule than the key has, but says that rule', async (a, b) => {
    await a.store.set(write({ rule: 'x-a', variant: 'v', frame: frame('a') }))
    assert.deepEqual(await b.store.set(write({ rule: 'x-b', variant: 'w' })), { rule: 'x-a' })
    assert.equal(await textAt(b, 'v'), 'a')
    assert.equal(await textAt(b, 'w'), undefined)
  })

  withStore('drops what was told apart by less when a rule is widened', async (a, b) => {
    await a.store.set(write({ rule: 'x-a', variant: 'v', frame: frame('narrow') }))
    assert.equal(
      await b.store.set(write({ rule: 'x-a\nx-b', widens: 'x-a', variant: 'w', frame: frame('wide') })),
      'stored',
    )
    assert.equal(await textAt(a, 'v'), undefined)
    assert.equal(await textAt(a, 'w'), 'wide')
    assert.equal((await a.store.get('k', 'w')).rule, 'x-a\nx-b')
  })

  withStore('holds so many variants of a key, and may always replace one', async (a, b) => {
    for (const variant of ['a', 'b', 'c']) {
      assert.equal(await a.store.set(write({ rule: 'x', variant, maxVariants: 3 })), 'stored')
    }
    assert.equal(await b.store.set(write({ rule: 'x', variant: 'd', maxVariants: 3 })), 'full')
    assert.equal(await textAt(a, 'd'), undefined)
    const again = write({ rule: 'x', variant: 'b', maxVariants: 3, frame: frame('again'), filledAt: 2000 })
    assert.equal(await b.store.set(again), 'stored')
    assert.equal(await textAt(a, 'b'), 'again')
    assert.equal(await b.store.set(write({ key: 'another', rule: 'x', variant: 'd', maxVariants: 3 })), 'stored')
  })

  withStore('gives the place of a variant that has expired to another', async (a, b) => {
    const past = (await a.store.time()) - 60_000
    for (const variant of ['a', 'b']) await a.store.set(write({ rule: 'x', variant, maxVariants: 2, expiresAt: past }))
    assert.equal(await b.store.set(write({ rule: 'x', variant: 'c', maxVariants: 2 })), 'stored')
  })

  withStore('forgets a key when its time is over', async (a, b) => {
    await a.store.set(write({ livesMs: 30 }))
    await a.store.set(write({ key: 'longer', livesMs: 60_000 }))
    await until('it is gone', async () => (await b.store.get('k', '')).rule === undefined)
    assert.equal((await b.store.get('longer', '')).rule, '')
  })

  withStore('keeps a key for as long as its longest variant', async (a, b) => {
    await a.store.set(write({ rule: 'x', variant: 'long', livesMs: 60_000 }))
    await a.store.set(write({ rule: 'x', variant: 'short', livesMs: 1 }))
    await a.store.set(write({ key: 'mark', livesMs: 20 }))
    await until('the mark is gone', async () => (await b.store.get('mark', '')).rule === undefined)
    assert.notEqual(await textAt(b, 'long'), undefined)
  })

  withStore('removes one variant, or all of a key', async (a, b) => {
    for (const variant of ['v', 'w']) await a.store.set(write({ rule: 'x', variant, frame: frame(variant) }))
    await b.store.remove('k', 'v')
    assert.equal(await textAt(a, 'v'), undefined)
    assert.equal(await textAt(a, 'w'), 'w')
    await b.store.remove('k')
    assert.equal(await textAt(a, 'w'), undefined)
    await b.store.remove('never there')
    await b.store.remove('never there', 'v')
    assert.equal(await a.store.set(write({ rule: 'y', variant: 'v' })), 'stored')
  })

  withStore('stores the whole of a large frame, or says that it is too large', async (a, b) => {
    const large = Buffer.alloc(3 * 1024 * 1024, 'x')
    await a.store.set(write({ frame: frame('older') }))
    const outcome = await a.store.set(write({ frame: large, filledAt: 2000 }))
    assert.ok(outcome === 'stored' || outcome === 'too-large', String(outcome))
    const found = (await b.store.get('k', '')).frame
    if (outcome === 'stored') assert.ok(found?.equals(large))
    else assert.notEqual(found?.length, large.length)
  })

  withStore('has a clock that goes on', async (a, b) => {
    const first = await a.store.time()
    assert.ok(Number.isFinite(first))
    // Two clocks of one machine, or one: within a minute, and never back.
    const second = await b.store.time()
    assert.ok(second >= first && second - first < 60_000)
    await until('it goes on', async () => (await a.store.time()) > first)
  })
}

function declareOrder(withStore: Declare): void {
  type Age = Partial<Pick<FarWrite, 'epoch' | 'position' | 'filledAt'>>
  const cases: readonly [string, Age, Age, 'stored' | 'outdone'][] = [
    ['a later place in the log', { position: 5 }, { position: 6, filledAt: 1 }, 'stored'],
    ['an earlier place in the log', { position: 6 }, { position: 5, filledAt: 9000 }, 'outdone'],
    ['places of more digits', { position: 9 }, { position: 10 }, 'stored'],
    ['the same place and a later fill', { filledAt: 1000.25 }, { filledAt: 1000.5 }, 'stored'],
    ['the same place and an earlier fill', { filledAt: 1000.5 }, { filledAt: 1000.25 }, 'outdone'],
    ['the same again', {}, {}, 'stored'],
    ['another epoch and a later fill', { epoch: 'a', position: 9 }, { epoch: 'b', filledAt: 2000 }, 'stored'],
    ['another epoch and an earlier fill', { epoch: 'a' }, { epoch: 'b', position: 9, filledAt: 500 }, 'outdone'],
  ]
  for (const [title, first, second, outcome] of cases) {
    withStore(`${title} → ${outcome}`, async (a, b) => {
      assert.equal(await a.store.set(write({ ...first, frame: frame('first') })), 'stored')
      assert.equal(await b.store.set(write({ ...second, frame: frame('second') })), outcome)
      assert.equal(await textAt(a, ''), outcome === 'stored' ? 'second' : 'first')
    })
  }

  withStore('ends with the newest of many writes at the same time', async (a, b) => {
    const order = [4, 9, 1, 7, 2, 8, 3, 6, 5]
    await Promise.all(
      order.map((position, i) =>
        (i % 2 === 0 ? a : b).store.set(write({ position, frame: frame(`place ${position}`) })),
      ),
    )
    assert.equal(await textAt(a, ''), 'place 9')
  })
}
