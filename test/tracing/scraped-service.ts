// A process that Prometheus scrapes: Express or Koa with a cache and /metrics.

import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { prometheus, startTracing } from '@larder/tracing'

const telemetry = startTracing({ exporters: [prometheus()] })
const server = process.argv[2] === 'koa' ? await koaServer() : await expressServer()
server.once('listening', () => process.send!({ port: (server.address() as AddressInfo).port }))

async function expressServer(): Promise<Server> {
  const { responseCache } = await import('@larder/express')
  const { default: express } = await import('express')
  const app = express()
  app.get('/metrics', telemetry.metrics)
  app.get('/events', responseCache('1h'), (_req, res) => {
    res.json({ events: ['Chess in the park'] })
  })
  return app.listen(0, '127.0.0.1')
}

async function koaServer(): Promise<Server> {
  const { responseCache } = await import('@larder/koa')
  const { default: Koa } = await import('koa')
  const { default: Router } = await import('@koa/router')
  const router = new Router()
  router.get('/metrics', telemetry.metrics)
  router.get('/events', responseCache('1h') as never, ctx => {
    ctx.body = { events: ['Chess in the park'] }
  })
  return new Koa().use(router.routes()).listen(0, '127.0.0.1')
}
