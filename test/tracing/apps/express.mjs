// A service as its users write it: Express in ES modules, with a cache, Redis and no word of OpenTelemetry but tracing().

import { attachCache, createCache, invalidate, responseCache, traceErrors, tracing } from '@larder/express'
import { redisLog, redisStore } from '@larder/redis'
import express from 'express'
import { Redis } from 'ioredis'

const redis = new Redis(process.env.REDIS_URL)
const app = express()
app.set('env', 'test')
const cache = createCache({
  log: redisLog(redis),
  ...(process.env.FAR && { far: redisStore(redis) }),
})
attachCache(app, cache)
app.use(tracing())
app.get('/events/:id', responseCache('1m'), async (req, res) => {
  res.json({ title: await redis.get(`event:${req.params.id}:canary-key`) })
})
app.post('/events', async (req, res) => {
  await redis.set('event:7:canary-key', 'canary-value')
  await invalidate(req, { tags: ['canary-tag'] })
  res.status(204).end()
})
app.get('/broken', async () => {
  await redis.call('NOSUCH', 'canary-value')
})
app.use(traceErrors())
// What is stored before the log is reached for the first time does not outlive that.
const ready = process.env.FAR ? redis.ping() : cache.clear()
ready.then(() => {
  const server = app.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
})
