// On a Redis Cluster: the stream lies in one slot, and the channel is heard on a connection of the log's own.

import { createCache } from '@larder/core'
import { expect } from 'chai'
import { Cluster as Cluster5 } from 'ioredis'
import { Cluster as Cluster6 } from 'ioredis6'
import { type RedisServer, startRedis } from '../../../test/support/redis-server.ts'
import { redisLog } from '../src/index.ts'
import { until } from './support.ts'

describe('redisLog on a Cluster', function () {
  this.timeout(20_000)
  let server: RedisServer
  before(async () => {
    server = await startRedis({ config: { 'cluster-enabled': 'yes', 'cluster-announce-ip': '127.0.0.1' } })
    await server.command('CLUSTER', 'ADDSLOTSRANGE', 0, 16383)
    await until(async () => String(await server.command('CLUSTER', 'INFO')).includes('cluster_state:ok'))
  })
  after(() => server?.end())

  for (const [major, Cluster] of [
    ['ioredis 5', Cluster5],
    ['ioredis 6', Cluster6],
  ] as const) {
    it(`a purge reaches the other node, on ${major}`, async () => {
      const parts = Array.from({ length: 2 }, () => {
        const client = new Cluster([{ host: server.host, port: server.port }])
        client.on('error', () => {})
        const log = redisLog(client)
        return { client, log, cache: createCache({ log }) }
      })
      try {
        await until(() => parts.every(({ log }) => log.confirmedAt() > 0))
        await until(async () => String(await server.command('PUBSUB', 'NUMSUB', 'larder:{log}')).endsWith('2'))
        for (const { cache } of parts) await cache.set('page', 'old', { tags: ['event:1'] })
        await parts[0]?.cache.invalidateTags(['event:1'])
        expect(await parts[0]?.cache.get('page')).to.equal(undefined)
        expect(await until(async () => (await parts[1]?.cache.get('page')) === undefined)).to.be.below(250)
      } finally {
        for (const { cache, log, client } of parts) {
          await cache.close()
          await log.close()
          client.disconnect()
        }
      }
    })
  }
})
