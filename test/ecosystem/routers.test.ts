// express.Router and @koa/router: the cache on one route, and what the router says of the request prevents nothing.

import KoaRouter, { type RouterMiddleware } from '@koa/router'
import { createCache } from '@larder/core'
import { expect } from 'chai'
import type { RequestHandler } from 'express'
import { expressOf } from '../doors/express.ts'
import { type App, type Framework, frameworks, type Middleware } from '../doors/frameworks.ts'
import type { KoaMiddleware } from '../doors/koa.ts'
import { serving } from '../doors/stage.ts'
import { express, koa, saidOf } from './site.ts'

/** `GET /api/items/:id` behind the cache, and `GET /api/now` beside it, on a router below a prefix. */
function items(framework: Framework, app: App, caching: Middleware): void {
  let runs = 0
  if (framework.family === 'express') {
    const router = expressOf(framework).Router()
    router.get('/items/:id', caching as unknown as RequestHandler, (req, res) => {
      const page = req.query['page'] ?? '1'
      res.send(`item ${req.params['id']}, page ${String(page)}, of ${req.baseUrl}, run ${++runs}`)
    })
    router.get('/now', (_req, res) => void res.send(`run ${++runs}`))
    app.use(express((req, res, next) => (req.path.startsWith('/api') ? next() : void res.status(404).end())))
    ;(app.native as { use(path: string, router: unknown): void }).use('/api', router)
    return
  }
  const router = new KoaRouter({ prefix: '/api' })
  router.get('item', '/items/:id', caching as unknown as RouterMiddleware, ctx => {
    const page = ctx.query['page'] ?? '1'
    const { routerName, _matchedRoute } = ctx as { routerName?: string; _matchedRoute?: unknown }
    ctx.body = `item ${ctx['params'].id}, page ${page}, of ${routerName} ${_matchedRoute}, run ${++runs}`
  })
  router.get('/now', ctx => {
    ctx.body = `run ${++runs}`
  })
  app.use(koa(router.routes() as unknown as KoaMiddleware), koa(router.allowedMethods() as unknown as KoaMiddleware))
}

for (const framework of frameworks) {
  describe(`${framework.name}: ${framework.family === 'express' ? 'express.Router' : '@koa/router'}`, () => {
    const serve = serving()

    it('the cache on a route stores by what the URL says, and leaves the others alone', async () => {
      const app = framework.app()
      items(framework, app, framework.door.responseCache({ ttl: '1m', cache: createCache() }))
      const { ask } = await serve(app)
      const texts: string[] = []
      for (const target of ['/api/items/1', '/api/items/2', '/api/items/1?page=2']) {
        const miss = await ask(target)
        expect(saidOf(miss), target).to.equal('fwd=uri-miss; stored')
        const hit = await ask(target)
        expect([saidOf(hit), hit.text]).to.deep.equal(['hit', miss.text])
        texts.push(hit.text)
      }
      expect(new Set(texts).size).to.equal(3)
      expect(texts[2]).to.match(/^item 1, page 2, of .*\/api.*, run 3$/)
      for (let turn = 0; turn < 2; turn++) expect(saidOf(await ask('/api/now'))).to.equal('nothing')
      expect((await ask('/api/items/1', { method: 'PUT' })).status).to.be.oneOf([404, 405])
    })
  })
}
