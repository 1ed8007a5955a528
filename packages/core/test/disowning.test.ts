// A value that the far store did not take, and what comes between it and the record that ends what the others have.

import { expect } from 'chai'
import { createCache } from '../src/cache.ts'
import { engineOf } from '../src/engine.ts'
import { LarderError } from '../src/errors.ts'
import type { Invalidation, LogRecord } from '../src/invalidation/log.ts'
import { createMemoryFar, failing } from './memory-far.ts'
import { until } from './response/bed.ts'
import { createClock, settle } from './support.ts'

/** A log that takes a record when the test says so. */
function slowLog() {
  const told = new Set<(record: LogRecord) => void>()
  let position = 0
  const waiting: { invalidation: Invalidation; resolve(at: number): void; reject(error: unknown): void }[] = []
  const tell = (at: number, invalidation: Invalidation) => {
    position = at
    for (const each of told) each({ position: at, invalidation })
  }
  return {
    epoch: 'e',
    position: () => position,
    floor: () => 0,
    unacknowledged: 0,
    confirmedAt: () => Number.POSITIVE_INFINITY,
    append: (invalidation: Invalidation) =>
      new Promise<number>((resolve, reject) => waiting.push({ invalidation, resolve, reject })),
    subscribe(apply: (record: LogRecord) => void) {
      told.add(apply)
      return () => void told.delete(apply)
    },
    async close() {},
    waiting,
    tell,
    subscribers: told,
  }
}

describe('a value that the far store did not take', () => {
  async function made() {
    const far = createMemoryFar()
    const log = slowLog()
    const cache = createCache({ far: far.open(), log, now: createClock().now })
    await until(() => cache[engineOf].far!.usable)
    far.before = failing('LARDER_FAR_FULL')
    await cache.set('k', 'own', { ttl: 60, tags: ['t'] })
    await settle()
    const [own] = log.waiting
    return { cache, log, own: own!.invalidation }
  }

  it('stays when its record is told', async () => {
    const { cache, log, own } = await made()
    log.tell(1, own)
    expect(await cache.get('k')).to.equal('own')
    await cache.close()
  })

  it('stays when it is told once here and, when the log is back, once more for all', async () => {
    const { cache, log, own } = await made()
    log.tell(2 ** -20, own)
    log.waiting[0]!.reject(new LarderError('LARDER_INVALIDATION_UNACKNOWLEDGED'))
    await settle()
    expect(await cache.get('k')).to.equal('own')
    log.tell(1, { kind: 'names', names: ['t:other'], soft: false })
    log.tell(2, own)
    expect(await cache.get('k')).to.equal('own')
    log.tell(3, { kind: 'names', names: ['k:k'], soft: false })
    expect(await cache.get('k')).to.equal(undefined)
    await cache.close()
  })

  const purges: readonly [string, Invalidation][] = [
    ['its tag', { kind: 'names', names: ['t:t'], soft: false }],
    ['its key', { kind: 'names', names: ['k:k'], soft: false }],
    ['a pattern', { kind: 'pattern', pattern: 'k*', soft: false }],
    ['everything', { kind: 'all', soft: false }],
  ]
  for (const [title, purge] of purges) {
    it(`goes with a purge of ${title} before its record, and with one behind it`, async () => {
      for (const when of ['before', 'behind', 'between'] as const) {
        const { cache, log, own } = await made()
        if (when === 'before') log.tell(1, purge)
        log.tell(when === 'between' ? 1 + 2 ** -20 : 2, own)
        if (when !== 'before') log.tell(3, purge)
        if (when === 'between') log.tell(4, own)
        expect(await cache.get('k'), when).to.equal(undefined)
        await cache.close()
      }
    })
  }

  it('is not put back over what was set since, or deleted', async () => {
    const { cache, log, own } = await made()
    await cache.set('k', 'newer', 60)
    log.tell(1, own)
    await settle()
    for (const { invalidation } of log.waiting.slice(1)) log.tell(2, invalidation)
    expect(await cache.get('k')).to.equal('newer')
    void cache.delete('k').catch(() => {})
    log.tell(3, own)
    expect(await cache.get('k')).to.equal(undefined)
    await cache.close()
    expect(log.subscribers.size).to.equal(0)
  })
})
