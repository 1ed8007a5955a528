// The same service on Koa, in ES modules.

import Router from '@koa/router'
import { attachCache, createCache, invalidate, responseCache, tracing } from '@larder/koa'
import { redisLog } from '@larder/redis'
import { Redis } from 'ioredis'
import Koa from 'koa'

const redis = new Redis(process.env.REDIS_URL)
const app = new Koa()
const router = new Router()
const cache = createCache({ log: redisLog(redis) })
attachCache(app, cache)
app.silent = true
app.use(tracing())
router.get('/events/:id', responseCache('1m'), async ctx => {
  ctx.body = { title: await redis.get(`event:${ctx.params.id}:canary-key`) }
})
router.post('/events', async ctx => {
  await redis.set('event:7:canary-key', 'canary-value')
  await invalidate(ctx, { tags: ['canary-tag'] })
  ctx.status = 204
})
router.get('/broken', async () => {
  await redis.call('NOSUCH', 'canary-value')
})
app.use(router.routes())
// What is stored before the log is reached for the first time does not outlive that.
cache.clear().then(() => {
  const server = app.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
})
