// express-expeditious in Express, by its README.

import { createServer } from 'node:http'
import express from 'express'
import getExpeditiousCache from 'express-expeditious'

export default function make(origin) {
  const app = express()
  app.disable('x-powered-by')
  const cache = getExpeditiousCache({ namespace: 'bench', defaultTtl: '1 hour' })
  app.get('/', cache, async (_req, res) => {
    res.json(await origin.json())
  })
  return { server: createServer(app) }
}
