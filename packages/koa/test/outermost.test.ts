// A hit of the outermost cache goes straight to the wire; where middleware stands around the cache, it sees on the context what it always does.

import type { Server } from 'node:http'
import { expect } from 'chai'
import type { Context, Middleware, Next } from 'koa'
import { responseCache } from '../src/index.ts'
import { type Ask, ask, closeServers, serve, versions } from './support.ts'

const page = 'a page of some length'

for (const [version, Koa] of versions) {
  describe(`the outermost cache in ${version}`, () => {
    afterEach(closeServers)

    const handler: Middleware = ctx => {
      ctx.set('Cache-Control', 'max-age=60')
      ctx.set('Last-Modified', new Date(0).toUTCString())
      ctx.append('Link', ['</a>', '</b>'])
      ctx.body = page
    }
    const appOf = (...layers: Middleware[]): Promise<Server> => {
      const app = new Koa()
      for (const layer of layers) app.use(layer)
      return serve(app)
    }
    const wireOf = async (server: Server, asked: Ask = {}) => {
      const { status, lines, body, complete } = await ask(server, '/', asked)
      const said = lines.map(line => line.replace(/^(Age: |.*ttl=)\d+/, '$1n'))
      return { status, lines: said.toSorted(), body: body.toString(), complete }
    }

    for (const [title, asked] of Object.entries<Ask>({
      GET: {},
      HEAD: { method: 'HEAD' },
      'a GET that has it': { headers: { 'if-modified-since': new Date().toUTCString() } },
      'a part': { headers: { range: 'bytes=2-5' } },
      'a part beyond its end': { headers: { range: 'bytes=200-' } },
    })) {
      it(`answers ${title} as one with a layer around it`, async () => {
        const bare = await appOf(responseCache('1m'), handler)
        const within = await appOf((_ctx, next) => next(), responseCache('1m'), handler)
        const runs = []
        for (const server of [bare, within]) {
          await wireOf(server)
          runs.push(await wireOf(server, asked))
        }
        expect(runs[0]).to.deep.equal(runs[1])
        expect(runs[0]?.lines.join()).to.match(/Cache-Status: larder; hit/)
      })
    }

    it('leaves body, status, type and length of a hit to a layer around it, which may change them', async () => {
      const seen: unknown[] = []
      const server = await appOf(
        async (ctx, next) => {
          await next()
          seen.push([String(ctx.body), ctx.status, ctx.message, ctx.type, ctx.length, ctx.headerSent, ctx.respond])
          ctx.body = `${ctx.body}, changed`
        },
        responseCache('1m'),
        handler,
      )
      const replies = [await ask(server, '/'), await ask(server, '/')]
      expect(replies.map(({ body }) => body.toString())).to.deep.equal([`${page}, changed`, `${page}, changed`])
      expect(seen[1]).to.deep.equal([page, 200, 'OK', 'text/plain', page.length, false, undefined])
      expect(seen[1]).to.deep.equal(seen[0])
    })

    it('leaves a hit further in to the layers between, where it stands there a second time', async () => {
      const cache = responseCache({ ttl: '1m' })
      const seen: string[] = []
      const server = await appOf(
        cache,
        async (ctx: Context, next: Next) => {
          if (ctx.path === '/alias') ctx.originalUrl = '/page'
          await next()
          seen.push(`${ctx.path} ${ctx.body} ${ctx.headerSent}`)
        },
        cache,
        handler,
      )
      await ask(server, '/page')
      const { body, headers } = await ask(server, '/alias')
      expect(headers['cache-status']).to.match(/larder; hit/)
      expect(body.toString()).to.equal(page)
      expect(seen).to.deep.equal([`/page ${page} false`, `/alias ${page} false`])
    })

    it('keeps the fields that a server around the app has set, and calls what it hooked', async () => {
      const app = new Koa()
      app.use(responseCache('1m'))
      app.use(handler)
      const server = await serve(app)
      const [listener] = server.listeners('request') as ((req: object, res: object) => void)[]
      server.removeAllListeners('request')
      const lengths: unknown[] = []
      server.on('request', (req, res) => {
        res.setHeader('X-Request-Id', '7')
        const { writeHead } = res
        Object.assign(res, {
          writeHead(...args: unknown[]) {
            lengths.push(res.getHeader('content-length'))
            return writeHead.apply(res, args as never)
          },
        })
        listener!(req, res)
      })
      const replies = [await ask(server, '/'), await ask(server, '/')]
      expect(replies.map(({ headers }) => headers['x-request-id'])).to.deep.equal(['7', '7'])
      expect(replies[1]?.headers['cache-status']).to.match(/hit/)
      expect(lengths.map(Number)).to.deep.equal([page.length, page.length])
    })
  })
}
