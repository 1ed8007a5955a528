// A hit from Redis, 1 KB: memory holds 256 responses, and 4,096 are asked for in turn, so that every request asks Redis.

import { createServer as createNodeServer } from 'node:http'
import { connectRedis, redisStore } from '@larder/redis'
import { Redis } from 'ioredis'
import { contest } from './contest.ts'
import { createOrigin, KB, KB32 } from './origin.ts'
import { larderExpress, larderKoa, raw } from './ours.ts'
import { peer } from './peers.ts'
import type { Course, MakeCourse } from './race.ts'
import { report } from './report.ts'
import { provideRedis, redisPort } from './with-redis.ts'

const rawName = 'node:http, headers and body made beforehand'
const bare = 'ioredis by hand: node:http and getBuffer'
const fast = 'Larder, Express on the fast server'

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
  [bare]: () => bareRedis(KB),
  [fast]: () => ours(larderExpress, KB),
  'Larder, Koa': () => ours(larderKoa, KB),
  'Larder, Express on the fast server, 32 KB': () => ours(larderExpress, KB32),
  'ioredis by hand, 32 KB': () => bareRedis(KB32),
  'bentocache by hand, Express': peer('bentocache', {
    get with() {
      return redisPort()
    },
  }),
  'cache-manager by hand, Express': peer('cache-manager', {
    get with() {
      return redisPort()
    },
  }),
}
await contest({
  name: 'redis',
  title: 'A hit from Redis, 1 KB',
  about:
    'Memory holds 256 responses and 4,096 are asked for in turn, so that every request is a round trip to a Redis on the same machine, whose own CPU time does not count, and makes the response anew from its frame.',
  file: import.meta.filename,
  raw: rawName,
  load: { variety: 'cycle' },
  courses,
  against: {
    '× ioredis by hand': course => {
      if (course === rawName) return undefined
      return course.endsWith('32 KB') ? 'ioredis by hand, 32 KB' : bare
    },
  },
  goals: [
    { scenario: 'hit from Redis', course: fast, against: bare, atLeast: 0.8, unit: 'of ioredis by hand' },
    {
      scenario: 'hit from Redis',
      course: fast,
      against: 'bentocache by hand, Express',
      atLeast: 1.5,
      unit: '× bentocache on Redis',
    },
    {
      scenario: 'hit from Redis',
      course: fast,
      against: 'cache-manager by hand, Express',
      atLeast: 1.5,
      unit: '× cache-manager on Redis',
    },
  ],
})
