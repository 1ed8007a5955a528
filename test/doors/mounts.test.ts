// Where a cache can stand: on a route, in front of everything, twice, below a prefix, in several apps of one process.

import { createCache } from '@larder/core'
import { expect } from 'chai'
import type express5 from 'express'
import { type Express, express4Framework, express5Framework, expressOf } from './express.ts'
import { frameworks, type Middleware } from './frameworks.ts'
import { createClock, said, serving } from './stage.ts'

for (const framework of frameworks) {
  describe(`${framework.name}: where a cache can stand`, () => {
    const serve = serving()
    const { responseCache, attachCache, cacheOf } = framework.door

    /** Answers how often it has run. */
    function counter(): Middleware {
      let runs = 0
      return framework.handler(asked => ({ body: `${asked.target} ${++runs}` }))
    }

    for (const ttl of ['1m', 60, '60s'] as const) {
      it(`on a route: responseCache(${JSON.stringify(ttl)})`, async () => {
        const app = framework.app()
        app.get('/x', responseCache(ttl), counter())
        app.get('/y', counter())
        const { ask } = await serve(app)
        expect(said(await ask('/x'))).to.equal('fwd=uri-miss; stored')
        expect((await ask('/x')).header('cache-status')).to.match(/^larder; hit; ttl=(59|60)$/)
        expect((await ask('/x')).text).to.equal('/x 1')
        expect(said(await ask('/y'))).to.equal('nothing')
      })
    }

    it('in front of everything', async () => {
      const app = framework.app()
      app.use(responseCache('1m'))
      app.get('/x', counter())
      app.get('/y', counter())
      const { ask } = await serve(app)
      for (const target of ['/x', '/y', '/x', '/y', '/x?a=1']) await ask(target)
      expect([(await ask('/x')).text, (await ask('/y')).text]).to.deep.equal(['/x 1', '/y 1'])
      expect((await ask('/x?a=1')).text).to.equal('/x?a=1 2')
    })

    it('without a ttl it keeps what says so itself', async () => {
      const app = framework.app()
      app.use(responseCache())
      app.get(
        '/says',
        framework.setting(() => ({ 'Cache-Control': 'max-age=60' })),
        counter(),
      )
      app.get('/says-nothing', counter())
      const { ask } = await serve(app)
      await ask('/says')
      expect(said(await ask('/says'))).to.equal('hit')
      expect(said(await ask('/says-nothing'))).to.equal('fwd=uri-miss; detail=no-freshness')
    })

    it('twice over one cache: the inner one decides', async () => {
      const clock = createClock()
      const cache = createCache({ now: clock.now })
      const app = framework.app()
      app.use(responseCache({ cache, ttl: '1m' }))
      app.get('/x', responseCache({ cache, ttl: '10s' }), counter())
      app.get('/skipped', responseCache({ cache, ttl: '10s', skip: () => true }), counter())
      app.get('/outer', counter())
      const { ask } = await serve(app)
      for (const target of ['/x', '/skipped', '/outer']) await ask(target)
      expect((await ask('/x')).header('cache-status')).to.equal('larder; hit; ttl=10')
      expect((await ask('/outer')).header('cache-status')).to.equal('larder; hit; ttl=60')
      expect((await ask('/skipped')).text).to.equal('/skipped 2')
      clock.advance(11)
      expect((await ask('/x')).text).to.equal('/x 2')
      expect((await ask('/outer')).text).to.equal('/outer 1')
      expect((await ask('/x')).text).to.equal('/x 2')
    })

    it('twice over one cache: many at once do not wait for each other for ever', async () => {
      const cache = createCache()
      const app = framework.app()
      app.use(responseCache({ cache, ttl: '1m' }), responseCache({ cache, ttl: '1m' }))
      app.get('/x', counter())
      const { ask } = await serve(app)
      const answers = await Promise.all(Array.from({ length: 5 }, () => ask('/x', { waitMs: 1500 })))
      expect(new Set(answers.map(answer => answer.status))).to.deep.equal(new Set([200]))
      expect(said(await ask('/x'))).to.equal('hit')
    })

    it('twice over one cache: a refresh behind reaches the handler', async () => {
      const clock = createClock()
      const cache = createCache({ now: clock.now })
      const app = framework.app()
      const options = { cache, ttl: '1m', staleWhileRevalidate: '1m' } as const
      app.use(responseCache(options))
      app.get('/x', responseCache(options), counter())
      const { ask } = await serve(app)
      await ask('/x')
      clock.advance(61)
      expect((await ask('/x')).text).to.equal('/x 1')
      let answer = await ask('/x')
      while (answer.text === '/x 1') answer = await ask('/x')
      expect([answer.text, said(answer)]).to.deep.equal(['/x 2', 'hit'])
    })

    it('twice over two caches', async () => {
      const app = framework.app()
      const inner = createCache()
      app.use(responseCache({ cache: createCache(), ttl: '1m' }), responseCache({ cache: inner, ttl: '1m' }))
      app.get('/x', counter())
      const { ask } = await serve(app)
      const miss = await ask('/x')
      expect(miss.header('cache-status')).to.match(
        /^larder; fwd=uri-miss; stored; ttl=60, larder; fwd=uri-miss; stored/,
      )
      expect((await ask('/x')).text).to.equal('/x 1')
      expect(inner.getMetrics().entries).to.equal(1)
    })

    it('behind a layer that tags, in front of a handler that does', async () => {
      const cache = createCache()
      const app = framework.app()
      attachCache(app.native, cache)
      const tagging = (name: string) =>
        ((subject: never, second: unknown, third: unknown) => {
          framework.door.tag(subject, name)
          return ((framework.family === 'koa' ? second : third) as () => unknown)()
        }) as Middleware
      app.use(tagging('outer'), responseCache('1m'), tagging('inner'), counter())
      const { ask } = await serve(app)
      for (const name of ['outer', 'inner']) {
        await ask('/x')
        expect(said(await ask('/x'))).to.equal('hit')
        await cache.invalidateTags([name])
        expect(said(await ask('/x'))).to.equal('fwd=uri-miss; stored; detail=invalidated')
      }
    })

    it('below a prefix: routers with the same routes are apart', async () => {
      const app = framework.app()
      const cache = createCache()
      for (const prefix of ['/a', '/b']) {
        app.mount(prefix, router => router.get('/x', responseCache({ cache, ttl: '1m' }), counter()))
      }
      app.mount('/c', router => router.get('/x', counter()), responseCache({ cache, ttl: '1m' }))
      const { ask } = await serve(app)
      for (const target of ['/a/x', '/b/x', '/c/x']) {
        expect((await ask(target)).text).to.equal(`${target} 1`)
        const hit = await ask(target)
        expect([said(hit), hit.text]).to.deep.equal(['hit', `${target} 1`])
      }
    })

    it('in two apps of one process, each with its own cache', async () => {
      const apps = [framework.app(), framework.app()]
      for (const app of apps) app.get('/x', responseCache('1m'), counter())
      const [one, two] = await Promise.all(apps.map(serve))
      await one!.ask('/x')
      expect(said(await two!.ask('/x'))).to.equal('fwd=uri-miss; stored')
      expect(said(await one!.ask('/x'))).to.equal('hit')
    })

    it('in two apps that one cache was attached to', async () => {
      const cache = createCache()
      const apps = [framework.app(), framework.app()]
      for (const app of apps) {
        attachCache(app.native, cache)
        app.get('/x', responseCache('1m'), counter())
      }
      const [one, two] = await Promise.all(apps.map(serve))
      await one!.ask('/x')
      expect(said(await two!.ask('/x'))).to.equal('hit')
      expect(cache.getMetrics().entries).to.equal(1)
    })

    it('cacheOf is the attached one', async () => {
      const cache = createCache()
      const app = framework.app()
      attachCache(app.native, cache)
      app.use(framework.handler(({ subject }) => ({ body: String(cacheOf(subject) === cache) })))
      expect((await (await serve(app)).ask()).text).to.equal('true')
    })
  })
}

for (const framework of [express5Framework, express4Framework]) {
  describe(`${framework.name}: an app in an app`, () => {
    const serve = serving()

    it('has the cache of the outer one', async () => {
      const express: Express = expressOf(framework)
      const cache = createCache()
      const outer = framework.app()
      framework.door.attachCache(outer.native, cache)
      const inner = express()
      inner.get('/x', framework.door.responseCache('1m') as express5.RequestHandler, (req, res) => {
        res.json([req.originalUrl, framework.door.cacheOf(req as never) === cache])
      })
      const middle = express()
      middle.use('/inner', inner)
      ;(outer.native as express5.Application).use('/middle', middle)
      const { ask } = await serve(outer)
      expect((await ask('/middle/inner/x')).text).to.equal('["/middle/inner/x",true]')
      expect(said(await ask('/middle/inner/x'))).to.equal('hit')
      expect(cache.getMetrics().entries).to.equal(1)
    })
  })
}
