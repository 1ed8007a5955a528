// What the engine's tests over Express stand on: an app on a port, barriers, and a count of those who have come in.

import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CacheOptions, createCache } from '@larder/express'
import express, { type Express } from 'express'
import { type Answer, type AskOptions, ask, type Call, open } from '../support/http.ts'

export interface Stage {
  readonly app: Express
  readonly cache: ReturnType<typeof createCache>
  /** Move the cache's clock. */
  advance(seconds: number): void
  ask(target?: string, options?: AskOptions): Promise<Answer>
  open(target?: string, options?: AskOptions): Call
  /** Resolves when so many requests have reached the app since it was made, replays included. */
  arrived(count: number): Promise<void>
}

/** Makes apps that listen, and closes them after each test. */
export function stages(): (mount: (app: Express, stage: Stage) => void, options?: CacheOptions) => Promise<Stage> {
  const servers: Server[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.close()
      server.closeAllConnections()
    }
  })
  return async (mount, options) => {
    let ms = Date.now()
    const cache = createCache({ now: () => ms, ...options })
    const app = express()
    const server = createServer(app)
    servers.push(server)
    let count = 0
    app.use((_req, _res, next) => {
      count++
      next()
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const stage: Stage = {
      app,
      cache,
      advance: seconds => {
        ms += seconds * 1000
      },
      ask: (target = '/', options) => ask(port, target, options),
      open: (target = '/', options) => open(port, target, options),
      arrived: wanted => until(() => count >= wanted),
    }
    mount(app, stage)
    // Express tells an error handler by its four parameters.
    app.use((error: Error, _req: express.Request, res: express.Response, _next: express.NextFunction) => {
      if (res.headersSent) res.destroy()
      else res.status(500).end(error.message)
    })
    return stage
  }
}

/** Asked again whenever the event loop has turned; fails after two seconds. */
export async function until(ready: () => boolean): Promise<void> {
  const end = Date.now() + 2000
  while (!ready()) {
    if (Date.now() > end) throw new Error('waited too long')
    await new Promise(resolve => setTimeout(resolve, 1))
  }
}

/** Closed until it is opened. */
export function gate() {
  let open!: () => void
  const passed = new Promise<void>(resolve => {
    open = resolve
  })
  return { passed, open }
}

/** The `Cache-Status` without what changes with the time. */
export function told(answer: Answer): string {
  return (answer.header('cache-status') ?? '').replace(/^larder; /, '').replace(/; ttl=-?\d+/, '')
}
