// bentocache by hand in a handler of Express: what getOrSet() answers goes out as JSON. On Redis alone, when there is a port.

import { createServer } from 'node:http'
import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import express from 'express'

export default async function make(origin, redisPort) {
  const app = express()
  app.disable('x-powered-by')
  const store =
    redisPort === undefined
      ? bentostore().useL1Layer(memoryDriver({ maxSize: '64mb', maxItems: 20_000 }))
      : bentostore().useL2Layer(await redis(redisPort))
  const cache = new BentoCache({ default: 'store', stores: { store } })
  app.get('/', async (req, res) => {
    const key = req.originalUrl.replaceAll(':', '_')
    res.json(await cache.getOrSet({ key, ttl: '1h', factory: () => origin.json() }))
  })
  return { server: createServer(app), close: () => cache.disconnectAll() }
}

async function redis(port) {
  const { redisDriver } = await import('bentocache/drivers/redis')
  return redisDriver({ connection: { host: '127.0.0.1', port } })
}
