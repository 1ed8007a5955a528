// On a Redis Cluster: the stream lies in one slot, whose master may be lost and which may move; the channel is heard on any node.

import { invalidationLogContract } from '@larder/core/testing'
import { expect } from 'chai'
import type { Cluster } from 'ioredis'
import { type RedisCluster, startRedisCluster } from '../../../test/support/redis-cluster.ts'
import type { RedisServer } from '../../../test/support/redis-server.ts'
import { reconnectDelayMs } from '../src/client.ts'
import { redisLog } from '../src/index.ts'
import { codeOf, failingOver, impatient, type Node, nodesWith, quiet, until } from './support.ts'

const key = 'larder:{log}'

for (const { major, Cluster: Client } of failingOver) {
  describe(`redisLog on a Cluster on ${major}`, function () {
    this.timeout(60_000)
    let cluster: RedisCluster
    const opened: Cluster[] = []
    before(async () => {
      cluster = await startRedisCluster()
    })
    after(async () => {
      for (const client of opened) client.disconnect()
      await cluster?.end()
    })
    const connect = (): Cluster => {
      const { lazyConnect: _lazy, retryStrategy: _retry, ...redisOptions } = impatient
      const client = new Client(
        cluster.nodes.map(node => ({ ...node })),
        { redisOptions, enableOfflineQueue: false, clusterRetryStrategy: reconnectDelayMs, slotsRefreshTimeout: 1000 },
      )
      opened.push(client)
      return quiet(client)
    }
    const nodes = nodesWith(connect)
    afterEach(async () => {
      await nodes.end()
      await cluster.settle()
    })

    // Each has a history of its own: a node is told of what was there before it.
    let contracts = 0
    invalidationLogContract(
      `redisLog on a Cluster on ${major}`,
      () => redisLog(connect(), { prefix: `contract-${++contracts}:` }),
      { describe, it },
    )

    async function start(): Promise<[Node<Cluster>, Node<Cluster>]> {
      const [a, b] = [await nodes.start(), await nodes.start()]
      for (const { cache } of [a, b]) await cache.set('page', 'old', { ttl: '1h', tags: ['event-1'] })
      return [a, b]
    }
    /** Until both know the same and a purge is acknowledged again. */
    async function recover(a: Node<Cluster>, b: Node<Cluster>): Promise<void> {
      await until(async () => (await codeOf(a.cache.invalidateTags(['again']))) === 'none', 20_000)
      await until(() => a.log.epoch === b.log.epoch && a.log.position() === b.log.position(), 20_000)
    }
    async function subscribers(): Promise<number> {
      const counts = await Promise.all(cluster.servers.map(server => server.command('PUBSUB', 'NUMSUB', key)))
      return counts.reduce<number>((sum, reply) => sum + Number((reply as readonly unknown[])[1]), 0)
    }
    async function replicaOf(master: RedisServer): Promise<RedisServer> {
      for (const server of cluster.servers) {
        const [role, , port] = (await server.command('ROLE')) as readonly unknown[]
        if (role === 'slave' && port === master.port) return server
      }
      throw new Error('It has no replica.')
    }

    it('a purge reaches the other node', async () => {
      const [a, b] = await start()
      await until(async () => (await subscribers()) === 2)
      await a.cache.invalidateTags(['event-1'])
      expect(await a.cache.get('page')).to.equal(undefined)
      expect(await until(async () => (await b.cache.get('page')) === undefined)).to.be.below(250)
    })

    it('R15: the slot moves, and the log goes on in the same epoch', async () => {
      const [a, b] = await start()
      const { epoch } = a.log
      const to = await cluster.otherMaster(key)
      const from = await cluster.masterOf(key)
      await cluster.moveSlot(key, to, async () => {
        await a.cache.invalidateTags(['event-1'])
        expect(await a.cache.get('page')).to.equal(undefined)
      })
      await recover(a, b)
      expect(a.log.epoch).to.equal(epoch)
      expect(await b.cache.get('page')).to.equal(undefined)
      expect(await to.command('EXISTS', key)).to.equal(1)
      expect(await cluster.masterOf(key)).not.to.equal(from)
    })

    it('replicas: 1: on the node of the slot, also after that has moved', async () => {
      const { log } = await nodes.start({ replicas: 1 })
      const append = () => log.append({ kind: 'names', names: ['t:a'], soft: false })
      const isThere = async (position: number): Promise<boolean> => {
        const replica = await replicaOf(await cluster.masterOf(key))
        // A replica that is asked about its master's slots answers on a connection that only reads.
        return (await offsetOf(replica)) === (await offsetOf(await cluster.masterOf(key))) && position > 0
      }
      expect(await isThere(await append())).to.equal(true)
      await cluster.moveSlot(key, await cluster.otherMaster(key))
      // The first one hears that the slot has moved.
      await until(async () => (await codeOf(append())) === 'none')
      await append()
    })

    for (const how of ['kill', 'stop'] as const) {
      it(`the master of the log is lost (${how}): what its replica had is kept, in the same epoch`, async () => {
        const [a, b] = await start()
        const { epoch } = a.log
        await a.cache.invalidateTags(['event-1'])
        const position = a.log.position()
        const master = await cluster.masterOf(key)
        const replica = await replicaOf(master)
        await until(async () => (await offsetOf(master)) === (await offsetOf(replica)))
        for (const { cache } of [a, b]) await cache.set('kept', 'new', { ttl: '1h', tags: ['event-2'] })
        const { old, promoted } = await cluster.failOver(key, how)
        expect(promoted).to.equal(replica)
        await recover(a, b)
        expect([a.log.epoch, b.log.epoch]).to.deep.equal([epoch, epoch])
        expect(a.log.position()).to.be.above(position)
        for (const { cache } of [a, b]) {
          expect(await cache.get('page')).to.equal(undefined)
          expect(await cache.get('kept')).to.equal('new')
        }
        if (how === 'stop') old.cont()
        else await old.restart()
      })
    }

    it('what the replica had not is noticed: a new epoch, and nothing older is served', async () => {
      const [a, b] = await start()
      const { epoch } = a.log
      const master = await cluster.masterOf(key)
      const replica = await replicaOf(master)
      await replica.command('CONFIG', 'SET', 'masterauth', 'not-wanted')
      await master.command('CLIENT', 'KILL', 'TYPE', 'replica')
      await a.cache.invalidateTags(['event-2'])
      await until(() => b.log.position() === a.log.position())
      const { old } = await cluster.failOver(key, 'kill')
      await recover(a, b)
      expect(a.log.epoch).not.to.equal(epoch)
      for (const { cache } of [a, b]) expect(await cache.get('page')).to.equal(undefined)
      await replica.command('CONFIG', 'SET', 'masterauth', '')
      await old.restart()
    })

    it('R16: master and replica are frozen: a purge rejects and holds here, nodes go on, and it is replayed afterwards', async () => {
      const [a, b] = await start()
      const master = await cluster.masterOf(key)
      const replica = await replicaOf(master)
      replica.stop()
      master.stop()
      expect(await codeOf(a.cache.invalidateTags(['event-1']))).to.equal('LARDER_INVALIDATION_UNACKNOWLEDGED')
      expect(await a.cache.get('page')).to.equal(undefined)
      await a.cache.set('page', 'new', { ttl: '1h', tags: ['event-1'] })
      expect(await a.cache.get('page')).to.equal('new')
      for (const server of [master, replica]) server.cont()
      await recover(a, b)
      expect(await b.cache.get('page')).to.equal(undefined)
    })
  })
}

/** How far it has written, or read, what is replicated. */
async function offsetOf(server: RedisServer): Promise<string | undefined> {
  return /\bmaster_repl_offset:(\d+)/.exec(String(await server.command('INFO', 'replication')))?.[1]
}
