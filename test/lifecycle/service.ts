// A service as its users write it, on Express or Koa: it runs as a process of its own. The first argument says what it is made of.

import { createServer, type Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { createHealth, createLifecycle, httpServer, type Part } from '@larder/lifecycle'
import { connectRedis, redisStore } from '@larder/redis'
import type { Ingredients } from './process.ts'

const made = JSON.parse(process.argv[2] as string) as Ingredients

// One line of JSON for each thing that is told.
const say =
  (level: string) =>
  (details: object, message: string): void =>
    console.log(JSON.stringify({ level, message, ...details }))
const logger = { info: say('info'), warn: say('warn'), error: say('error') }

const client = made.redis === undefined ? undefined : connectRedis({ url: made.redis, password: 'S3CR3T-CANARY' })

const door = made.framework === 'express' ? await import('@larder/express') : await import('@larder/koa')
// The store brings its log.
const cache = door.createCache({ ...(client && { far: redisStore(client) }) })
const health = createHealth({
  logger,
  deadline: '200ms',
  interval: '100ms',
  ...(client && {
    checks: {
      redis: {
        affects: 'detail',
        async run() {
          await client.ping()
        },
      },
    },
  }),
})

const parts: Part[] = [
  {
    name: 'cache',
    metrics: () => cache.getMetrics(),
    async stop() {
      await cache.close()
      client?.disconnect()
    },
  },
  {
    name: 'database',
    start: () => sleep(made.databaseMs ?? 1),
    stop: () => sleep(1),
    check: { run: () => ({ status: 'pass', detail: { tables: 3 } }), affects: 'ready' },
  },
  httpServer(made.framework === 'express' ? onExpress : onKoa, {
    host: '127.0.0.1',
    port: made.port ?? 0,
    drainTimeout: made.drainTimeout ?? '5s',
  }),
  {
    name: 'announcer',
    start: () => logger.info({ port: (server!.address() as { port: number }).port }, 'listening'),
  },
]
let server: Server | undefined

const lifecycle = createLifecycle({ parts, health, logger, drainDelay: made.drainDelay ?? 0 })
if (made.straggler) setInterval(() => {}, 1000)
await lifecycle.start()

async function onExpress(): Promise<Server> {
  const { cacheHealth, responseCache } = await import('@larder/express')
  const { default: express } = await import('express')
  const app = express()
  app.use('/health', cacheHealth({ cache, checks: health }))
  app.get('/cached', responseCache({ cache, ttl: '50ms', staleWhileRevalidate: '1m' }), async (_req, res) => {
    await sleep(5)
    res.type('text').send('cached'.repeat(100))
  })
  app.get('/slow/:ms', async (req, res) => {
    await sleep(Number(req.params.ms))
    res.type('text').send('slow')
  })
  app.get('/stream', async (_req, res) => {
    for (let part = 0; part < 5; part++) {
      res.write(`part ${part} `)
      await sleep(10)
    }
    res.end('end')
  })
  app.get('/never', (_req, res) => void res.write('begun'))
  server = createServer(app)
  return server
}

async function onKoa(): Promise<Server> {
  const { cacheHealth, responseCache } = await import('@larder/koa')
  const { Router } = await import('@koa/router')
  const { default: Koa } = await import('koa')
  const { PassThrough } = await import('node:stream')
  const app = new Koa()
  app.use(cacheHealth({ cache, checks: health }))
  const router = new Router()
  router.get('/cached', responseCache({ cache, ttl: '50ms', staleWhileRevalidate: '1m' }), async ctx => {
    await sleep(5)
    ctx.body = 'cached'.repeat(100)
  })
  router.get('/slow/:ms', async ctx => {
    await sleep(Number(ctx['params'].ms))
    ctx.body = 'slow'
  })
  router.get('/stream', ctx => {
    const body = new PassThrough()
    ctx.body = body
    void (async () => {
      for (let part = 0; part < 5; part++) {
        body.write(`part ${part} `)
        await sleep(10)
      }
      body.end('end')
    })()
  })
  router.get('/never', ctx => {
    const body = new PassThrough()
    body.write('begun')
    ctx.body = body
  })
  app.use(router.routes())
  server = createServer(app.callback())
  return server
}
