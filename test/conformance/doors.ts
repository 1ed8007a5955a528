// An application for each door: the cache in front, and behind it a handler that forwards to the suite's origin.

import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { responseCache as expressCache } from '@larder/express'
import { responseCache as koaCache } from '@larder/koa'
import express from 'express'
import Koa from 'koa'
import { expressProxy, koaProxy } from './proxy.ts'

const preset = 'rfc9111'

export const doors: Readonly<Record<string, (originPort: number) => RequestListener>> = {
  express(originPort) {
    const app = express()
    app.disable('x-powered-by')
    app.use(expressCache({ preset }))
    app.use(expressProxy(originPort))
    return app
  },

  koa(originPort) {
    const app = new Koa()
    // What the origin breaks off is no fault of the application's.
    app.silent = true
    app.use(koaCache({ preset }))
    app.use(koaProxy(originPort))
    return app.callback()
  },
}

export interface Listening {
  readonly base: string
  close(): Promise<void>
}

export async function listen(listener: RequestListener): Promise<Listening> {
  const server = createServer(listener)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
