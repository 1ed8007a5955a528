// The window: what counts in it, and that nothing is left when it has closed.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { expect } from 'chai'
import express from 'express'
import { type Observer, observeExpress, unobserved } from '../../src/door/observe/index.ts'
import { expresses, koas, layer, paused, viaExpress, viaKoa } from './support.ts'

/** Every own property of an object, and what it inherits in a few names, as one sees it from outside. */
function pictureOf(object: object) {
  return new Map(Reflect.ownKeys(object).map(key => [key, Reflect.getOwnPropertyDescriptor(object, key)]))
}

const added = (req: Record<PropertyKey, unknown>) => {
  req['tenant'] = 'a'
  req['user'] = 'alice'
  Object.defineProperty(req, 'cart', { get: () => 1, configurable: true, enumerable: false })
  Object.defineProperty(req, 'constant', { value: 2, configurable: true })
}

for (const [framework, app] of expresses) {
  describe(`the window over a request of ${framework}`, () => {
    it('leaves everything as it was', async () => {
      let before: Map<PropertyKey, unknown>[] = []
      let after: Map<PropertyKey, unknown>[] = []
      let values: unknown[] = []
      await viaExpress(app, (req, res) => res.json([req.ip, req.user, req.cart, res.locals.a, req.headers.cookie]), {
        outer: [
          (req, res, next) => {
            added(req)
            res.locals.a = {}
            // Node keeps what it made when first asked.
            void [req.headers, req.headersDistinct, req.socket.remoteAddress]
            const { headers, rawHeaders } = req
            values = [headers, rawHeaders, res.locals]
            before = [req, req.socket, res.locals, headers].map(pictureOf)
            next()
          },
        ],
        after: (req, res) => {
          expect([req.headers, req.rawHeaders, res.locals].every((value, i) => value === values[i])).to.equal(true)
          after = [req, req.socket, res.locals, req.headers].map(pictureOf)
        },
      })
      // Routers go on writing their own.
      for (const name of ['route', 'params', 'next', 'baseUrl', 'url', '_parsedUrl']) {
        before[0]!.delete(name)
        after[0]!.delete(name)
      }
      expect(after[0]).to.have.all.keys([...before[0]!.keys()])
      for (const name of ['tenant', 'user', 'cart', 'constant', 'rawHeaders']) {
        expect(after[0]!.get(name)).to.deep.equal(before[0]!.get(name))
      }
      expect([...after[1]!.keys()]).to.deep.equal([...before[1]!.keys()])
      expect(after[2]).to.deep.equal(before[2])
      expect(after[3]).to.deep.equal(before[3])
    })

    it('keeps what was set, deleted and defined meanwhile', async () => {
      let seen: unknown
      await viaExpress(
        app,
        (req, res) => {
          req.user = 'bob'
          req.session = { id: 1 }
          delete req.tenant
          Object.defineProperty(req, 'cart', { value: 7, configurable: true })
          req.headers['x-own'] = '1'
          res.locals.a = 1
          res.json('page')
        },
        {
          outer: [layer(added)],
          after: (req, res) => {
            const { user, session, tenant, cart, constant, headers } = req
            seen = {
              user,
              session,
              tenant,
              cart,
              constant,
              own: headers['x-own'],
              a: res.locals.a,
              keys: 'session' in req,
            }
            expect(Reflect.getOwnPropertyDescriptor(req, 'session')).to.include({ writable: true, enumerable: true })
          },
        },
      )
      const session = { id: 1 }
      expect(seen).to.deep.equal({
        user: 'bob',
        session,
        tenant: undefined,
        cart: 7,
        constant: 2,
        own: '1',
        a: 1,
        keys: true,
      })
    })

    it('keeps headers and locals that were replaced whole', async () => {
      await viaExpress(
        app,
        (req, res) => {
          req.headers = { host: 'mine' }
          res.locals = { mine: true }
          res.json('page')
        },
        {
          after: (req, res) => {
            expect(req.headers).to.deep.equal({ host: 'mine' })
            expect(res.locals).to.deep.equal({ mine: true })
          },
        },
      )
    })

    it('shows the lines of the request as the array that they are', async () => {
      const real = ['Host', 'h', 'Cookie', 'a']
      const looks = (lines: string[]) => [
        Array.isArray(lines),
        Object.getPrototypeOf(lines) === Array.prototype,
        lines.constructor === Array,
        Object.entries(Object.getOwnPropertyDescriptors(lines)),
        JSON.stringify(lines),
        inspect(lines),
        [lines.length, lines.at(-1), lines.includes('Cookie'), 3 in lines, 4 in lines, lines.indexOf('h')],
        [...lines.slice(1), ...lines.concat('more'), ...lines.map(String)],
      ]
      await viaExpress(
        app,
        (req, res) => {
          const { rawHeaders } = req
          expect(rawHeaders).to.not.equal(real)
          expect(looks(rawHeaders)).to.deep.equal(looks(real))
          rawHeaders.push('X-Own', 'mine')
          rawHeaders[0] = 'HOST'
          delete rawHeaders[3]
          expect([Reflect.setPrototypeOf(rawHeaders, null), Reflect.preventExtensions(rawHeaders)]).to.deep.equal([
            false,
            false,
          ])
          res.end()
        },
        {
          outer: [layer(req => Object.assign(req, { rawHeaders: real }))],
          after: req => expect(req.rawHeaders).to.equal(real),
        },
      )
      // biome-ignore lint/suspicious/noSparseArray: what was deleted is gone
      expect(real).to.deep.equal(['HOST', 'h', 'Cookie', , 'X-Own', 'mine'])
    })

    it('counts nothing after its end, through whatever is still held', async () => {
      const answer = await viaExpress(
        app,
        (req, res) => {
          const { headers } = req
          const { locals } = res
          const read = () => [
            headers['x-late'],
            'x-late' in headers,
            Object.keys(headers),
            locals.user,
            req.ip,
            req.user,
          ]
          res.json('page')
          read()
          setImmediate(read)
        },
        { after: (_req, _res, observer) => observer.end() },
      )
      expect(answer).to.deep.include({ status: 200, fields: [], identities: [] })
    })

    it('counts nothing while it is paused', async () => {
      let window: Observer | undefined
      const answer = await viaExpress(
        app,
        (req, res) => {
          window ??= observeExpress(req, res)
          const value = paused(window, () => [req.headers.cookie, req.ip, req.user, req.rawHeaders[0]])
          expect(value).to.have.length(4)
          window.end()
          const { fields, identities } = window.observation
          res.json([...fields, ...identities])
        },
        {},
      )
      expect(answer.body).to.equal('[]')
      // The window in front was not paused.
      expect(answer.identities).to.deep.equal(['cookie', 'ip', 'raw-headers', 'user'])
    })

    it('counts again after a pause that ended in an error', async () => {
      const { body } = await viaExpress(app, (req, res) => {
        const window = observeExpress(req, res)
        expect(() =>
          paused(window, () => {
            throw new Error('no')
          }),
        ).to.throw('no')
        void req.headers.cookie
        window.end()
        res.json([...window.observation.identities])
      })
      expect(body).to.equal('["cookie"]')
    })

    it('leaves objects that inherit from the request alone', async () => {
      const { identities, body } = await viaExpress(app, (req, res) => {
        const child = Object.create(req)
        child.user = 'own'
        res.json([child.user, Object.hasOwn(child, 'user'), Reflect.has(req, 'user')])
      })
      expect(body).to.equal('["own",true,true]')
      expect(identities).to.deep.equal([])
    })
  })

  describe(`two windows over one request of ${framework}`, () => {
    for (const order of ['inner first', 'outer first'] as const) {
      it(`each count what is theirs, and nothing is left (${order})`, async () => {
        let left: unknown
        const { body, identities, fields } = await viaExpress(
          app,
          (req, res) => {
            const inner = observeExpress(req, res)
            void [req.headers['x-trip'], req.ip, req.between, req.tenant]
            if (order === 'inner first') inner.end()
            const { observation } = inner
            res.locals.inner = inner
            res.json([...observation.fields, ...observation.identities].sort())
          },
          {
            outer: [layer(req => Object.assign(req, { tenant: 'a', real: req.headers }))],
            inner: [layer(req => Object.assign(req, { between: 'b' }))],
            after: (req, res) => {
              res.locals.inner.end()
              left = [
                req.headers === req.real,
                Object.getOwnPropertySymbols(req)
                  .map(String)
                  .filter(s => /larder/.test(s)),
              ]
              expect(Reflect.getOwnPropertyDescriptor(req, 'between')).to.include({ value: 'b', writable: true })
              expect(Reflect.getOwnPropertyDescriptor(req, 'tenant')).to.include({ value: 'a', writable: true })
              expect(Object.hasOwn(req.socket, 'remoteAddress')).to.equal(false)
              expect(Object.hasOwn(req, 'ip')).to.equal(false)
            },
          },
        )
        expect(JSON.parse(body)).to.deep.equal(['ip', 'req.between', 'req.tenant', 'x-trip'])
        expect({ fields, identities }).to.deep.equal({ fields: ['x-trip'], identities: ['ip', 'req.tenant'] })
        expect(left).to.deep.equal([true, []])
      })
    }

    it('a cache behind another one can read unobserved', async () => {
      const { identities, fields, body } = await viaExpress(app, (req, res) => {
        const { headers, rawHeaders } = unobserved(req)
        res.json([typeof headers.cookie, Object.keys({ ...headers }).includes('host'), rawHeaders.length > 0])
      })
      expect({ fields, identities }).to.deep.equal({ fields: [], identities: [] })
      expect(body).to.equal('["undefined",true,true]')
    })
  })
}

