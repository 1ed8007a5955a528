// A master that the Sentinels have given up, and that nobody has told: whoever still reaches it hears nothing of later purges.

import { type Cache, createCache, type InvalidationLog } from '@larder/core'
import { expect } from 'chai'
import { type RedisSentinel, startRedisSentinel } from '../../../test/support/redis-sentinel.ts'
import type { RedisServer } from '../../../test/support/redis-server.ts'
import { sendCommand } from '../../../test/support/resp.ts'
import { type RedisLogOptions, redisLog } from '../src/index.ts'
import { majors, until } from './support.ts'

const BOUND_MS = 1000

for (const { major, connect } of majors) {
  describe(`R22: a deposed master, on ${major}`, function () {
    this.timeout(60_000)
    let sentinel: RedisSentinel
    let master: RedisServer
    const ends: (() => Promise<void>)[] = []
    beforeEach(async () => {
      sentinel = await startRedisSentinel()
      master = await sentinel.master()
    })
    afterEach(async () => {
      master.cont()
      for (const end of ends.splice(0)) await end()
      await sentinel.end()
    })

    interface Node {
      readonly cache: Cache
      readonly log: InvalidationLog
    }

    async function node(port: number, options: RedisLogOptions = {}): Promise<Node> {
      const client = connect(port)
      const log = redisLog(client, { tick: '100ms', ...options })
      const cache = createCache({ log, coherenceBound: `${BOUND_MS}ms` })
      ends.push(async () => {
        await cache.close()
        await log.close()
        client.disconnect()
      })
      await until(() => log.confirmedAt() > 0)
      await cache.set('page', 'old', { ttl: '1h', tags: ['event-1'] })
      return { cache, log }
    }

    /** The replica is promoted, the old master thaws, and nobody makes that one a replica. */
    async function depose(): Promise<RedisServer> {
      const { sentinels, name } = sentinel
      const { promoted } = await sentinel.failOver('stop')
      for (const { port } of sentinels) await sendCommand(port, ['SENTINEL', 'REMOVE', name], 5000)
      master.cont()
      await until(async () => String(await master.command('INFO', 'replication')).includes('connected_slaves:0'))
      expect(String(await master.command('ROLE'))).to.match(/^master/)
      return promoted
    }

    it('a node that asks whether it is followed is not confirmed by it, and serves nothing older after the coherence bound', async () => {
      // Nodes that reach no Sentinel, or they would be told.
      const asking = await node(master.port, { confirmReplicas: 1 })
      const unasking = await node(master.port)
      const told = await node((await depose()).port)
      await told.cache.invalidateTags(['event-1'])
      const purgedAt = performance.now()
      await until(async () => (await asking.cache.get('page')) === undefined)
      // What the replica said last counts for less than 4 s; most of that is over when it is promoted.
      expect(performance.now() - purgedAt).to.be.below(4000 + BOUND_MS + 1000)
      // It goes on caching what it fills.
      await asking.cache.set('page', 'new', { ttl: '1h' })
      expect(await asking.cache.get('page')).to.equal('new')
      // Without the question it takes the word of the old master, and serves on.
      await until(() => performance.now() - purgedAt > 2 * BOUND_MS)
      expect(await unasking.cache.get('page')).to.equal('old')
    })

    it('a replica that falls silent ends that, and begins it again when it is back', async () => {
      const replica = await sentinel.replica()
      const { cache, log } = await node(master.port, { confirmReplicas: 1 })
      replica.stop()
      try {
        await until(async () => (await cache.get('page')) === undefined, 10_000)
      } finally {
        replica.cont()
      }
      const before = log.confirmedAt()
      await until(() => log.confirmedAt() > before)
    })
  })
}
