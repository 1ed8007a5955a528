// The same service on Koa, in CommonJS.

const Router = require('@koa/router')
const { attachCache, createCache, invalidate, responseCache, tracing } = require('@larder/koa')
const { redisLog, redisStore } = require('@larder/redis')
const { Redis } = require('ioredis')
const Koa = require('koa')

const redis = new Redis(process.env.REDIS_URL)
const app = new Koa()
const router = new Router()
const cache = createCache({
  log: redisLog(redis),
  ...(process.env.FAR && { far: redisStore(redis) }),
})
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
const ready = process.env.FAR ? redis.ping() : cache.clear()
ready.then(() => {
  const server = app.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
})
