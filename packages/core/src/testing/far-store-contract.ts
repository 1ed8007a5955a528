// What every far store has to keep to, as two processes see it that share one.

import assert from 'node:assert/strict'
import type { Claim, FarStore, FarWrite, ReleaseOutcome } from '../store/far.ts'
import { awkwardStrings, type TestRunner } from './runner.ts'

/** A far store with nothing in it. `open` is called once for each process that shares it. */
export interface SharedFarStore {
  open(): FarStore | Promise<FarStore>
  /** Called after the test; by then nobody listens to what was opened. */
  end?(): void | Promise<void>
}

export type FarStoreMaker = () => SharedFarStore | Promise<SharedFarStore>

interface Told {
  readonly lease: string
  readonly outcome: ReleaseOutcome
}

/** One process: its store, and what it was told of leases. */
interface Process {
  readonly store: FarStore
  readonly told: Told[]
  unlisten(): void
}

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

type Declare = (title: string, test: (a: Process, b: Process) => Promise<void>) => unknown

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

function declareLeases(withStore: Declare): void {
  withStore('gives a lease to one of all who claim it', async (a, b) => {
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, i) => (i % 2 === 0 ? a : b).store.claim('k', claim({ token: `token ${i}` }))),
    )
    assert.deepEqual(
      outcomes.filter(outcome => outcome !== 'held'),
      ['mine'],
    )
  })

  withStore('gives it to its holder again', async a => {
    assert.equal(await a.store.claim('k', claim()), 'mine')
    assert.equal(await a.store.claim('k', claim()), 'mine')
  })

  withStore('tells any two leases apart, and those of two keys', async (a, b) => {
    for (const lease of awkwardStrings) assert.equal(await a.store.claim('k', claim({ lease })), 'mine', lease)
    assert.equal(await a.store.claim('another', claim({ lease: 'a' })), 'mine')
    for (const lease of awkwardStrings) assert.equal(await b.store.claim('k', claim({ lease, token: 'b' })), 'held')
  })

  withStore('claims beside a look-up when the variant is not there', async (a, b) => {
    assert.equal((await a.store.get('k', '', claim({ token: 'a' }))).claimed, 'mine')
    assert.equal((await b.store.get('k', '', claim({ token: 'b' }))).claimed, 'held')
  })

  withStore('claims nothing beside a look-up that finds it', async (a, b) => {
    await a.store.set(write({ frame: frame('there') }))
    const { frame: found, claimed } = await a.store.get('k', '', claim({ token: 'a' }))
    assert.equal(found?.toString(), 'there')
    assert.ok(claimed === 'there' || claimed === undefined, String(claimed))
    // Whoever has no use for what is there asks again.
    assert.equal(await b.store.claim('k', claim({ token: 'b' })), 'mine')
  })

  withStore('ends a lease by itself', async (a, b) => {
    await a.store.claim('k', claim({ token: 'a', holdMs: 30 }))
    await until('it is free', async () => (await b.store.claim('k', claim({ token: 'b' }))) === 'mine')
  })

  for (const outcome of ['stored', 'apart', 'failed'] as const) {
    withStore(`wakes the process that waits: ${outcome}`, async (a, b) => {
      await a.store.claim('k', claim({ token: 'a' }))
      assert.equal(await b.store.claim('k', claim({ token: 'b' })), 'held')
      await a.store.release('k', claim({ token: 'a' }), outcome, 0)
      await until('it is told', () => b.told.length > 0)
      assert.deepEqual(b.told, [{ lease: claim().lease, outcome }])
      assert.equal(await b.store.claim('k', claim({ token: 'b' })), 'mine')
    })
  }

  withStore('hands the name of a lease on as it is', async (a, b) => {
    for (const lease of awkwardStrings) {
      await a.store.claim('k', claim({ lease, token: 'a' }))
      await b.store.claim('k', claim({ lease, token: 'b' }))
      await a.store.release('k', claim({ lease, token: 'a' }), 'failed', 0)
    }
    await until('it is told', () => b.told.length >= awkwardStrings.length)
    assert.deepEqual(
      b.told.map(({ lease }) => lease),
      awkwardStrings,
    )
  })

  withStore('lets nobody but its holder end a lease', async (a, b) => {
    await a.store.claim('k', claim({ token: 'a' }))
    await b.store.release('k', claim({ token: 'b' }), 'failed', 0)
    assert.equal(await b.store.claim('k', claim({ token: 'b' })), 'held')
    assert.deepEqual(b.told, [])
  })

  withStore('remembers for a while what could not be shared', async (a, b) => {
    await a.store.claim('k', claim({ token: 'a' }))
    await a.store.release('k', claim({ token: 'a' }), 'apart', 60_000)
    assert.equal(await b.store.claim('k', claim({ token: 'b' })), 'apart')
    assert.equal((await b.store.get('k', '', claim({ token: 'b' }))).claimed, 'apart')
    await a.store.claim('k2', claim({ token: 'a' }))
    await a.store.release('k2', claim({ token: 'a' }), 'apart', 30)
    await until('it is forgotten', async () => (await b.store.claim('k2', claim({ token: 'b' }))) === 'mine')
  })

  withStore('ends the lease with the write', async (a, b) => {
    await a.store.claim('k', claim({ token: 'a' }))
    await b.store.claim('k', claim({ token: 'b' }))
    assert.equal(await a.store.set(write({ release: claim({ token: 'a' }), frame: frame('made') })), 'stored')
    await until('it is told', () => b.told.length > 0)
    assert.deepEqual(b.told, [{ lease: claim().lease, outcome: 'stored' }])
    assert.equal(await textAt(b, ''), 'made')
  })

  withStore('ends it as well when a newer one is there', async (a, b) => {
    await a.store.claim('k', claim({ token: 'a' }))
    await b.store.claim('k', claim({ token: 'b' }))
    await b.store.set(write({ position: 9 }))
    assert.equal(await a.store.set(write({ position: 1, release: claim({ token: 'a' }) })), 'outdone')
    await until('it is told', () => b.told.length > 0)
    assert.equal(b.told[0]?.outcome, 'stored')
  })

  withStore('leaves it to its holder when the write is refused', async (a, b) => {
    await a.store.set(write({ rule: 'x', variant: 'v', maxVariants: 1 }))
    await a.store.claim('k', claim({ token: 'a' }))
    const release = claim({ token: 'a' })
    assert.deepEqual(await a.store.set(write({ rule: 'y', variant: 'w', release })), { rule: 'x' })
    assert.equal(await a.store.set(write({ rule: 'x', variant: 'w', maxVariants: 1, release })), 'full')
    assert.equal(await b.store.claim('k', claim({ token: 'b' })), 'held')
    assert.deepEqual(b.told, [])
  })

  withStore('tells nothing to those who listen no more', async (a, b) => {
    await a.store.claim('k', claim({ token: 'a' }))
    await b.store.claim('k', claim({ token: 'b' }))
    const { told, unlisten } = await listenTo(a.store)
    b.unlisten()
    await a.store.claim('mark', claim({ token: 'b' }))
    await a.store.claim('mark', claim({ token: 'a' }))
    await a.store.release('k', claim({ token: 'a' }), 'failed', 0)
    await a.store.release('mark', claim({ token: 'b' }), 'failed', 0)
    await until('the others are told', () => told.length > 0)
    unlisten()
    assert.deepEqual(b.told, [])
  })
}

