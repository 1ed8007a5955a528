// The far store contract on real servers, with both majors of the client; and on the mock, for those who test with it.

import type { FarStore } from '@larder/core'
import { farStoreContract } from '@larder/core/testing'
import { Cluster as Cluster5, Redis as Redis5 } from 'ioredis'
import RedisMock from 'ioredis-mock'
import { Cluster as Cluster6, Redis as Redis6 } from 'ioredis6'
import { type RedisCluster, startRedisCluster } from '../../../test/support/redis-cluster.ts'
import { type RedisServer, startRedis } from '../../../test/support/redis-server.ts'
import { clientSettings } from '../src/connect.ts'
import { type RedisStoreClient, redisStore } from '../src/index.ts'
import { quiet, until } from './support.ts'

type Client = RedisStoreClient & { disconnect(): void; readonly status: string | undefined }

/** Each test has keys of its own, so that all have one server. */
function sharedBy(connect: (prefix: string) => Client) {
  let tests = 0
  return () => {
    const prefix = `contract-${++tests}:`
    const clients: Client[] = []
    return {
      async open(): Promise<FarStore> {
        const client = connect(prefix)
        clients.push(client)
        // The mock has none, and is always ready.
        await until(() => client.status === undefined || client.status === 'ready')
        return redisStore(client, { prefix })
      },
      end() {
        for (const client of clients) client.disconnect()
      },
    }
  }
}

for (const [major, Redis, Cluster] of [
  ['ioredis 5', Redis5, Cluster5],
  ['ioredis 6', Redis6 as unknown as typeof Redis5, Cluster6 as unknown as typeof Cluster5],
] as const) {
  describe(`redisStore on ${major}`, function () {
    this.timeout(30_000)
    let server: RedisServer
    before(async () => {
      server = await startRedis()
    })
    after(() => server?.end())

    const connect = (options: object) => quiet(new Redis({ ...clientSettings({ port: server.port }), ...options }))
    farStoreContract(
      `redisStore on ${major}`,
      sharedBy(() => connect({})),
      { describe, it },
    )
    farStoreContract(
      `redisStore on ${major} with another prefix of the client's own`,
      sharedBy(() => connect({ enableAutoPipelining: true, keyPrefix: 'own:' })),
      { describe, it },
    )
  })

  describe(`redisStore on a Cluster on ${major}`, function () {
    this.timeout(60_000)
    let cluster: RedisCluster
    before(async () => {
      cluster = await startRedisCluster()
    })
    after(() => cluster?.end())

    farStoreContract(
      `redisStore on a Cluster on ${major}`,
      sharedBy(() => quiet(new Cluster(cluster.nodes.map(node => ({ ...node }))))),
      { describe, it },
    )
  })
}

describe('redisStore on ioredis-mock', () => {
  farStoreContract(
    'redisStore on ioredis-mock',
    sharedBy(() => new RedisMock() as unknown as Client),
    { describe, it },
  )
})
