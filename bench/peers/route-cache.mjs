// route-cache in Express, by its README.

import { createServer } from 'node:http'
import express from 'express'
import routeCache from 'route-cache'

export default function make(origin) {
  const app = express()
  app.disable('x-powered-by')
  app.get('/', routeCache.cacheSeconds(3600), async (_req, res) => {
    res.json(await origin.json())
  })
  return { server: createServer(app) }
}
