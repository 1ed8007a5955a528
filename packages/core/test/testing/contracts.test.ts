// The published contracts catch what they are for.

import { expect } from 'chai'
import { createLocalLog } from '../../src/invalidation/local-log.ts'
import type { InvalidationLog } from '../../src/invalidation/log.ts'
import type { FarStore, ReleaseOutcome } from '../../src/store/far.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import type { NearStore } from '../../src/store/store.ts'
import { farStoreContract, invalidationLogContract, storeContract } from '../../src/testing/index.ts'
import { createMemoryFar } from '../memory-far.ts'

/** Run what a contract declares, and name what fails. */
async function failures(
  declare: (runner: Parameters<typeof storeContract>[2]) => void,
  how: 'in turn' | 'together' = 'in turn',
): Promise<string[]> {
  const tests: [string, () => void | Promise<void>][] = []
  declare({ describe: (_title, body) => body(), it: (title, test) => void tests.push([title, test]) })
  const failed: string[] = []
  const run = async ([title, test]: (typeof tests)[number]) => {
    try {
      await test()
    } catch {
      failed.push(title)
    }
  }
  if (how === 'together') await Promise.all(tests.map(run))
  else for (const test of tests) await run(test)
  return failed
}

/** A store that forgets the use of its entries. */
function firstInFirstOut(maxBytes: number): NearStore<object> {
  const kept = new Map<string, { entry: object; bytes: number }>()
  const bytesHeld = (): number => [...kept.values()].reduce((sum, { bytes }) => sum + bytes, 0)
  return {
    get: key => kept.get(key)?.entry,
    set(key, entry, bytes) {
      kept.delete(key)
      if (bytes > maxBytes) return false
      for (const first of kept.keys()) if (bytesHeld() + bytes > maxBytes) kept.delete(first)
      kept.set(key, { entry, bytes })
      return true
    },
    delete: key => kept.delete(key),
    clear: () => kept.clear(),
    get entries() {
      return kept.size
    },
    get bytes() {
      return bytesHeld()
    },
  }
}

describe('storeContract', () => {
  const make = (maxBytes: number) => createMemoryStore<object>({ maxBytes, maxEntryBytes: maxBytes })
  // Getters of the real store stay getters.
  const changed = (maxBytes: number, change: (store: NearStore<object>) => Partial<NearStore<object>>) => {
    const store = make(maxBytes)
    return Object.defineProperties(
      Object.create(store),
      Object.getOwnPropertyDescriptors(change(store)),
    ) as NearStore<object>
  }
  const broken: readonly [string, (maxBytes: number) => NearStore<object>][] = [
    ['copies', max => changed(max, store => ({ get: key => structuredClone(store.get(key)) }))],
    ['keeps what it deletes', max => changed(max, () => ({ delete: () => true }))],
    ['does not clear', max => changed(max, () => ({ clear: () => {} }))],
    ['has no bound', max => changed(max, () => make(1e9))],
    [
      'folds keys',
      max =>
        changed(max, store => ({
          get: key => store.get(key.trim()),
          set: (key, ...rest) => store.set(key.trim(), ...rest),
        })),
    ],
    [
      'keeps the older one',
      max => changed(max, store => ({ set: (key, entry, bytes) => bytes <= max && store.set(key, entry, bytes) })),
    ],
    ['does not count', max => changed(max, () => ({ bytes: 0 }))],
  ]
  for (const [title, make] of broken)
    it(`catches a store that ${title}`, async () => {
      expect(
        await failures(runner => storeContract('broken', ({ maxBytes }) => make(maxBytes), runner)),
      ).not.to.deep.equal([])
    })

  it('catches a store that lets the first go, used or not', async () => {
    expect(
      await failures(runner => storeContract('first', ({ maxBytes }) => firstInFirstOut(maxBytes), runner)),
    ).to.deep.equal(['keeps what is used again, and what came last, when it has to make room'])
  })

  it('lets a right one pass', async () => {
    expect(await failures(runner => storeContract('right', ({ maxBytes }) => make(maxBytes), runner))).to.deep.equal([])
  })
})

