// connectRedis() behind Sentinels and on a Cluster: a cache over it, and its failovers.

import { createCache } from '@larder/core'
import type { Cluster, Redis } from 'ioredis'
import { type RedisCluster, startRedisCluster } from '../../../test/support/redis-cluster.ts'
import { type RedisSentinel, startRedisSentinel } from '../../../test/support/redis-sentinel.ts'
import { connectRedis, redisStore } from '../src/index.ts'
import { until } from './support.ts'

/** A value that one process sets is found by the other, and is gone for both when it is deleted. */
async function expectShared(clients: readonly (Redis | Cluster)[], key: string): Promise<void> {
  const caches = clients.map(client => createCache({ far: redisStore(client) }))
  const [a, b] = caches as [ReturnType<typeof createCache>, ReturnType<typeof createCache>]
  try {
    // Until the far tier has told its time nothing is shared.
    await until(async () => {
      await a.set(key, { n: 1 }, '1m')
      return (await b.get(key)) !== undefined
    }, 15_000)
    await until(
      () =>
        a.delete(key).then(
          () => true,
          () => false,
        ),
      15_000,
    )
    await until(async () => (await b.get(key)) === undefined)
  } finally {
    for (const cache of caches) await cache.close()
  }
}

describe('connectRedis behind Sentinels', function () {
  this.timeout(60_000)
  let sentinel: RedisSentinel
  before(async () => {
    sentinel = await startRedisSentinel()
  })
  after(() => sentinel?.end())

  it('finds the master, and the one that takes its place', async () => {
    const { sentinels, name } = sentinel
    const clients = [connectRedis({ sentinels, name }), connectRedis({ sentinels, name })]
    try {
      await expectShared(clients, 'before')
      await sentinel.failOver('kill')
      await expectShared(clients, 'after')
    } finally {
      for (const client of clients) client.disconnect()
    }
  })
})

describe('connectRedis on a Cluster', function () {
  this.timeout(60_000)
  let cluster: RedisCluster
  before(async () => {
    cluster = await startRedisCluster()
  })
  after(() => cluster?.end())

  it('finds every slot, with a prefix before the keys', async () => {
    const clients = [
      connectRedis({ cluster: cluster.nodes }),
      connectRedis({ cluster: cluster.nodes.slice(0, 1), keyPrefix: 'app:' }),
    ]
    try {
      for (const key of ['a', 'b', 'c', 'd', 'e']) await expectShared(clients, key)
    } finally {
      for (const client of clients) client.disconnect()
    }
  })
})
