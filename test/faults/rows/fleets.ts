// Rows on more than one server: Sentinels that promote, and Clusters that lose masters and move slots.

import { type ClusterBed, cluster, type SentinelBed, sentinels } from '../beds.ts'
import type { Row } from '../run-row.ts'
import { whilePurging } from './history.ts'

/** The server that answers for a slot takes a while to be found after a failover, so what is acknowledged meanwhile may be heard late. */
const FAILOVER_MS = 5500

async function someKey(bed: ClusterBed): Promise<string> {
  for (const server of bed.cluster.servers) {
    const keys = (await server.command('KEYS', 'app:larder:e:*').catch(() => [])) as readonly string[]
    if (keys.length > 0) return keys[0]!
  }
  throw new Error('Nothing is stored.')
}

export const fleets: readonly Row[] = [
  {
    id: 'R15',
    title: 'Slots of a Cluster move to other masters (MOVED, ASK, TRYAGAIN)',
    setUp: cluster({ replicas: 0 }),
    async inject({ bed, note }) {
      const keys = ['app:larder:{log}', await someKey(bed), await someKey(bed)]
      for (const key of keys)
        await bed.cluster.moveSlot(key, await bed.cluster.otherMaster(key), async () => {
          await new Promise(resolve => setTimeout(resolve, 50))
        })
      note(`${keys.length} slots moved, that of the log among them`)
    },
    heal: async () => {},
    terms: { everyMs: 60 },
  } satisfies Row<ClusterBed>,
  {
    id: 'R16',
    title: 'A Cluster has lost a master that has no replica (CLUSTERDOWN)',
    setUp: cluster({ replicas: 0, nodeTimeoutMs: 500 }),
    inject: async ({ bed }) => (await bed.cluster.masterOf('app:larder:{log}')).stop(),
    async heal({ bed }) {
      for (const server of bed.cluster.servers) server.cont()
      await bed.cluster.settle()
    },
    terms: { everyMs: 60 },
  } satisfies Row<ClusterBed>,
  {
    id: 'R17',
    title: 'Commands on keys of many slots (CROSSSLOT)',
    setUp: cluster({ replicas: 0 }),
    async inject({ a }) {
      const keys = Array.from({ length: 20 }, (_, i) => `key-${i}`)
      const entries = keys.map(key => ({ key, value: key, tags: ['a', 'b', key] }))
      await a.app.call('data', a.id, 'mset', entries)
      await a.app.call('data', a.id, 'mget', keys)
      await a.purge('a', 'b', 'key-3')
    },
    heal: async () => {},
    terms: { breaker: 'stays closed' },
    async verify(_, { codes }) {
      return codes['LARDER_FAR_REFUSED'] ? [`${codes['LARDER_FAR_REFUSED']} commands were refused`] : []
    },
  } satisfies Row<ClusterBed>,
  whilePurging<ClusterBed>({
    id: 'R16f',
    title: 'A master of a Cluster is killed, and its replica takes over',
    purges: 'a',
    otherMs: FAILOVER_MS,
    setUp: cluster(),
    lastsMs: () => 0,
    inject: async ({ bed }) => void (await bed.cluster.failOver('app:larder:{log}', 'kill')),
    heal: async () => {},
    terms: { everyMs: 60 },
  }),
  whilePurging<SentinelBed>({
    id: 'R21',
    title: 'Sentinels promote the replica of a master that stands still',
    purges: 'a',
    otherMs: FAILOVER_MS,
    setUp: sentinels(),
    lastsMs: () => 0,
    inject: async ({ bed }) => void (await bed.sentinel.failOver('stop')),
    heal: async () => {},
  }),
  whilePurging<SentinelBed>({
    id: 'R22',
    title: 'The old master comes back and takes writes until it is told; purges want a replica (`replicas: 1`)',
    purges: 'a',
    otherMs: FAILOVER_MS,
    setUp: sentinels({ replicas: 1 }),
    lastsMs: () => 0,
    async inject({ bed, note }) {
      const { old, promoted } = await bed.sentinel.failOver('stop')
      old.cont()
      const written = await old
        .command('SET', 'larder:of-the-old-master', 1)
        .then(String, (error: Error) => error.message)
      note(`the old master said ${written.split(' ')[0]} to a write`)
      await bed.sentinel.settle()
      const kept = await promoted.command('EXISTS', 'larder:of-the-old-master')
      note(kept === 0 ? 'which is gone' : 'which is still there')
    },
    heal: async () => {},
  }),
]
