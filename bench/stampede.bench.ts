// A cold key that many ask for at once: how often its handler runs.

import { once } from 'node:events'
import { createServer as createNodeServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createCache, createServer, responseCache as expressCache } from '@larder/express'
import { responseCache as koaCache } from '@larder/koa'
import { connectRedis, redisStore } from '@larder/redis'
import { reached } from './goals.ts'
import { expressName, koaName } from './names.ts'
import { createOrigin, type Origin } from './origin.ts'
import { expressApp, koa } from './ours.ts'
import { quick } from './quick.ts'
import { report } from './report.ts'
import { spread, written } from './spread.ts'
import { provideRedis, redisPort } from './with-redis.ts'

const CLIENTS = quick ? 10 : 200
const HANDLER_MS = 50
const ROUNDS = quick ? 1 : 5

interface Crowd {
  readonly servers: readonly Server[]
  close?(): unknown
}

type Make = (origin: Origin) => Crowd | Promise<Crowd>

const slow = () => new Promise(resolve => setTimeout(resolve, HANDLER_MS))

function inExpress(origin: Origin, cache = createCache()): Server {
  return createServer(
    expressApp(expressCache({ ttl: '1h', cache }), async (_req, res) => {
      const json = origin.json()
      await slow()
      res.json(json)
    }),
  )
}

const peerNames = ['apicache', 'route-cache', 'express-expeditious', 'koa-cash', 'cache-manager', 'bentocache']
const courses: Record<string, Make> = {
  [expressName]: origin => ({ servers: [inExpress(origin)] }),
  [koaName]: origin => ({
    servers: [
      koa(koaCache('1h'), async ctx => {
        const json = origin.json()
        await slow()
        ctx.body = json
      }).server!,
    ],
  }),
  'no cache, node:http': origin => ({
    servers: [
      createNodeServer(async (_req, res) => {
        origin.json()
        await slow()
        res.writeHead(200, origin.headers).end(origin.body)
      }),
    ],
  }),
}
for (const name of peerNames) courses[name] = peerOf(name)

/** The peers answer from `json()`, so it is there that they wait. */
function peerOf(name: string): Make {
  return async origin => {
    const { default: make } = await import(new URL(`peers/${name}.mjs`, import.meta.url).href)
    const waiting = {
      ...origin,
      json() {
        const json = origin.json()
        return slow().then(() => json)
      },
    }
    const { server, close } = await make(waiting)
    return { servers: [server], close }
  }
}

const redis = await provideRedis()
const notes: string[] = []
if (typeof redis === 'string') notes.push(`four servers on one Redis: ${redis}`)
else {
  courses['Larder, four caches on one Redis'] = origin => {
    const clients = Array.from({ length: 4 }, () => connectRedis({ port: redisPort() }))
    const caches = clients.map(client => createCache({ far: redisStore(client), farDeadline: '2s' }))
    return {
      servers: caches.map(cache => inExpress(origin, cache)),
      async close() {
        for (const cache of caches) await cache.close()
        for (const client of clients) client.disconnect()
      },
    }
  }
}

const taken = new Map<string, readonly Stampede[]>()
for (const [course, make] of Object.entries(courses)) {
  try {
    taken.set(course, await measure(make))
  } catch (error) {
    if (!peerNames.includes(course)) throw error
    notes.push(`${course}: ${(error as Error).message.split('\n')[0]}`)
  }
}
if (typeof redis === 'object') await redis.end()
const column = (stampedes: readonly Stampede[], name: keyof Stampede) => spread(stampedes.map(each => each[name]))
report('stampede', {
  title: 'A stampede on a cold key',
  about: `${CLIENTS} clients ask at once for what is not there yet; the handler takes ${HANDLER_MS} ms. A good answer is a 200 with the whole body. ${ROUNDS} rounds, each with a key of its own.`,
  rows: [...taken].map(([course, stampedes]) => ({
    course,
    requests: CLIENTS,
    'handler runs': written(column(stampedes, 'runs'), 0),
    'good answers': written(column(stampedes, 'good'), 0),
    'all answered after ms': written(column(stampedes, 'ms'), 0),
  })),
  goals: reached('stampede', course => {
    const stampedes = taken.get(course)
    return stampedes && column(stampedes, 'runs')
  }),
  plots: [
    {
      kind: 'bars',
      title: `Runs of the handler for ${CLIENTS} requests at once`,
      bars: [...taken].map(([course, stampedes]) => {
        const { low, middle, high } = column(stampedes, 'runs')
        return { label: course, value: middle, low, high, isOurs: course.startsWith('Larder') }
      }),
    },
  ],
  notes,
})
process.exit()

interface Stampede {
  readonly runs: number
  readonly good: number
  readonly ms: number
}

async function measure(make: Make): Promise<Stampede[]> {
  const origin = createOrigin()
  const { servers, close } = await make(origin)
  const ports = await Promise.all(servers.map(listening))
  // Whatever is connected or compiled with the first request is.
  for (const port of [...ports, ...ports]) await ask(port, '/?warm')
  const stampedes: Stampede[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const before = origin.runs()
    const began = performance.now()
    const crowd = Array.from({ length: CLIENTS }, (_, i) => ask(ports[i % ports.length]!, `/?round=${round}`))
    const good = (await Promise.all(crowd)).filter(status => status === 200).length
    stampedes.push({ runs: origin.runs() - before, good, ms: performance.now() - began })
  }
  for (const server of servers) server.closeAllConnections()
  for (const server of servers) server.close()
  await close?.()
  return stampedes
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** The status, or 0 for a body that is not whole. */
function ask(port: number, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request({ port, host: '127.0.0.1', path, agent: false, headers: { Host: 'h.example' } }, response => {
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
      })
      response.on('end', () => resolve(bytes === createOrigin().body.length ? response.statusCode! : 0))
      response.on('error', () => resolve(0))
    })
    asked.setTimeout(20_000, () => asked.destroy(new Error('no answer in 20 s')))
    asked.on('error', reject)
    asked.end()
  })
}
