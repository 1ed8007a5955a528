// A purge of a tag that 100,000 entries carry, in memory and on Redis: what it takes, and that nothing of it is served.

import { setImmediate as turn } from 'node:timers/promises'
import { type Cache, createCache } from '@larder/core'
import { connectRedis, redisStore } from '@larder/redis'
import { quick } from './quick.ts'
import { type Row, report } from './report.ts'
import { spread, written } from './spread.ts'
import { provideRedis, redisPort } from './with-redis.ts'

const ENTRIES = quick ? 500 : 100_000
const ROUNDS = quick ? 1 : 5

const redis = await provideRedis()
const rows: Row[] = [await measure('memory', () => createCache({ maxBytes: 512 * 1024 * 1024 }), ENTRIES)]
const notes: string[] = []
if (typeof redis === 'string') notes.push(`on Redis: ${redis}`)
else {
  const client = connectRedis({ port: redisPort() })
  const make = () => createCache({ maxBytes: 512 * 1024 * 1024, farDeadline: '2s', far: redisStore(client) })
  rows.push(await measure('memory and Redis', make, ENTRIES))
  client.disconnect()
  await redis?.end()
}
const one = rows.map(row => `${row['tier']}: ${row['one entry, ms']}`).join('; ')
report('purge', {
  title: `A purge of ${ENTRIES.toLocaleString('en')} entries`,
  about:
    'Every entry carries the tag, and one purge takes them all: an invalidation is one record in a log, whatever it hits. Beside it, a purge of a tag of one entry.',
  rows,
  notes: [...notes, `a purge of one entry takes ${one} ms`],
})
process.exit()

async function measure(tier: string, make: () => Cache, entries: number): Promise<Row> {
  const cache = make()
  const [all, single]: [number[], number[]] = [[], []]
  await cache.invalidateTags(['warm'])
  let fillMs = 0
  let [kept, served] = [0, 0]
  for (let round = 0; round < ROUNDS; round++) {
    const began = performance.now()
    for (let i = 0; i < entries; i += 500) {
      const batch = Array.from({ length: Math.min(500, entries - i) }, (_, j) => i + j)
      await Promise.all(batch.map(n => cache.set(`key ${n}`, { n }, { ttl: '1h', tags: ['all', `one ${n}`] })))
      // As in a service, where a batch comes with a request of its own, answers of Redis are read in between.
      await turn()
    }
    fillMs = performance.now() - began
    const before = await answered(cache, entries)
    kept += before
    // What is not there cannot be purged, and the figure would be none.
    if (before === 0)
      throw new Error(`${tier}: nothing was kept in round ${round}: ${JSON.stringify(cache.getMetrics())}`)
    single.push(await timed(() => cache.invalidateTags(['one 0'])))
    all.push(await timed(() => cache.invalidateTags(['all'])))
    served += await answered(cache, entries)
  }
  await cache.close()
  return {
    tier,
    entries,
    'purge, ms': written(spread(all), 3),
    'one entry, ms': written(spread(single), 3),
    'served before, % of those asked for': Math.round((100 * kept) / (ROUNDS * Math.min(1000, entries))),
    'served afterwards': served,
    'fill, ms': Math.round(fillMs),
  }
}

/** How many of 1,000 are answered. */
async function answered(cache: Cache, entries: number): Promise<number> {
  let found = 0
  for (let i = 0; i < entries; i += Math.max(1, Math.floor(entries / 1000))) {
    if ((await cache.get(`key ${i}`)) !== undefined) found++
  }
  return found
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}
