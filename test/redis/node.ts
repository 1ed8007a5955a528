// One process of a site: an Express app whose cache shares its invalidation log. REDIS_URL names the server.

import { attachCache, createCache, invalidate, responseCache } from '@larder/express'
import { connectRedis, redisLog } from '@larder/redis'
import express from 'express'

const client = connectRedis({ url: process.env['REDIS_URL'] as string })
const log = redisLog(client)
const app = express()
attachCache(app, createCache({ log }))

let version = 0
app.get('/events', responseCache({ ttl: '5m', tags: ['events'] }), (_req, res) => {
  res.json({ pid: process.pid, version: ++version })
})
app.post('/purge', async (req, res) => {
  await invalidate(req, { tags: ['events'] })
  res.status(204).end()
})
app.use((error: { code?: string }, _req: unknown, res: express.Response, _next: unknown) => {
  res.status(503).json({ code: error.code })
})

const server = app.listen(0, '127.0.0.1', () => {
  const wait = setInterval(() => {
    if (log.confirmedAt() === Number.NEGATIVE_INFINITY) return
    clearInterval(wait)
    process.send?.((server.address() as { port: number }).port)
  }, 5)
})

process.on('message', async () => {
  server.close()
  server.closeAllConnections()
  await log.close()
  client.disconnect()
  process.disconnect?.()
})