for (const [framework, Koa] of koas) {
  it(`the window over a context of ${framework} leaves everything as it was`, async () => {
    let before: unknown[] = []
    const picture = (ctx: Record<string, object>) =>
      [ctx, ctx['request']!, ctx['req']!, ctx['state']!].map(object => [...pictureOf(object).keys()])
    await viaKoa(
      Koa,
      ctx => {
        ctx.body = JSON.stringify([ctx.ip, ctx.state.user, ctx.tenant, ctx.accepts('json'), ctx.host])
      },
      {
        outer: [
          async (ctx, next) => {
            Object.assign(ctx, { tenant: 'a' })
            ctx.state.user = 'alice'
            void [ctx.ip, ctx.accepts('json'), ctx.URL, ctx.req.headers]
            before = [...picture(ctx), ctx.state, ctx.request._accept, ctx.req.headers]
            await next()
          },
        ],
        after: ctx => {
          expect([...picture(ctx)]).to.deep.equal(before.slice(0, 4))
          expect(ctx.state === before[4] && ctx.request._accept === before[5]).to.equal(true)
          expect(ctx.req.headers === before[6]).to.equal(true)
          expect(ctx.tenant).to.equal('a')
        },
      },
    )
  })
}

it('two requests at once on one socket leave it as it was', async () => {
  const app = express()
  const windows: Observer[] = []
  app.use((req, res) => {
    windows.push(observeExpress(req, res))
    if (windows.length < 2) return void setTimeout(() => res.end('1'), 5)
    void req.socket.remoteAddress
    // In the order in which they came, so the one below closes first.
    for (const window of windows) window.end()
    expect(
      Reflect.ownKeys(req.socket)
        .map(String)
        .filter(key => /remoteAddress|larder/.test(key)),
    ).to.deep.equal([])
    res.end('2')
  })
  const server = createServer(app).listen(0)
  try {
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const socket = (await import('node:net')).connect(port)
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    await once(socket.resume(), 'close')
    expect(windows).to.have.length(2)
    expect([...windows[1]!.observation.identities]).to.deep.equal(['ip'])
  } finally {
    server.close()
  }
})

it('a request of a shape that we do not know is opaque, and runs all the same', () => {
  const request = Object.freeze({ headers: {}, rawHeaders: [], socket: null, httpVersionMajor: 1 })
  const window = observeExpress(request as never, Object.freeze({}) as never)
  window.end()
  expect([...window.observation.identities]).to.deep.equal(['opaque'])
})
