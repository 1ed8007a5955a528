// A purge of a tag that 100,000 entries carry, in memory and on Redis: what it takes, and that nothing of it is served.

import { setImmediate as turn } from 'node:timers/promises'
import { type Cache, createCache } from '@larder/core'
import { connectRedis, redisStore } from '@larder/redis'
import { quick } from './quick.ts'
import { report } from './report.ts'
import { type Spread, spread, written } from './spread.ts'
import { provideRedis, redisPort } from './with-redis.ts'

const ENTRIES = quick ? 500 : 100_000
const ROUNDS = quick ? 1 : 3

const redis = await provideRedis()
const taken = [await measure('memory', () => createCache({ maxBytes: 512 * 1024 * 1024 }))]
const notes: string[] = []
if (typeof redis === 'string') notes.push(`on Redis: ${redis}`)
else {
  const client = connectRedis({ port: redisPort() })
  const make = () => createCache({ maxBytes: 512 * 1024 * 1024, farDeadline: '2s', far: redisStore(client) })
  taken.push(await measure('memory and Redis', make))
  client.disconnect()
  await redis?.end()
}
report('purge', {
  title: `A purge of ${ENTRIES.toLocaleString('en')} entries`,
  about: `Every entry carries the tag, and one purge takes them all: an invalidation is one record in a log, whatever it hits. Beside it, a purge of a tag that one entry carries. ${ROUNDS} rounds. Of 1,000 of them it was asked before and afterwards whether they are served.`,
  rows: taken.map(({ tier, all, one, kept, served, fillMs }) => ({
    tier,
    entries: ENTRIES,
    'purge, ms': written(all, 3),
    'of one entry, ms': written(one, 3),
    'served before, %': Math.round(kept),
    'served afterwards, %': served,
    'fill, s': Math.round(fillMs / 100) / 10,
  })),
  plots: [
    {
      kind: 'bars',
      title: 'What a purge takes, in ms',
      bars: taken.flatMap(({ tier, all, one }) => [
        bar(`${tier}: one entry`, one),
        bar(`${tier}: ${ENTRIES.toLocaleString('en')} entries`, all),
      ]),
    },
  ],
  notes,
})
process.exit()

interface Purged {
  readonly tier: string
  /** What a purge of all took, and of one, in milliseconds. */
  readonly all: Spread
  readonly one: Spread
  /** The share that was served, in percent: before, and afterwards. */
  readonly kept: number
  readonly served: number
  readonly fillMs: number
}

function bar(label: string, { low, middle, high }: Spread) {
  return { label, value: middle, low, high, isOurs: true }
}

async function measure(tier: string, make: () => Cache): Promise<Purged> {
  const cache = make()
  const [all, one, fills]: [number[], number[], number[]] = [[], [], []]
  const [kept, served]: [number[], number[]] = [[], []]
  await cache.invalidateTags(['warm'])
  for (let round = 0; round < ROUNDS; round++) {
    fills.push(await timed(() => fill(cache)))
    const before = await shareServed(cache)
    // What is not there cannot be purged, and the figure would be of less than it says.
    if (before < 99)
      throw new Error(`${tier}: ${before} % served in round ${round}: ${JSON.stringify(cache.getMetrics())}`)
    kept.push(before)
    one.push(await timed(() => cache.invalidateTags(['one 0'])))
    all.push(await timed(() => cache.invalidateTags(['all'])))
    served.push(await shareServed(cache))
  }
  await cache.close()
  return {
    tier,
    all: spread(all),
    one: spread(one),
    kept: spread(kept).middle,
    served: Math.max(...served),
    fillMs: spread(fills).middle,
  }
}

async function fill(cache: Cache): Promise<void> {
  for (let i = 0; i < ENTRIES; i += 500) {
    const batch = Array.from({ length: Math.min(500, ENTRIES - i) }, (_, j) => i + j)
    // Not all at once by `set`: no more than 256 may be on their way to Redis, and those beyond stay here.
    await cache.mset(batch.map(n => ({ key: `key ${n}`, value: { n }, ttl: '1h', tags: ['all', `one ${n}`] })))
    // As in a service, where a batch comes with a request of its own, answers of Redis are read in between.
    await turn()
  }
}

/** In percent, of 1,000 that are spread over all. */
async function shareServed(cache: Cache): Promise<number> {
  let [found, asked] = [0, 0]
  for (let i = 0; i < ENTRIES; i += Math.max(1, Math.floor(ENTRIES / 1000))) {
    asked++
    if ((await cache.get(`key ${i}`)) !== undefined) found++
  }
  return (100 * found) / asked
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}
