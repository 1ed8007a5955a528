// A site behind the cache, for Express and for Koa: items that take 5 ms to make, and say which they are and when their making began.

import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import * as forExpress from '@larder/express'
import * as forKoa from '@larder/koa'
import express from 'express'
import Koa from 'koa'

export interface SiteConfig {
  readonly framework: 'express' | 'koa'
  readonly bodyBytes: number
  /** How long an item is fresh, in seconds. */
  readonly ttl: number
}

export interface Site {
  readonly listener: (req: never, res: never) => unknown
  /** How often the handler ran, by item. */
  readonly runs: ReadonlyMap<string, number>
}

const HANDLER_MS = 5
/** The path of an item that takes longer: `/item/slow-…`. */
const SLOW_MS = 1000

/** By one clock for all processes of the machine. */
export const now = (): number => performance.timeOrigin + performance.now()

export function createSite(cache: forExpress.Cache, config: SiteConfig): Site {
  const { framework, bodyBytes, ttl } = config
  const runs = new Map<string, number>()
  const pad = 'x'.repeat(bodyBytes)

  async function make(id: string): Promise<string> {
    runs.set(id, (runs.get(id) ?? 0) + 1)
    const startedAt = now()
    await sleep(id.startsWith('slow-') ? SLOW_MS : HANDLER_MS)
    return JSON.stringify({ id, startedAt, pad })
  }
  const tagsOf = (path: string): string[] => ['items', `item:${path.split('/').at(-1)}`]

  if (framework === 'express') {
    const app = express()
    forExpress.attachCache(app, cache)
    app.use('/health', forExpress.cacheHealth())
    const cached = forExpress.responseCache({ ttl, tags: req => tagsOf(req.path) })
    app.get('/item/:id', cached, async (req, res) => {
      res.type('json').send(await make(String(req.params['id'])))
    })
    return { listener: app as never, runs }
  }
  const app = new Koa()
  forKoa.attachCache(app, cache)
  app.use(forKoa.cacheHealth({ path: '/health' }))
  app.use(forKoa.responseCache({ ttl, tags: ctx => tagsOf(ctx.path) }))
  app.use(async ctx => {
    ctx.type = 'json'
    ctx.body = await make(ctx.path.split('/').at(-1)!)
  })
  return { listener: app.callback() as never, runs }
}
