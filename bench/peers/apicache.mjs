// apicache in Express, by its README.

import { createServer } from 'node:http'
import apicache from 'apicache'
import express from 'express'

export default function make(origin) {
  const app = express()
  app.disable('x-powered-by')
  const cache = apicache.middleware
  app.get('/', cache('1 hour'), async (_req, res) => {
    res.json(await origin.json())
  })
  return { server: createServer(app) }
}
