// A service in which secrets go every way that they can go: URLs, fields, Redis commands and their errors, keys, tags, patterns.

import { get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { attachCache, createCache, invalidate, responseCache, tag, traceErrors, tracing } from '@larder/express'
import { startTracing } from '@larder/tracing'
import express from 'express'
import { Redis } from 'ioredis'

// It runs already: node was told to --import it.
const telemetry = startTracing()
const redis = new Redis(process.env['REDIS_URL']!)
const cache = createCache({ name: 'pages' })
const app = express()
app.set('env', 'test')
attachCache(app, cache)
app.get('/metrics', telemetry.metrics)
app.use(tracing())

app.get('/items/:id', responseCache('1m'), (req, res) => {
  tag(req, 'canary-tag')
  res.json({ id: req.params.id, value: 'canary-body' })
})
app.get('/commands', async (_req, res) => {
  await redis.set('canary-key', 'canary-value', 'EX', 60)
  await redis.mget('canary-key', 'canary-key-2')
  await redis.hset('canary-hash', 'canary-field', 'canary-value')
  await redis.eval('return redis.call("get", KEYS[1]) -- canary-script', 1, 'canary-key')
  await redis.pipeline().get('canary-key').incr('canary-counter').exec()
  await redis.multi().set('canary-key', 'canary-value').exec()
  res.json({})
})
for (const [path, command] of [
  ['/unknown', () => redis.call('NOSUCH', 'canary-value')],
  ['/auth', () => redis.call('AUTH', 'canary-user', 'canary-password')],
  ['/wrong-type', () => redis.lpush('canary-key', 'canary-value')],
  ['/script', () => redis.eval('return redis.error_reply("MINE canary-value")', 0)],
  ['/hello', () => redis.call('HELLO', '9', 'AUTH', 'canary-user', 'canary-password')],
] as const)
  app.get(path, async (_req, res) => {
    res.json(await command())
  })
app.get('/data', async (req, res) => {
  await cache.set('canary-key', { secret: 'canary-value' }, { ttl: 60, tags: ['canary-tag'] })
  await cache.get('canary-key')
  await cache.getOrSet('canary-other', () => 'canary-value', 60)
  await invalidate(req, { tags: ['canary-tag'] })
  await cache.invalidatePattern('canary*')
  res.json({})
})
app.get('/outgoing', (req, res) => {
  const { port } = req.socket.address() as AddressInfo
  const url = `http://canary-user:canary-password@127.0.0.1:${port}/items/canary-path?token=canary-token`
  get(url, answer => answer.resume().once('end', () => res.json({})))
})
app.use(traceErrors())

const server = app.listen(0, '127.0.0.1', () => process.send!({ port: (server.address() as AddressInfo).port }))
process.once('message', async () => {
  await telemetry.shutdown()
  process.exit()
})
