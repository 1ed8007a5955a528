// The application of the service that is traced: loaded when tracing has started.

import { createServer, responseCache, tracing } from '@larder/express'
import type { Wiring } from '@larder/service'
import express from 'express'

export function makeServer({ cache }: Wiring) {
  const app = express()
  app.use(tracing())
  app.get('/events/:id', responseCache({ cache, ttl: '1m' }), (req, res) => void res.json({ id: req.params.id }))
  return createServer(app)
}
