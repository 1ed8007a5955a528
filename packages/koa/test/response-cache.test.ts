// responseCache() in real apps of Koa 2 and Koa 3: what a client sees.

import { createServer, type Server } from 'node:http'
import { Readable } from 'node:stream'
import { expect } from 'chai'
import type { Context } from 'koa'
import { attachCache, cacheHealth, cacheOf, createCache, invalidate, responseCache, tag } from '../src/index.ts'
import { ask, Client, closeServers, type Reply, serve, until, versions } from './support.ts'

for (const [version, Koa] of versions) {
  describe(`responseCache in ${version}`, () => {
    afterEach(closeServers)

    type Options = Parameters<typeof responseCache>[0]

    async function setUp(options: Options, handler: (ctx: Context, run: number) => unknown) {
      const app = new Koa()
      const counted = { app, runs: 0, ended: 0 }
      app.use(responseCache(options))
      app.use(async ctx => {
        const run = ++counted.runs
        await handler(ctx, run)
        counted.ended++
      })
      return Object.assign(counted, { server: await serve(app) })
    }

    const bodies: Readonly<Record<string, (run: number) => unknown>> = {
      string: run => `run ${run}`,
      buffer: run => Buffer.from(`run ${run}`),
      object: run => ({ run }),
      stream: run => Readable.from(['run ', String(run)]),
    }
    for (const [name, body] of Object.entries(bodies)) {
      it(`answers from the store: ${name}`, async () => {
        const counted = await setUp('1m', (ctx, run) => {
          ctx.body = body(run)
        })
        const [miss, hit] = [await ask(counted.server, '/'), await ask(counted.server, '/')]
        expect(counted.runs).to.equal(1)
        expect(statusOf(miss)).to.match(/fwd=uri-miss.*stored/)
        expect(statusOf(hit)).to.match(/;\s?hit/)
        expect(hit.body.toString()).to.equal(miss.body.toString())
        expect(hit.headers['content-type']).to.equal(miss.headers['content-type'])
        expect(hit.headers['age']).to.equal('0')
        const head = await ask(counted.server, '/', { method: 'HEAD' })
        expect(head.headers).to.deep.equal({ ...hit.headers, 'cache-status': head.headers['cache-status'] })
        const { etag } = hit.headers
        const unchanged = await ask(counted.server, '/', { headers: { 'if-none-match': etag! } })
        expect([unchanged.status, unchanged.headers['etag'], unchanged.body.length]).to.deep.equal([304, etag, 0])
        const part = await ask(counted.server, '/', { headers: { range: 'bytes=0-1' } })
        expect([part.status, part.body.toString()]).to.deep.equal([206, hit.body.toString().slice(0, 2)])
        expect(counted.runs).to.equal(1)
      })
    }

    it('runs the handler once for all who ask at the same time, and for the others when the first leaves', async () => {
      let go!: () => void
      const gate = new Promise<void>(resolve => {
        go = resolve
      })
      const counted = await setUp('1m', async (ctx, run) => {
        await gate
        ctx.body = Readable.from([`run ${run}`])
      })
      const leader = new Client(counted.server)
      leader.send('/')
      await until(() => counted.runs === 1)
      const followers = Array.from({ length: 5 }, () => ask(counted.server, '/'))
      await new Promise(resolve => setTimeout(resolve, 30))
      leader.leave()
      await new Promise(resolve => setTimeout(resolve, 10))
      go()
      for (const reply of await Promise.all(followers)) expect(reply.body.toString()).to.equal('run 1')
      expect(counted.runs).to.equal(1)
    })

    it('does not keep what a client gets with a cookie, nor hands it to another', async () => {
      const counted = await setUp('1m', (ctx, run) => {
        if (run === 1) ctx.cookies.set('sid', 'alice')
        ctx.body = `run ${run}`
      })
      await ask(counted.server, '/')
      const second = await ask(counted.server, '/')
      expect(second.body.toString()).to.equal('run 2')
      expect(second.headers).not.to.have.property('set-cookie')
    })

    for (const [name, body] of Object.entries(bodies)) {
      it(`refreshes behind a stale response: ${name}`, async () => {
        const counted = await setUp({ ttl: '1m', staleWhileRevalidate: '1m' }, (ctx, run) => {
          ctx.body = body(run)
        })
        const first = await ask(counted.server, '/')
        await cacheOf({ app: counted.app } as Context).invalidatePattern('*', { soft: true })
        const stale = await ask(counted.server, '/')
        expect(stale.body.toString()).to.equal(first.body.toString())
        await until(() => counted.ended === 2)
        await new Promise(resolve => setTimeout(resolve, 10))
        const fresh = await ask(counted.server, '/')
        expect(statusOf(fresh)).to.match(/;\s?hit/)
        expect(fresh.body.toString()).to.equal(first.body.toString().replace('1', '2'))
        expect(counted.runs).to.equal(2)
      })
    }

    it('refreshes through the app itself where no server is known', async () => {
      const app = new Koa()
      let runs = 0
      app.use(responseCache({ ttl: '1m', staleWhileRevalidate: '1m' }))
      app.use(ctx => {
        ctx.body = `run ${++runs}`
      })
      const callback = app.callback()
      const server = createServer((req, res) => {
        Object.defineProperty(req.socket, 'server', { value: undefined, configurable: true })
        void callback(req, res)
      })
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
      await ask(server, '/')
      await cacheOf({ app } as Context).invalidatePattern('*', { soft: true })
      await ask(server, '/')
      await until(() => runs === 2)
      server.close()
    })

    it('fills the outer of two caches from its own refresh, through the inner one', async () => {
      const app = new Koa()
      let runs = 0
      const [outer, inner] = [createCache({ name: 'outer' }), createCache({ name: 'inner' })]
      app.use(responseCache({ ttl: '1m', staleWhileRevalidate: '1m', cache: outer }))
      app.use(responseCache({ ttl: '1m', staleWhileRevalidate: '1m', cache: inner }))
      app.use(ctx => {
        ctx.set('Cache-Control', 'public, max-age=60')
        ctx.body = Readable.from([`run ${++runs}`])
      })
      const server = await serve(app)
      await ask(server, '/')
      await outer.invalidatePattern('*', { soft: true })
      expect((await ask(server, '/')).body.toString()).to.equal('run 1')
      await until(() => runs === 2)
      await new Promise(resolve => setTimeout(resolve, 10))
      expect((await ask(server, '/')).body.toString()).to.equal('run 2')
    })

    it('stands in for a handler that fails, but not for one that refuses', async () => {
      let failure: { status: number } | Error | undefined
      const counted = await setUp({ ttl: '1m', staleIfError: '1m' }, (ctx, run) => {
        if (failure instanceof Error) throw failure
        if (failure !== undefined && failure.status < 500) ctx.throw(failure.status)
        if (failure !== undefined) ctx.status = failure.status
        ctx.body = `run ${run}`
      })
      await ask(counted.server, '/')
      const cache = cacheOf({ app: counted.app } as Context)
      for (const each of [new Error('thrown'), { status: 503 }]) {
        failure = each
        await cache.invalidatePattern('*', { soft: true })
        const reply = await ask(counted.server, '/')
        expect([reply.status, reply.body.toString()]).to.deep.equal([200, 'run 1'])
        expect(statusOf(reply)).to.include('stale-if-error')
      }
      failure = { status: 404 }
      await cache.invalidatePattern('*', { soft: true })
      expect((await ask(counted.server, '/')).status).to.equal(404)
    })

    it('asks the handler with the validators of what it has, and swallows its 304', async () => {
      const seen: string[] = []
      const counted = await setUp({ ttl: '1m' }, (ctx, run) => {
        seen.push(ctx.get('if-none-match'))
        ctx.etag = '"v1"'
        ctx.body = `run ${run}`
        if (ctx.fresh) ctx.status = 304
      })
      const first = await ask(counted.server, '/', { headers: { 'if-none-match': '"v0"' } })
      await cacheOf({ app: counted.app } as Context).invalidatePattern('*', { soft: true })
      const again = await ask(counted.server, '/')
      expect(seen).to.deep.equal(['', '"v1"'])
      expect([again.status, again.body.toString()]).to.deep.equal([200, first.body.toString()])
      expect(counted.runs).to.equal(2)
    })

    it('purges by tag, target and pattern from a handler, and by any unsafe request', async () => {
      const counted = await setUp('1m', async (ctx, run) => {
        if (ctx.method === 'POST') {
          const what = ctx.get('x-purge')
          if (what !== '') await invalidate(ctx, JSON.parse(what))
        } else tag(ctx, 'events', `event:${ctx.path.slice(1)}`)
        ctx.body = `run ${run}`
      })
      const purges = [{ tags: ['event:1'] }, { target: '/1?a' }, { pattern: '/1*' }]
      for (const purge of purges) {
        const before = (await ask(counted.server, '/1?a')).body.toString()
        expect((await ask(counted.server, '/1?a')).body.toString()).to.equal(before)
        await ask(counted.server, '/', { method: 'POST', headers: { 'x-purge': JSON.stringify(purge) } })
        expect((await ask(counted.server, '/1?a')).body.toString()).not.to.equal(before)
      }
      const before = (await ask(counted.server, '/1?a')).body.toString()
      await ask(counted.server, '/1?a', { method: 'POST' })
      expect((await ask(counted.server, '/1?a')).body.toString()).not.to.equal(before)
    })

    it('uses the cache that was attached, and one an app', async () => {
      const [one, other] = [new Koa(), new Koa()]
      const cache = createCache()
      attachCache(one, cache)
      expect(cacheOf({ app: one } as Context)).to.equal(cache)
      const made = cacheOf({ app: other } as Context)
      expect(made).not.to.equal(cache)
      expect(cacheOf({ app: other } as Context)).to.equal(made)
    })

    it('gives the user’s functions the context, with the fields that the client sent', async () => {
      const seen: unknown[] = []
      const counted = await setUp(
        {
          ttl: '1m',
          key: ctx => ctx.path,
          tags: ctx => {
            seen.push(ctx.get('if-none-match'), ctx.status)
            return ['a']
          },
        },
        (ctx, run) => {
          ctx.body = `run ${run}`
        },
      )
      await ask(counted.server, '/?a', { headers: { 'if-none-match': '"x"' } })
      expect((await ask(counted.server, '/?b')).body.toString()).to.equal('run 1')
      expect(seen).to.deep.equal(['"x"', 200])
    })

    describe('cacheHealth', () => {
      async function health(options?: Parameters<typeof cacheHealth>[0]): Promise<Server> {
        const app = new Koa()
        app.use(async (ctx, next) => {
          ctx.set('X-Outer', 'kept')
          await next()
        })
        app.use(cacheHealth(options))
        app.use(ctx => {
          ctx.body = 'handler'
        })
        return serve(app)
      }

      it('answers below its path alone, GET and HEAD alone, never to be stored', async () => {
        const server = await health()
        for (const path of ['/health', '/health/live', '/health/ready']) {
          const reply = await ask(server, path)
          expect(reply.status, path).to.equal(200)
          expect(reply.headers).to.include({
            'content-type': 'application/health+json',
            'cache-control': 'no-store',
            'x-outer': 'kept',
          })
          expect(JSON.parse(reply.body.toString()).status).to.equal('pass')
          const head = await ask(server, path, { method: 'HEAD' })
          expect(head.headers).to.deep.equal(reply.headers)
          expect((await ask(server, path, { method: 'POST' })).body.toString()).to.equal('handler')
        }
        expect((await ask(server, '/healthy')).body.toString()).to.equal('handler')
      })

      it('tells of the cache that it is given', async () => {
        const cache = createCache()
        const server = await health({ cache, path: '/status' })
        expect((await ask(server, '/status/ready')).status).to.equal(200)
        await cache.close()
        expect((await ask(server, '/status/ready')).status).to.equal(503)
        expect((await ask(server, '/status/live')).status).to.equal(200)
      })
    })
  })
}

function statusOf(reply: Reply): string {
  return reply.headers['cache-status'] ?? ''
}
