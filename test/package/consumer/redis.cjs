// An Express application in CommonJS whose invalidation log is on Redis, started while there is none: it caches all the same.

const { once } = require('node:events')
const express = require('express')
const { attachCache, cacheHealth, createCache, responseCache } = require('@larder/express')

module.exports = ({ connectRedis, redisLog }) => {
  let runs = 0
  // Nobody listens on port 1.
  const client = connectRedis({ port: 1 })
  const log = redisLog(client)
  const app = express()
  attachCache(app, createCache({ log }))
  app.use('/health', cacheHealth())
  app.get('/events', responseCache('5m'), (_req, res) => res.json({ runs: ++runs }))
  const server = app.listen(0)
  once(server, 'close').then(async () => {
    await log.close()
    client.disconnect()
  })
  return server
}
