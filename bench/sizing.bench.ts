// What a stored response takes, in memory and in Redis, by the size of its body: for docs/deployment.md.

import { randomBytes } from 'node:crypto'
import { createCache } from '@larder/core'
import { responseCache } from '@larder/express'
import { connectRedis, redisStore } from '@larder/redis'
import express from 'express'
import type { RedisServer } from '../test/support/redis-server.ts'
import { serve } from './ask.ts'
import { quick } from './quick.ts'
import { type Row, report } from './report.ts'
import { provideRedis } from './with-redis.ts'

const RESPONSES = quick ? 40 : 2000

const title = 'What a stored response takes'
const redis = await provideRedis()
if (typeof redis !== 'object') {
  report('sizing', { title, about: 'Not run.', rows: [], notes: [`${redis}`] })
  process.exit()
}
const rows: Row[] = []
for (const bodyBytes of [200, 1024, 4096, 16_384, 65_536]) rows.push(await run(redis, bodyBytes))
await redis.end()
report('sizing', {
  title,
  about: `${RESPONSES} responses through Express, each under its own URL and with one tag, in memory and in Redis. Memory is what the tier counts against its bound; Redis is what \`used_memory\` grew by, so with its allocator.`,
  rows,
  plots: [
    {
      kind: 'bars',
      title: 'Bytes that a stored response takes beside its body',
      bars: rows.flatMap(row =>
        (['memory', 'Redis'] as const).map(where => ({
          label: `${Number(row['body bytes']).toLocaleString('en')} B, in ${where}`,
          value: Number(row[`in ${where}, beside the body`]),
          isOurs: where === 'memory',
        })),
      ),
    },
  ],
})

async function run(redis: RedisServer, bodyBytes: number): Promise<Row> {
  const client = connectRedis({ url: redis.url })
  const cache = createCache({ maxBytes: 1024 * 1024 * 1024, far: redisStore(client), farDeadline: '5s' })
  const app = express()
  // Of the usual fields, and one tag each.
  app.use(responseCache({ ttl: '1h', cache, tags: req => [`page:${req.query['n']}`] }), (_req, res) => {
    res.type('json').send(randomBytes(bodyBytes / 2).toString('hex'))
  })
  const { ask, close } = serve(app, 4)
  const stored = () => cache.getMetrics().farSets
  for (let n = 0; stored() < (quick ? 5 : 50); n++) await ask(`/warm?n=${n}`)
  await cache.clear()
  await redis.command('FLUSHALL')
  const memory = async () => Number(/used_memory:(\d+)/.exec(String(await redis.command('INFO', 'memory')))?.[1])
  const [before, storedBefore] = [await memory(), stored()]
  for (let n = 0; n < RESPONSES; n += 4) await Promise.all([0, 1, 2, 3].map(more => ask(`/page?n=${n + more}`)))
  for (const until = Date.now() + 10_000; stored() < storedBefore + RESPONSES && Date.now() < until; )
    await new Promise(resolve => setTimeout(resolve, 20))
  const count = stored() - storedBefore
  const inRedis = ((await memory()) - before) / count
  const { bytes, entries } = cache.getMetrics()
  close()
  await cache.close()
  client.disconnect()
  return {
    'body bytes': bodyBytes,
    responses: count,
    'in memory, beside the body': Math.round(bytes / entries - bodyBytes),
    'in Redis, beside the body': Math.round(inRedis - bodyBytes),
  }
}
