// cacheHealth(): liveness, readiness and detail, from memory alone, without a secret.

import { createCache } from '@larder/core'
import { expect } from 'chai'
import { frameworks } from './frameworks.ts'
import { serving } from './stage.ts'

for (const framework of frameworks) {
  describe(`${framework.name}: cacheHealth()`, () => {
    const serve = serving()
    const { cacheHealth, responseCache, attachCache } = framework.door

    async function site(base = '/health', options?: { path: string }) {
      const cache = createCache()
      const app = framework.app()
      attachCache(app.native, cache)
      // In Express it counts from its mount, in Koa from the root.
      if (framework.family === 'koa') app.use(cacheHealth(options))
      else app.mount(base, () => {}, cacheHealth(options))
      app.use(
        responseCache({ ttl: '1m', tags: ['tag-canary'] }),
        framework.handler(({ target }) => ({ body: `page ${target}` })),
      )
      return { ...(await serve(app)), cache }
    }

    it('live and ready while the cache is open; live but not ready once it is closed', async () => {
      const { ask, cache } = await site()
      for (const path of ['/health/live', '/health/ready']) {
        const answer = await ask(path)
        expect([answer.status, JSON.parse(answer.text)]).to.deep.equal([200, { status: 'pass' }])
        expect(answer.header('content-type')).to.equal('application/health+json')
        expect(answer.header('cache-control')).to.equal('no-store')
      }
      await cache.close()
      expect((await ask('/health/live')).status).to.equal(200)
      const ready = await ask('/health/ready')
      expect([ready.status, JSON.parse(ready.text)]).to.deep.equal([503, { status: 'fail' }])
    })

    it('tells entries, mode and hit ratio', async () => {
      const { ask } = await site()
      await ask('/page-canary')
      await ask('/page-canary')
      const detail = JSON.parse((await ask('/health')).text)
      const [memory] = detail.checks['cache:memory']
      expect(detail.status).to.equal('pass')
      expect(memory).to.include({ status: 'pass', entries: 1, mode: 'on', hitRatio: 0.5, fillsUnderWay: 0 })
    })

    it('tells no key, target, tag or host', async () => {
      const { ask } = await site()
      await ask('/page-canary?token=canary', { headers: { Host: 'canary.example' } })
      expect((await ask('/health')).text).not.to.include('canary')
    })

    it('is never kept, though a cache stands in front', async () => {
      const cache = createCache()
      const app = framework.app()
      app.use(responseCache({ ttl: '1m', cache }), cacheHealth({ cache, path: '/health' }))
      const { ask } = await serve(app)
      for (let turn = 0; turn < 2; turn++) {
        expect((await ask('/health/live')).header('cache-status')).to.equal('larder; fwd=uri-miss; detail=no-store')
      }
    })

    it('answers HEAD without a body, and leaves other methods and paths to others', async () => {
      const { ask } = await site()
      const head = await ask('/health/live', { method: 'HEAD' })
      expect([head.status, head.header('content-length')]).to.deep.equal([200, '17'])
      for (const [method, path] of [
        ['POST', '/health/live'],
        ['GET', '/health/other'],
        ['GET', '/healthy'],
      ] as const) {
        expect((await ask(path, { method })).text).to.equal(`page ${path}`)
      }
    })

    it('stands at the path that it is given', async () => {
      const { ask } = await site('/', { path: '/status/cache' })
      expect((await ask('/status/cache/ready')).status).to.equal(200)
      expect((await ask('/health')).text).to.equal('page /health')
    })

    it('an option that nobody knows is an error when it is made', () => {
      expect(() => cacheHealth({ pth: '/x' } as object))
        .to.throw()
        .with.property('code', 'LARDER_UNKNOWN_OPTION')
    })
  })
}
