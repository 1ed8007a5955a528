// explain(): which rule decides, what the key covers, which invalidation killed the entry. On both doors.

import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createCache } from '@larder/core'
import * as expressDoor from '@larder/express'
import * as koaDoor from '@larder/koa'
import { expect } from 'chai'
import express from 'express'
import Koa from 'koa'

type Cache = ReturnType<typeof createCache>
type Options = Omit<expressDoor.ExpressResponseCacheOptions & koaDoor.KoaResponseCacheOptions, 'explain'>

/** An app that answers `X-Explain: 1` with what it would do, and everything else with a page. */
const doors: Readonly<Record<string, (options: Options) => Server>> = {
  Express(options) {
    const app = express()
    const cached = expressDoor.responseCache({ ...options, explain: req => req.get('X-Debug') === 'yes' })
    app.use((req, res, next) => {
      if (req.get('X-Explain') === undefined) return next()
      cached.explain(req).then(explanation => res.json(explanation))
    })
    app.use(cached, (_req, res) => void res.set('Vary', 'Accept-Language').send('page'))
    return app.listen(0)
  },
  Koa(options) {
    const app = new Koa()
    const cached = koaDoor.responseCache({ ...options, explain: ctx => ctx.get('X-Debug') === 'yes' })
    app.use(async (ctx, next) => {
      if (ctx.get('X-Explain') === '') return next()
      ctx.body = await cached.explain(ctx)
    })
    app.use(cached)
    app.use(ctx => {
      ctx.set('Vary', 'Accept-Language')
      ctx.body = 'page'
    })
    return app.listen(0)
  },
}

for (const [door, make] of Object.entries(doors)) {
  describe(`explain on ${door}`, () => {
    let now = 1_800_000_000_000
    let cache: Cache
    let server: Server
    beforeEach(() => {
      cache = createCache({ now: () => now })
      server = make({ cache, ttl: 60, staleWhileRevalidate: 30, tags: ['pages', 'news'] })
    })
    afterEach(() => server.close())

    const ask = async (headers: Record<string, string> = {}) => {
      const { port } = server.address() as AddressInfo
      return fetch(`http://127.0.0.1:${port}/page?a=1`, { headers })
    }
    const explain = async (headers: Record<string, string> = {}) =>
      (await ask({ ...headers, 'X-Explain': '1' })).json() as Promise<Record<string, unknown>>

    it('says that nothing is stored, and what the key would cover', async () => {
      const explanation = await explain()
      expect(explanation).to.include({ action: 'forward', reason: 'uri-miss', rule: 'nothing is stored for it' })
      const { port } = server.address() as AddressInfo
      const origin = `http://127.0.0.1:${port}`
      expect(explanation['key']).to.deep.equal({
        origin,
        target: '/page?a=1',
        text: `${origin}/page?a=1`,
        variantBy: [],
      })
      expect(cache.getMetrics()).to.include({ misses: 0, hits: 0 })
    })

    it('says what is stored, and by which section it is served', async () => {
      await ask()
      now += 10_000
      const explanation = await explain()
      expect(explanation).to.include({ action: 'serve', rule: 'RFC 9111 §4.2: fresh' })
      expect(explanation['stored']).to.deep.equal({
        ageSeconds: 10,
        freshnessLifetimeSeconds: 60,
        freshnessSource: 'ttl',
        staleWhileRevalidateSeconds: 30,
        staleIfErrorSeconds: 0,
        shareable: false,
        tags: ['pages', 'news'],
      })
      expect((explanation['key'] as { variantBy: string[] }).variantBy).to.deep.equal(['accept-language'])
      now += 60_000
      expect(await explain()).to.include({
        action: 'serve-and-refresh',
        rule: 'RFC 5861 §3: stale while it is refreshed',
      })
      now += 60_000
      const late = await explain()
      // Express gives its responses a validator, Koa does not.
      expect(late['action']).to.equal(door === 'Express' ? 'validate' : 'forward')
      expect(late).to.include({ reason: 'stale' })
    })

    it('names the invalidation that killed an entry', async () => {
      await ask()
      await cache.invalidateTags(['news'])
      const explanation = await explain()
      expect(explanation).to.include({ action: 'forward', reason: 'invalidated', rule: 'invalidated' })
      expect(explanation['invalidatedBy']).to.deep.equal({ kind: 'name', name: 't:news', soft: false })
      await ask()
      await cache.invalidatePattern('/page*')
      expect((await explain())['invalidatedBy']).to.deep.equal({ kind: 'pattern', pattern: '/page*', soft: false })
    })

    it('names the wall, another variant, and what passes by', async () => {
      await ask()
      expect(await explain({ Cookie: 'sid=1' })).to.include({ action: 'forward', reason: 'credentials', guarded: true })
      expect(await explain({ 'Accept-Language': 'fr' })).to.include({ action: 'forward', reason: 'vary-miss' })
      expect(await explain({ 'X-HTTP-Method-Override': 'PUT' })).to.include({ action: 'bypass', reason: 'override' })
    })

    it('is in a field of the response where the option says so, on misses and hits, and never stored', async () => {
      const field = async (debug: string) => (await ask({ 'X-Debug': debug })).headers.get('Larder-Explain')
      expect(await field('no')).to.equal(null)
      expect(JSON.parse((await field('yes'))!)).to.include({ action: 'serve' })
      await cache.invalidateTags(['pages'])
      expect(JSON.parse((await field('yes'))!)).to.include({ action: 'forward', reason: 'invalidated' })
      expect(await field('no')).to.equal(null)
    })
  })
}
