// What most cases of the door suite stand on: a running app with the cache before one handler, a clock, and a client.

import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Cache, createCache } from '@larder/core'
import type { ResponseCacheOptions } from '@larder/core/door'
import { type Answer, type AskOptions, ask, type Call, open } from '../support/http.ts'
import type { Answering, App, Framework, Middleware } from './frameworks.ts'

export interface Client {
  readonly port: number
  ask(target?: string, options?: AskOptions): Promise<Answer>
  open(target?: string, options?: AskOptions): Call
}

/** Serves apps, and closes them after each test of the suite that asked for it. */
export function serving(): (app: App) => Promise<Client> {
  const servers: Server[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.close()
      server.closeAllConnections()
    }
  })
  return async app => {
    const server = app.listen()
    servers.push(server)
    if (!server.listening) await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    return {
      port,
      ask: (target = '/', options) => ask(port, target, options),
      open: (target = '/', options) => open(port, target, options),
    }
  }
}

export interface Clock {
  readonly now: () => number
  advance(seconds: number): void
}

export function createClock(): Clock {
  let ms = Date.now()
  return {
    now: () => ms,
    advance(seconds) {
      ms += seconds * 1000
    },
  }
}

export interface StageOptions {
  /** Layers in front of the cache. */
  readonly before?: readonly Middleware[]
  /** Layers between the cache and the handler. */
  readonly after?: readonly Middleware[]
  /** Options of the cache; its `ttl` is a minute. */
  readonly cache?: Omit<ResponseCacheOptions<never>, 'cache'>
  /** Layers behind the handler, for errors. */
  readonly last?: readonly Middleware[]
}

export interface Stage extends Client {
  readonly clock: Clock
  readonly cache: Cache
  /** How often the handler has begun. */
  runs(): number
}

/** Sets up an app whose one handler answers every request, behind the cache. */
export async function stage(
  serve: (app: App) => Promise<Client>,
  framework: Framework,
  answer: Answering,
  { before = [], after = [], cache: options, last = [] }: StageOptions = {},
): Promise<Stage> {
  const clock = createClock()
  const cache = createCache({ now: clock.now })
  const app = framework.app()
  let runs = 0
  const handler = framework.handler(asked => {
    runs++
    return answer(asked)
  })
  const caching = framework.door.responseCache({ ttl: '1m', ...options, cache })
  app.use(...before, caching, ...after, handler, ...last)
  return { ...(await serve(app)), clock, cache, runs: () => runs }
}

/** What this cache said of a request: `hit`, or the reason why it went to the handler with the rest of what it said. */
export function said(answer: Answer): string {
  const status = answer.header('cache-status') ?? 'nothing'
  return status.replace(/^larder; /, '').replace(/; ttl=-?\d+/, '')
}
