// Behind Sentinels: a failover keeps what the replica had, and what it had not is noticed.

import { invalidationLogContract } from '@larder/core/testing'
import { expect } from 'chai'
import type { Redis } from 'ioredis'
import { type RedisSentinel, startRedisSentinel } from '../../../test/support/redis-sentinel.ts'
import type { RedisServer } from '../../../test/support/redis-server.ts'
import { redisLog } from '../src/index.ts'
import { codeOf, failingOver, impatient, type Node, nodesWith, quiet, until } from './support.ts'

for (const { major, Redis: Client } of failingOver) {
  describe(`redisLog behind Sentinels on ${major}`, function () {
    this.timeout(60_000)
    let sentinel: RedisSentinel
    const opened: Redis[] = []
    before(async () => {
      sentinel = await startRedisSentinel()
    })
    after(async () => {
      for (const client of opened) client.disconnect()
      await sentinel?.end()
    })
    const connect = (): Redis => {
      const { sentinels, name } = sentinel
      const client = new Client({
        ...impatient,
        sentinels: sentinels.map(each => ({ ...each })),
        name,
        sentinelRetryStrategy: () => 100,
      })
      opened.push(client)
      return quiet(client)
    }
    const nodes = nodesWith(connect)
    afterEach(async () => {
      await nodes.end()
      await sentinel.settle()
    })

    // Each has a history of its own: a node is told of what was there before it.
    let contracts = 0
    invalidationLogContract(
      `redisLog behind Sentinels on ${major}`,
      () => redisLog(connect(), { prefix: `contract-${++contracts}:` }),
      { describe, it },
    )

    async function start(): Promise<[Node, Node]> {
      const [a, b] = [await nodes.start(), await nodes.start()]
      for (const { cache } of [a, b]) await cache.set('page', 'old', { ttl: '1h', tags: ['event-1', 'frozen', 'gone'] })
      return [a, b]
    }
    /** Until both know the same and a purge is acknowledged again. */
    async function recover(a: Node, b: Node): Promise<void> {
      await until(async () => (await codeOf(a.cache.invalidateTags(['again']))) === 'none', 20_000)
      await until(() => a.log.epoch === b.log.epoch && a.log.position() === b.log.position(), 20_000)
    }
    async function revive(old: RedisServer, how: 'stop' | 'kill'): Promise<void> {
      if (how === 'stop') old.cont()
      else await old.restart()
    }

    for (const how of ['kill', 'stop'] as const) {
      it(`R21 (${how}): what the replica had is kept, in the same epoch, and purges go on`, async () => {
        const [a, b] = await start()
        const { epoch } = a.log
        await a.cache.invalidateTags(['event-1'])
        const position = a.log.position()
        await until(async () => (await lastIn(await sentinel.replica())) === `${position}-0`)
        for (const { cache } of [a, b]) await cache.set('kept', 'new', { ttl: '1h', tags: ['event-2'] })
        const { old } = await sentinel.failOver(how)
        await recover(a, b)
        expect([a.log.epoch, b.log.epoch]).to.deep.equal([epoch, epoch])
        expect(a.log.position()).to.be.above(position)
        for (const { cache } of [a, b]) {
          expect(await cache.get('page')).to.equal(undefined)
          expect(await cache.get('kept')).to.equal('new')
        }
        await revive(old, how)
      })
    }

    it('R21: what the replica had not is noticed by whoever had heard of it: a new epoch, and nothing older is served', async () => {
      const [a, b] = await start()
      const { epoch } = a.log
      const replica = await sentinel.replica()
      await cutReplication(await sentinel.master(), replica)
      await a.cache.invalidateTags(['event-2'])
      await until(() => b.log.position() === a.log.position())
      const { old, promoted } = await sentinel.failOver('kill')
      expect(promoted).to.equal(replica)
      await recover(a, b)
      expect(a.log.epoch).not.to.equal(epoch)
      for (const { cache } of [a, b]) expect(await cache.get('page')).to.equal(undefined)
      await replica.command('CONFIG', 'SET', 'masterauth', '')
      await old.restart()
    })

    it('a purge that is made while there is no master rejects, and is in the log of the next one, once', async () => {
      const [a, b] = await start()
      const old = await sentinel.master()
      await old.kill()
      const begin = performance.now()
      expect(await codeOf(a.cache.invalidateTags(['gone']))).to.equal('LARDER_INVALIDATION_UNACKNOWLEDGED')
      expect(performance.now() - begin).to.be.below(1500)
      expect(await a.cache.get('page')).to.equal(undefined)
      await until(async () => (await sentinel.master().catch(() => old)) !== old, 30_000)
      const promoted = await sentinel.master()
      await until(() => a.log.unacknowledged === 0, 40_000)
      await recover(a, b)
      expect(await b.cache.get('page')).to.equal(undefined)
      const records = JSON.stringify(await promoted.command('XRANGE', 'larder:{log}', '-', '+'))
      expect(records.split('t:gone').length - 1).to.equal(1)
      await old.restart()
    })

    it('replicas: 1: whatever was acknowledged is there after the failover, however soon that comes', async () => {
      const [a, b] = [await nodes.start({ replicas: 1 }), await nodes.start({ replicas: 1 })]
      const { epoch } = a.log
      await b.cache.set('page', 'old', { ttl: '1h', tags: ['event-1'] })
      let position = 0
      let isOver = false
      const purging = (async () => {
        // One after the other, also while the master is gone in the middle of one. A replica that is slow to say that it has it is no matter here.
        while (!isOver)
          await a.log.append({ kind: 'names', names: ['t:event-1'], soft: false }).then(
            acknowledged => {
              position = acknowledged
            },
            () => new Promise(resolve => setTimeout(resolve, 5)),
          )
      })()
      await until(() => position > 100, 20_000)
      const promotion = sentinel.failOver('kill')
      await until(() => a.log.unacknowledged > 0, 20_000)
      isOver = true
      const { old, promoted } = await promotion
      await purging
      expect(Number(/^\d+/.exec(String(await lastIn(promoted)))?.[0])).to.be.at.least(position)
      await old.restart()
      // Until the old one is a replica nothing is acknowledged.
      await recover(a, b)
      expect(a.log.epoch).to.equal(epoch)
      expect(await b.cache.get('page')).to.equal(undefined)
    })

    it('R22: a purge that only the old master took is not acknowledged, and is replayed on the new one, or makes a new epoch', async () => {
      const [a, b] = await start()
      const { epoch } = a.log
      const old = await sentinel.master()
      // It is in the buffer of a frozen server, which carries it out when it thaws: as the master it still takes itself for.
      old.stop()
      const rejected = codeOf(a.cache.invalidateTags(['frozen']))
      const { promoted } = await sentinel.failOver('stop')
      expect(await rejected).to.equal('LARDER_INVALIDATION_UNACKNOWLEDGED')
      expect(await a.cache.get('page')).to.equal(undefined)
      old.cont()
      // Until it is made a replica it answers as if nothing had happened.
      await sentinel.settle()
      await recover(a, b)
      for (const { cache } of [a, b]) expect(await cache.get('page')).to.equal(undefined)
      const records = JSON.stringify(await promoted.command('XRANGE', 'larder:{log}', '-', '+'))
      // The old master may have taken it, and later purges, before it was made a replica: then its history is lost, and that is noticed.
      if (a.log.epoch === epoch) expect(records.split('t:frozen').length - 1).to.equal(1)
    })
  })
}

async function lastIn(server: RedisServer): Promise<unknown> {
  const [last] = (await server.command('XREVRANGE', 'larder:{log}', '+', '-', 'COUNT', 1)) as [[string, unknown]?]
  return last?.[0]
}

/** From now on the replica hears nothing of its master, and stays as it is. */
async function cutReplication(master: RedisServer, replica: RedisServer): Promise<void> {
  // A password where none is wanted is refused.
  await replica.command('CONFIG', 'SET', 'masterauth', 'not-wanted')
  await master.command('CLIENT', 'KILL', 'TYPE', 'replica')
}
