// A cold key that many ask for at once: how often its handler runs.

import { once } from 'node:events'
import { createServer as createNodeServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createCache, createServer, responseCache as expressCache } from '@larder/express'
import { responseCache as koaCache } from '@larder/koa'
import { connectRedis, redisStore } from '@larder/redis'
import { createOrigin, type Origin } from './origin.ts'
import { expressApp, koa } from './ours.ts'
import { quick } from './quick.ts'
import { atMost, type Goal, type Row, report } from './report.ts'
import { provideRedis, redisPort } from './with-redis.ts'

const CLIENTS = quick ? 10 : 200
const HANDLER_MS = 50

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
  'Larder, Express': origin => ({ servers: [inExpress(origin)] }),
  'Larder, Koa': origin => ({
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

const rows: Row[] = []
const goals: Goal[] = []
for (const [course, make] of Object.entries(courses)) {
  try {
    const origin = createOrigin()
    const { servers, close } = await make(origin)
    const ports = await Promise.all(servers.map(listening))
    // Whatever is connected or compiled with the first request is.
    for (const port of [...ports, ...ports]) await ask(port, '/?warm')
    const before = origin.runs()
    const began = performance.now()
    const statuses = await Promise.all(Array.from({ length: CLIENTS }, (_, i) => ask(ports[i % ports.length]!, '/')))
    const ms = Math.round(performance.now() - began)
    rows.push({
      course,
      requests: CLIENTS,
      'handler runs': origin.runs() - before,
      'good answers': statuses.filter(status => status === 200).length,
      'all answered after ms': ms,
    })
    if (course.startsWith('Larder'))
      goals.push(atMost(`stampede, ${course.slice(8)}`, 1, 'run', origin.runs() - before))
    for (const server of servers) server.closeAllConnections()
    for (const server of servers) server.close()
    await close?.()
  } catch (error) {
    if (!peerNames.includes(course)) throw error
    notes.push(`${course}: ${(error as Error).message.split('\n')[0]}`)
  }
}
if (typeof redis === 'object') await redis.end()
report('stampede', {
  title: 'A stampede on a cold key',
  about: `${CLIENTS} clients ask at once for what is not there yet; the handler takes ${HANDLER_MS} ms. A good answer is a 200 with the whole body.`,
  rows,
  goals,
  notes,
})
process.exit()

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
