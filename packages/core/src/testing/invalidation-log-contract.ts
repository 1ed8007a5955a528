// What every invalidation log has to keep to, as one node sees it.

import assert from 'node:assert/strict'
import type { Invalidation, InvalidationLog, LogRecord } from '../invalidation/log.ts'
import { awkwardStrings, type TestRunner } from './runner.ts'

/** A log that is ready to be used. The contract closes it. */
export type InvalidationLogMaker = () => InvalidationLog | Promise<InvalidationLog>

/** Declare the tests of an invalidation log: `invalidationLogContract('my log', makeMyLog, { describe, it })`. */
export function invalidationLogContract(name: string, make: InvalidationLogMaker, { describe, it }: TestRunner): void {
  const tag = (...names: string[]): Invalidation => ({ kind: 'names', names, soft: false })

  const withLog = (title: string, test: (log: InvalidationLog, told: LogRecord[]) => Promise<void>) =>
    it(title, async () => {
      const log = await make()
      const told: LogRecord[] = []
      log.subscribe(record => void told.push(record))
      try {
        await test(log, told)
      } finally {
        await log.close()
      }
    })

  describe(`${name} keeps the invalidation log contract`, () => {
    withLog('has an epoch, a position and an instant of confirmation', async log => {
      assert.equal(typeof log.epoch, 'string')
      assert.notEqual(log.epoch, '')
      assert.ok(Number.isFinite(log.position()))
      assert.equal(typeof log.confirmedAt(), 'number')
    })

    withLog('appends at ever greater positions', async log => {
      const before = log.position()
      const first = await log.append(tag('t:a'))
      const second = await log.append(tag('t:a'))
      assert.ok(before < first)
      assert.ok(first < second)
      assert.ok(log.position() >= second)
    })

    withLog('holds back nothing that was acknowledged', async log => {
      assert.equal(log.unacknowledged, 0)
      await Promise.all(Array.from({ length: 10 }, (_, i) => log.append(tag(`t:${i}`))))
      assert.equal(log.unacknowledged, 0)
    })

    withLog('has told a record, once, before append resolves', async (log, told) => {
      const position = await log.append(tag('t:a'))
      assert.deepEqual(told, [{ position, invalidation: tag('t:a') }])
    })

    const kinds: readonly Invalidation[] = [
      { kind: 'names', names: ['t:a', 'k:b', 'u:http://c/', 'p:/d'], soft: false },
      { kind: 'names', names: ['t:a'], soft: true },
      { kind: 'pattern', pattern: 'user:*[a-z]\\?', soft: false },
      { kind: 'pattern', pattern: '*', soft: true },
      { kind: 'all', soft: false },
      { kind: 'all', soft: true },
    ]
    for (const invalidation of kinds)
      withLog(`hands on ${JSON.stringify(invalidation)}`, async (log, told) => {
        await log.append(invalidation)
        assert.deepEqual(told[0]?.invalidation, invalidation)
      })

    withLog('hands on any name as it is', async (log, told) => {
      await log.append(tag(...awkwardStrings))
      assert.deepEqual(told[0]?.invalidation, tag(...awkwardStrings))
    })

    withLog('tells appends at the same time in the order of their positions', async (log, told) => {
      const positions = await Promise.all(Array.from({ length: 50 }, (_, i) => log.append(tag(`t:${i}`))))
      assert.equal(new Set(positions).size, 50)
      const order = told.map(record => record.position)
      assert.deepEqual(
        order,
        order.toSorted((a, b) => a - b),
      )
      assert.deepEqual(new Set(order), new Set(positions))
    })

    withLog('tells every subscriber, until it has had enough', async (log, told) => {
      const more: LogRecord[] = []
      const end = log.subscribe(record => void more.push(record))
      await log.append(tag('t:a'))
      end()
      await log.append(tag('t:b'))
      assert.equal(more.length, 1)
      assert.equal(told.length, 2)
    })

    withLog('closes twice without complaint', async log => {
      await log.close()
    })
  })
}
