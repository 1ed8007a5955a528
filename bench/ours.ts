// Larder and the frameworks under it, as courses of a race.

import { createServer as createNodeServer } from 'node:http'
import { type CacheOptions, createCache, createServer, responseCache as expressCache } from '@larder/express'
import { responseCache as koaCache } from '@larder/koa'
import express, { type RequestHandler } from 'express'
import Koa, { type Middleware } from 'koa'
import { createOrigin, KB } from './origin.ts'
import type { Course } from './race.ts'

/** node:http with headers and a Buffer that are made beforehand: the limit for all. */
export function raw(items = KB): Course {
  const { body, headers } = createOrigin(items)
  return { server: createNodeServer((_req, res) => res.writeHead(200, headers).end(body)) }
}

export function expressApp(...handlers: readonly RequestHandler[]) {
  const app = express()
  app.disable('x-powered-by')
  app.use(...handlers)
  return app
}

export interface OurOptions {
  readonly items?: number
  readonly cache?: CacheOptions
  /** The server of Node, or the fast one. @default 'fast' */
  readonly server?: 'plain' | 'fast'
  /** Layers between the cache and the handler. */
  readonly inner?: readonly RequestHandler[]
  /** Layers in front of the cache, in Koa. */
  readonly outer?: readonly Middleware[]
  /** A layer in front of the cache, in Express. */
  readonly outerExpress?: RequestHandler
}

/** A cache in Express, in front of a handler that answers JSON. */
export function larderExpress(options: OurOptions = {}): Course {
  const { items = KB, cache = {}, server = 'fast', inner = [], outerExpress } = options
  const origin = createOrigin(items)
  const made = createCache(cache)
  const outer = outerExpress === undefined ? [] : [outerExpress]
  const layer = expressCache({ ttl: '1h', cache: made })
  const app = expressApp(...outer, layer, ...inner, (_req, res) => void res.json(origin.json()))
  return {
    server: server === 'fast' ? createServer(app) : createNodeServer(app),
    runs: origin.runs,
    close: () => made.close(),
  }
}

/** The same handler without a cache. */
export function bareExpress({ items = KB, server = 'fast', inner = [] }: OurOptions = {}): Course {
  const origin = createOrigin(items)
  const app = expressApp(...inner, (_req, res) => void res.json(origin.json()))
  return { server: server === 'fast' ? createServer(app) : createNodeServer(app) }
}

export function larderKoa({ items = KB, cache = {}, outer = [] }: OurOptions = {}): Course {
  const origin = createOrigin(items)
  const made = createCache(cache)
  return {
    ...koa(...outer, koaCache({ ttl: '1h', cache: made }), ctx => {
      ctx.body = origin.json()
    }),
    runs: origin.runs,
    close: () => made.close(),
  }
}

export function bareKoa({ items = KB }: OurOptions = {}): Course {
  const origin = createOrigin(items)
  return koa(ctx => {
    ctx.body = origin.json()
  })
}

export function koa(...layers: readonly Middleware[]): Course {
  const app = new Koa()
  for (const layer of layers) app.use(layer)
  return { server: createNodeServer(app.callback()) }
}
