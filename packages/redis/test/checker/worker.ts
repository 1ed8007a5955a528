// One process of the checker: a node of each group, and its part of every history.

import { setTimeout as sleep } from 'node:timers/promises'
import { type Cache, createCache } from '@larder/core'
import { Redis } from 'ioredis'
import { serve } from '../../../../test/support/child.ts'
import { clientSettings } from '../../src/connect.ts'
import { redisLog, redisStore } from '../../src/index.ts'
import { clock } from './chaos.ts'
import type { Purged, Served } from './judge.ts'
import { planOf, type Read } from './plan.ts'

interface Settings {
  readonly node: number
  readonly nodes: number
  /** Where this node reaches the server of each group. */
  readonly ports: readonly number[]
  /** The server of the source, which nobody disturbs. */
  readonly sourcePort: number
  readonly boundMs: number
  readonly tickMs: number
}

export interface Part {
  readonly served: readonly Served[]
  readonly purged: readonly Purged[]
  readonly fills: number
}

const settings = JSON.parse(process.env['CHECKER'] as string) as Settings
const { node, nodes, ports, sourcePort, boundMs, tickMs } = settings

const quiet = (client: Redis): Redis => client.on('error', () => {})

const source = quiet(new Redis({ port: sourcePort, enableAutoPipelining: true }))
const groups = ports.map(port => {
  const client = quiet(new Redis({ ...clientSettings({ port, keyPrefix: '' }), socketTimeout: 1000 }))
  const log = redisLog(client, { tick: `${tickMs}ms`, deadline: '500ms' })
  const far = redisStore(client)
  const cache = createCache({
    log,
    far,
    coherenceBound: `${boundMs}ms`,
    defaultTtl: '1h',
    waitTimeout: '300ms',
    breakerReset: '300ms',
    healthInterval: '200ms',
  })
  return { client, log, cache }
})

async function run(cache: Cache, seed: number, startAt: number): Promise<Part> {
  const plan = planOf(seed, nodes)
  const key = `key:${seed}`
  const served: Served[] = []
  const purged: Purged[] = []
  let fills = 0

  async function read({ at, beforeMs, afterMs }: Read): Promise<void> {
    await sleep(Math.max(0, startAt + at - clock()))
    const askedAt = clock()
    let isHit = true
    async function fill(): Promise<number> {
      isHit = false
      fills++
      if (beforeMs > 0) await sleep(beforeMs)
      const version = Number((await source.get(key)) ?? 0)
      if (afterMs > 0) await sleep(afterMs)
      return version
    }
    const value = await cache.getOrSet(key, fill, { ttl: '1h', tags: [`tag:${seed}`] })
    served.push({ node, at: askedAt, value, isHit })
  }
  async function purge({ at, by }: (typeof plan.purges)[number]): Promise<void> {
    await sleep(Math.max(0, startAt + at - clock()))
    const version = await source.incr(key)
    const startedAt = clock()
    const call =
      by === 'tag'
        ? cache.invalidateTags([`tag:${seed}`])
        : by === 'key'
          ? cache.delete(key)
          : cache.invalidatePattern(`key:${seed}*`)
    const isAcknowledged = await call.then(
      () => true,
      () => false,
    )
    purged.push({ node, version, startedAt, at: clock(), isAcknowledged })
  }
  await Promise.all([
    ...plan.reads.filter(each => each.node === node).map(read),
    ...plan.purges.filter(each => each.node === node).map(purge),
  ])
  return { served, purged, fills }
}

serve({
  async joined() {
    while (groups.some(({ log }) => log.confirmedAt() === Number.NEGATIVE_INFINITY)) await sleep(5)
  },
  /** This node's part of some histories of a group, which begin together. */
  run: (group: number, seeds: readonly number[], startAt: number) =>
    Promise.all(seeds.map((seed, i) => run(groups[group]!.cache, seed, startAt + 10 * i))),
  place: (group: number) => `${groups[group]!.log.epoch} ${groups[group]!.log.position()}`,
  counts: () => groups.map(({ cache }) => cache.getMetrics()),
})
