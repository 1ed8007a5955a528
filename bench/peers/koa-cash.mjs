// koa-cash over lru-cache in Koa, by its README.

import { createServer } from 'node:http'
import Koa from 'koa'
import koaCash from 'koa-cash'
import { LRUCache } from 'lru-cache'

export default function make(origin) {
  const cache = new LRUCache({ max: 20_000 })
  const app = new Koa()
  app.use(koaCash({ get: key => cache.get(key), set: (key, value) => cache.set(key, value) }))
  app.use(async ctx => {
    if (await ctx.cashed()) return
    ctx.body = await origin.json()
  })
  return { server: createServer(app.callback()) }
}
