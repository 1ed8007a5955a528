// Some nodes of a site in one process: each an Express app with a cache, a client and a port of its own. REDIS_URL names the server.

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { attachCache, type Cache, createCache, responseCache } from '@larder/express'
import { connectRedis, redisStore } from '@larder/redis'
import express from 'express'
import { serve } from '../support/child.ts'

const url = process.env['REDIS_URL'] as string
/** Counts the runs of all processes: each of them has its number. */
const counter = connectRedis({ url, keyPrefix: '' })
const caches: Cache[] = []

/** However slow the machine is, nobody goes on without the far tier, or without the one who fills. */
const patient = { farDeadline: '10s', waitTimeout: '30s', coherenceBound: '1m' } as const
const waits = { collapseTimeout: '30s' } as const
/** As long as a run may take, and as its lease holds. */
const HOLD = '1s'

async function open(): Promise<number> {
  const cache = createCache({ far: redisStore(connectRedis({ url })), ...patient })
  caches.push(cache)
  const app = express()
  attachCache(app, cache)
  app.get('/cold/:id', responseCache({ ttl: '10m', ...waits }), async (req, res) => {
    const run = await counter.incr(`runs:${req.path}`)
    await sleep(50)
    res.json({ run, path: req.path })
  })
  app.get('/aging/:id', responseCache({ staleWhileRevalidate: '10m', ...waits }), async (req, res) => {
    const run = await counter.incr(`runs:${req.path}`)
    if (run > 1) await sleep(200)
    res.set('Cache-Control', `public, max-age=${run === 1 ? 2 : 600}`).json({ run })
  })
  // The run that is named never ends.
  app.get(
    '/hanging/:id',
    responseCache({ staleWhileRevalidate: '10m', fillTimeout: HOLD, ...waits }),
    async (req, res) => {
      const run = await counter.incr(`runs:${req.path}`)
      if (run === Number(req.query['hangs'])) return
      res.set('Cache-Control', `public, max-age=${run === 1 ? 2 : 600}`).json({ run })
    },
  )
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // Before that it has not the epoch of the others, and shares nothing with them.
  while (cache.getMetrics().farSets === 0) {
    await cache.invalidateTags(['ready']).then(
      () => cache.set(`ready:${process.pid}`, 1),
      () => sleep(5),
    )
  }
  return (server.address() as AddressInfo).port
}

serve({
  open: (howMany: number) => Promise.all(Array.from({ length: howMany }, open)),
  /** Every node wants each of these keys so many times, all at once. */
  async want(keys: readonly string[], times: number) {
    const fill = async (key: string) => {
      const run = await counter.incr(`runs:${key}`)
      await sleep(50)
      return run
    }
    const wanted = caches.flatMap(cache =>
      Array.from({ length: times }, () => keys.map(key => cache.getOrSet(key, () => fill(key)))).flat(),
    )
    return new Set(await Promise.all(wanted))
  },
})