async function begin(shared: SharedFarStore): Promise<Process> {
  const store = await shared.open()
  return { store, ...(await listenTo(store)) }
}

/** Whoever listens on a connection of his own hears nothing until that stands. */
async function listenTo(store: FarStore): Promise<Omit<Process, 'store'>> {
  const told: Told[] = []
  let hears = false
  const unlisten = store.listen({
    ready() {},
    released(lease, outcome) {
      if (lease === 'hears') hears = true
      else told.push({ lease, outcome })
    },
  })
  const [one, other] = ['a', 'b'].map(token => claim({ lease: 'hears', token, holdMs: 1000 })) as [Claim, Claim]
  await until('it hears', async () => {
    await store.claim('hears', one)
    await store.claim('hears', other)
    await store.release('hears', one, 'failed', 0)
    return hears
  })
  return { told, unlisten }
}

const frame = (text: string): Buffer => Buffer.from(text)

const claim = (changes: Partial<Claim> = {}): Claim => ({ lease: 'lease', token: 'token', holdMs: 10_000, ...changes })

function write(changes: Partial<FarWrite>): FarWrite {
  return {
    key: 'k',
    variant: '',
    rule: '',
    widens: undefined,
    epoch: 'epoch',
    position: 5,
    filledAt: 1000,
    // Far away by any clock.
    expiresAt: 8e15,
    livesMs: 60_000,
    maxVariants: 32,
    frame: frame('frame'),
    release: undefined,
    ...changes,
  }
}

async function textAt({ store }: Process, variant: string): Promise<string | undefined> {
  return (await store.get('k', variant)).frame?.toString()
}

async function until(what: string, ready: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 5000
  while (!(await ready())) {
    assert.ok(performance.now() < end, `Not within 5 seconds: ${what}.`)
    await new Promise(resolve => setTimeout(resolve, 2))
  }
}