describe('invalidationLogContract', () => {
  const broken: readonly [string, (log: InvalidationLog) => Partial<InvalidationLog>][] = [
    ['has no epoch', () => ({ epoch: '' })],
    ['stands still', () => ({ position: () => 0 })],
    ['tells nobody', () => ({ subscribe: () => () => {} })],
    [
      'tells too late',
      log => ({ subscribe: apply => log.subscribe(record => void setTimeout(() => apply(record), 1)) }),
    ],
    ['tells twice', log => ({ subscribe: apply => log.subscribe(record => [apply(record), apply(record)]) })],
    ['never stops telling', log => ({ subscribe: apply => [log.subscribe(apply), () => {}][1]! })],
    ['hardens', log => ({ append: invalidation => log.append({ ...invalidation, soft: false }) })],
    [
      'loses a name',
      log => ({
        append: record => log.append(record.kind === 'names' ? { ...record, names: record.names.slice(1) } : record),
      }),
    ],
    ['gives one position to all', log => ({ append: async invalidation => (await log.append(invalidation)) && 1 })],
  ]
  for (const [title, change] of broken)
    it(`catches a log that ${title}`, async () => {
      const make = () => {
        const log = createLocalLog()
        return { ...log, ...change(log) }
      }
      expect(await failures(runner => invalidationLogContract('broken', make, runner))).not.to.deep.equal([])
    })

  it('lets a right one pass', async () => {
    expect(await failures(runner => invalidationLogContract('right', createLocalLog, runner))).to.deep.equal([])
  })
})

describe('farStoreContract', function () {
  // What never comes is waited for.
  this.timeout(60_000)
  const broken: readonly [string, (store: FarStore) => Partial<FarStore>][] = [
    ['hears of nothing', () => ({ listen: () => () => {} })],
    ['never stops telling', store => ({ listen: listener => [store.listen(listener), () => {}][1]! })],
    ['mixes up outcomes', store => ({ release: (key, held, _, ms) => store.release(key, held, 'stored', ms) })],
    ['forgets marks', store => ({ release: (key, held, outcome) => store.release(key, held, outcome, 0) })],
    ['lets anybody release', store => ({ release: (key, { lease }, ...rest) => releaseAs(store, key, lease, rest) })],
    ['gives a lease to all', () => ({ claim: async () => 'mine' })],
    ['gives it to nobody', () => ({ claim: async () => 'held' })],
    ['claims whenever', store => ({ claim: (key, asked) => store.claim(key, { ...asked, until: 8e15 }) })],
    ['holds leases for ever', store => ({ claim: (key, asked) => store.claim(key, { ...asked, holdMs: 1e6 }) })],
    ['folds leases', store => ({ claim: (key, asked) => store.claim(key, { ...asked, lease: 'one' }) })],
    ['folds variants', store => ({ get: (key, _, asked) => store.get(key, '', asked) })],
    ['folds keys', store => ({ set: write => store.set({ ...write, key: write.key.trim() }) })],
    ['keeps text alone', store => ({ set: write => store.set({ ...write, frame: asText(write.frame) }) })],
    ['takes the last write', store => ({ set: write => store.set({ ...write, position: 1e9, filledAt: 1e15 }) })],
    ['counts in whole milliseconds', store => ({ set: write => store.set({ ...write, filledAt: floor(write) }) })],
    ['lives for ever', store => ({ set: write => store.set({ ...write, livesMs: 1e9 }) })],
    ['has no bound', store => ({ set: write => store.set({ ...write, maxVariants: 1e9 }) })],
    ['never widens', store => ({ set: write => store.set({ ...write, widens: undefined }) })],
    ['keeps the lease', store => ({ set: write => store.set({ ...write, release: undefined }) })],
    ['removes nothing', () => ({ remove: async () => {} })],
    ['removes all', store => ({ remove: key => store.remove(key) })],
    ['has no clock', () => ({ time: async () => 0 })],
    ['claims over what is newer', store => ({ claim: (key, asked) => store.claim(key, asked) })],
    ['claims over what is there', store => ({ get: (key, variant, asked) => claimFirst(store, key, variant, asked) })],
  ]
  for (const [title, change] of broken)
    it(`catches a store that ${title}`, async () => {
      const make = () => {
        const far = createMemoryFar()
        const open = () => {
          const store = far.open()
          return { ...store, ...change(store) }
        }
        return { open }
      }
      // Beside each other: each has a store of its own.
      expect(await failures(runner => farStoreContract('broken', make, runner), 'together')).not.to.deep.equal([])
    })

  it('lets a right one pass', async () => {
    expect(await failures(runner => farStoreContract('right', createMemoryFar, runner))).to.deep.equal([])
  })
})

const asText = (frame: Buffer): Buffer => Buffer.from(frame.toString('utf8'))
const floor = ({ filledAt }: { readonly filledAt: number }): number => Math.floor(filledAt)

async function releaseAs(store: FarStore, key: string, lease: string, rest: [ReleaseOutcome, number]): Promise<void> {
  for (const token of ['token', 'a', 'b']) await store.release(key, { lease, token, holdMs: 0 }, ...rest)
}

async function claimFirst(store: FarStore, key: string, variant: string, asked: Parameters<FarStore['get']>[2]) {
  const claimed = asked && (await store.claim(key, asked()))
  return { ...(await store.get(key, variant)), claimed }
}
