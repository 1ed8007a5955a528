// cache-manager by hand in a handler of Express: what wrap() answers goes out as JSON. On Redis through Keyv, when there is a port.

import { createServer } from 'node:http'
import { createCache } from 'cache-manager'
import express from 'express'

export default async function make(origin, redisPort) {
  const app = express()
  app.disable('x-powered-by')
  const cache = createCache(redisPort === undefined ? {} : { stores: [await onRedis(redisPort)] })
  app.get('/', async (req, res) => {
    res.json(await cache.wrap(req.originalUrl, async () => origin.json(), 3_600_000))
  })
  return { server: createServer(app), close: () => cache.disconnect() }
}

async function onRedis(port) {
  const { createKeyv } = await import('@keyv/redis')
  return createKeyv(`redis://127.0.0.1:${port}`)
}
