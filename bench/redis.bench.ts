// A hit from Redis, 1 KB: memory holds 256 responses, and 4,096 are asked for in turn, so that every request asks Redis.

import { createServer as createNodeServer } from 'node:http'
import { connectRedis, redisStore } from '@larder/redis'
import { Redis } from 'ioredis'
import { contest } from './contest.ts'
import { bentocacheName, cacheManagerName, fastName, koaName, rawName, redisByHand } from './names.ts'
import { createOrigin, KB, KB32 } from './origin.ts'
import { larderExpress, larderKoa, raw } from './ours.ts'
import { peer } from './peers.ts'
import type { Course, MakeCourse } from './race.ts'
import { report } from './report.ts'
import { onRedis, provideRedis, redisPort } from './with-redis.ts'

const byHand32 = 'ioredis by hand, 32 KB'

/** What is read is sent, and nothing is known of it: no handler that asks Redis does less. */
async function bareRedis(items: number): Promise<Course> {
  const { body, headers } = createOrigin(items)
  const redis = new Redis({ port: redisPort() })
  await redis.set(`bench:${items}`, body)
  const server = createNodeServer(async (_req, res) => {
    const found = await redis.getBuffer(`bench:${items}`)
    res.writeHead(200, headers).end(found)
  })
  return { server, close: () => redis.disconnect() }
}

/** What is kept near is gone before it is asked for again. */
function ours(make: typeof larderExpress, items: number): Course {
  const client = connectRedis({ port: redisPort() })
  const bytes = 256 * (createOrigin(items).body.length + 1900)
  const prefix = `${make.name}:${items}`
  const course = make({
    items,
    cache: { maxBytes: bytes, farDeadline: '2s', far: redisStore(client, { prefix }) },
  })
  return {
    ...course,
    async close() {
      await course.close?.()
      client.disconnect()
    },
  }
}

const server = await provideRedis()
if (typeof server === 'string') {
  report('redis', { title: 'A hit from Redis', about: 'Not run.', rows: [], notes: [server] })
  process.exit()
}
const courses: Readonly<Record<string, MakeCourse>> = {
  [rawName]: () => raw(),
  [redisByHand]: () => bareRedis(KB),
  [fastName]: () => ours(larderExpress, KB),
  [koaName]: () => ours(larderKoa, KB),
  [`${fastName}, 32 KB`]: () => ours(larderExpress, KB32),
  [byHand32]: () => bareRedis(KB32),
  [bentocacheName]: peer('bentocache', onRedis),
  [cacheManagerName]: peer('cache-manager', onRedis),
}
await contest({
  name: 'redis',
  title: 'A hit from Redis, 1 KB',
  about:
    'Memory holds 256 responses and 4,096 are asked for in turn, so that every request is a round trip to a Redis on the same machine, whose own CPU time does not count, and makes the response anew from its frame.',
  file: import.meta.filename,
  load: { variety: 'cycle', seconds: 0.6 },
  courses,
  against: {
    '× ioredis by hand': course => {
      if (course === rawName) return undefined
      return course.endsWith('32 KB') ? byHand32 : redisByHand
    },
  },
})
