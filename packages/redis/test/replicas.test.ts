// An invalidation that replicas have to have as well: when it counts, what it costs the others, and what happens when they do not answer.

import { createCache } from '@larder/core'
import { invalidationLogContract } from '@larder/core/testing'
import { expect } from 'chai'
import type { Redis } from 'ioredis'
import { type RedisServer, startRedis } from '../../../test/support/redis-server.ts'
import { redisLog } from '../src/index.ts'
import { codeOf, majors, nodesOn, until } from './support.ts'

const unacknowledged = 'LARDER_INVALIDATION_UNACKNOWLEDGED'
const key = 'larder:{log}'

for (const { major, connect } of majors) {
  describe(`replicas: 1 on ${major}`, function () {
    this.timeout(30_000)
    let master: RedisServer
    let replica: RedisServer
    before(async () => {
      master = await startRedis({ config: { 'repl-diskless-sync-delay': 0 } })
      replica = await startRedis({ config: { replicaof: `127.0.0.1 ${master.port}` } })
    })
    after(async () => {
      replica?.cont()
      await Promise.all([master, replica].map(server => server?.end()))
    })
    const nodes = nodesOn(() => master, connect)
    beforeEach(() =>
      until(async () => String(await replica.command('INFO', 'replication')).includes('master_link_status:up')),
    )
    afterEach(async () => {
      replica.cont()
      await nodes.end()
    })
    const clients: Redis[] = []
    after(() => {
      for (const client of clients) client.disconnect()
    })
    // Each has a history of its own: a node is told of what was there before it.
    let contracts = 0
    invalidationLogContract(
      `redisLog with replicas: 1 on ${major}`,
      () => {
        const client = connect(master.port)
        clients.push(client)
        return redisLog(client, { replicas: 1, prefix: `contract-${++contracts}:` })
      },
      { describe, it },
    )

    const calls = async (command: string): Promise<number> => {
      const stats = String(await master.command('INFO', 'commandstats'))
      return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0)
    }

    it('resolves when the replica has it', async () => {
      const { log } = await nodes.start({ replicas: 1 })
      for (let i = 0; i < 20; i++) {
        const position = await log.append({ kind: 'names', names: ['t:a'], soft: false })
        const [[last]] = (await replica.command('XREVRANGE', key, '+', '-', 'COUNT', 1)) as [[string]]
        expect(last).to.equal(`${position}-0`)
      }
    })

    it('many at once wait together', async () => {
      const { log } = await nodes.start({ replicas: 1 })
      await master.command('CONFIG', 'RESETSTAT')
      const positions = await Promise.all(
        Array.from({ length: 1000 }, (_, i) => log.append({ kind: 'names', names: [`t:${i}`], soft: false })),
      )
      expect(new Set(positions).size).to.equal(1000)
      expect(await calls('wait')).to.be.within(1, 20)
    })

    it('rejects in a second while the replica is frozen, holds here and elsewhere, and holds up nobody else', async () => {
      const [a, b] = [await nodes.start({ replicas: 1 }), await nodes.start({ replicas: 1 })]
      for (const { cache } of [a, b]) await cache.set('page', 'old', { ttl: '1h', tags: ['event-1'] })
      replica.stop()
      const begin = performance.now()
      const rejected = codeOf(a.cache.invalidateTags(['event-1']))
      const alsoRejected = codeOf(a.cache.invalidateTags(['event-2']))
      expect(await until(async () => (await b.cache.get('page')) === undefined)).to.be.below(500)
      await a.client.ping()
      expect(performance.now() - begin).to.be.below(700)
      expect([await rejected, await alsoRejected]).to.deep.equal([unacknowledged, unacknowledged])
      expect(performance.now() - begin).to.be.within(900, 1600)
      expect(await a.cache.get('page')).to.equal(undefined)
      await a.cache.set('page', 'new', { ttl: '1h', tags: ['event-1'] })
      // Both are sent again until the replica has them, and are the same records.
      await master.command('CONFIG', 'RESETSTAT')
      replica.cont()
      await until(async () => (await calls('xsetid')) >= 2)
      await a.cache.invalidateTags(['event-3'])
      for (const name of ['event-1', 'event-2', 'event-3']) {
        const records = JSON.stringify(await replica.command('XRANGE', key, '-', '+'))
        expect(records.split(`t:${name}`).length - 1, name).to.equal(1)
      }
      expect(await a.cache.get('page')).to.equal('new')
      await until(() => a.log.position() === b.log.position())
    })

    it('rejects when more are wanted than there are', async () => {
      const { log, cache } = await nodes.start({ replicas: 2, deadline: '100ms' })
      expect(await codeOf(log.append({ kind: 'names', names: ['t:a'], soft: false }))).to.equal(unacknowledged)
      await cache.close()
    })

    it('starts without a server, and joins when there is one', async () => {
      const late = await startRedis()
      await late.kill()
      const client = connect(late.port)
      const log = redisLog(client, { replicas: 1, deadline: '200ms' })
      const cache = createCache({ log })
      try {
        expect(await codeOf(cache.invalidateTags(['event-1']))).to.equal(unacknowledged)
        await late.restart()
        await late.command('REPLICAOF', 'NO', 'ONE')
        const own = await startRedis({ config: { replicaof: `127.0.0.1 ${late.port}` } })
        try {
          await until(async () => (await codeOf(cache.invalidateTags(['event-2']))) === 'none', 15_000)
          const records = JSON.stringify(await own.command('XRANGE', key, '-', '+'))
          expect(records.split('t:event-1').length - 1).to.equal(1)
        } finally {
          await own.end()
        }
      } finally {
        await cache.close()
        await log.close()
        client.disconnect()
        await late.end()
      }
    })
  })
}
