// The published contracts catch what they are for.

import { expect } from 'chai'
import { createLocalLog } from '../../src/invalidation/local-log.ts'
import type { InvalidationLog } from '../../src/invalidation/log.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import type { NearStore } from '../../src/store/store.ts'
import { invalidationLogContract, storeContract } from '../../src/testing/index.ts'

/** Run what a contract declares, and name what fails. */
async function failures(declare: (runner: Parameters<typeof storeContract>[2]) => void): Promise<string[]> {
  const tests: [string, () => void | Promise<void>][] = []
  declare({ describe: (_title, body) => body(), it: (title, test) => void tests.push([title, test]) })
  const failed: string[] = []
  for (const [title, test] of tests) {
    try {
      await test()
    } catch {
      failed.push(title)
    }
  }
  return failed
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
