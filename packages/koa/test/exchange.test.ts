// What a Koa door owes the engine and the client, with an engine that knows no rule.

import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import type { Server } from 'node:http'
import { PassThrough, Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { expect } from 'chai'
import type { Context } from 'koa'
import compress from 'koa-compress'
import { ask, Client, closeServers, type FakeOptions, fakeEngine, serve, until, versions } from './support.ts'

/** A handler that answers with a body alone. The body may be an object, so it stands in parentheses. */
const answering = (body: () => unknown) => (ctx: Context) => {
  ctx.body = body()
}

for (const [version, Koa] of versions) {
  describe(`the exchange of ${version}`, () => {
    afterEach(closeServers)

    /** Outer layers, the cache, and a handler. */
    async function setUp(
      handler: (ctx: Context) => unknown,
      { outer = [], inner = [], ...options }: FakeOptions & { outer?: Layer[]; inner?: Layer[] } = {},
    ) {
      const engine = fakeEngine(options)
      const app = new Koa()
      const errors: Error[] = []
      app.on('error', error => errors.push(error))
      for (const layer of outer) app.use(layer)
      app.use(engine.middleware)
      for (const layer of inner) app.use(layer)
      app.use(async ctx => {
        await handler(ctx)
      })
      return { ...engine, app, errors, server: await serve(app) }
    }
    type Layer = (ctx: Context, next: () => Promise<unknown>) => unknown

    describe('tells the recorder', () => {
      it('the request as the wire had it, whatever a router made of it', async () => {
        const seen: unknown[] = []
        const { server } = await setUp(
          answering(() => 'x'),
          {
            outer: [
              (ctx, next) => {
                ctx.path = '/rewritten'
                return next()
              },
            ],
            handle(exchange, forward) {
              const { method, target, secure, headers, rawHeaders } = exchange.request
              seen.push(method, target, secure, headers['x-a'], rawHeaders.includes('x-A'), exchange.subject.path)
              forward()
            },
          },
        )
        await ask(server, '/a/../b?c=%20', { method: 'get', headers: { 'x-A': 'v' } }).catch(() => {})
        await ask(server, '/a/../b?c=%20', { headers: { 'x-A': 'v' } })
        expect(seen).to.deep.equal(['GET', '/a/../b?c=%20', false, 'v', true, '/rewritten'])
      })

      it('what the handler set, and what it took off, not what outer layers set', async () => {
        const { server, records } = await setUp(
          ctx => {
            ctx.set('X-Same', 'outer')
            ctx.set('X-Changed', 'handler')
            ctx.set('X-Own', 'handler')
            ctx.remove('X-Removed')
            ctx.append('Set-Cookie', 'inner=1')
            ctx.vary('Origin')
            ctx.body = 'x'
          },
          {
            outer: [
              async (ctx, next) => {
                ctx.set({ 'X-Same': 'outer', 'X-Changed': 'outer', 'X-Removed': 'outer' })
                ctx.append('Set-Cookie', ['outer=1'])
                ctx.vary('Accept-Encoding')
                await next()
                ctx.set('X-Late', 'outer')
              },
            ],
          },
        )
        await ask(server, '/')
        const { headers, removed } = records[0]!
        expect(headers).to.deep.equal([
          ...['X-Changed', 'handler', 'Set-Cookie', 'inner=1', 'Vary', 'Accept-Encoding, Origin', 'X-Own', 'handler'],
          ...['Content-Type', 'text/plain; charset=utf-8', 'Content-Length', '1'],
        ])
        expect(removed).to.deep.equal(['x-removed'])
      })

      it('cookies that the handler adds to those of outer layers by ctx.cookies', async () => {
        const { server, records } = await setUp(
          ctx => {
            ctx.cookies.set('handler', '1')
            ctx.body = 'x'
          },
          {
            outer: [
              (ctx, next) => {
                ctx.cookies.set('outer', '1')
                ctx.cookies.set('outer', '2')
                ctx.append('Set-Cookie', 'outer=3')
                return next()
              },
            ],
          },
        )
        await ask(server, '/')
        const { headers } = records[0]!
        const cookies = headers.filter((_, i) => headers[i - 1]?.toLowerCase() === 'set-cookie')
        expect(cookies).to.deep.equal(['handler=1; path=/; httponly'])
      })
    })

    describe('lets a response out', () => {
      it('with the fields of the verdict, and joins Vary', async () => {
        const { server } = await setUp(
          ctx => {
            ctx.vary('Origin')
            ctx.body = 'x'
          },
          {
            outer: [
              (ctx, next) => {
                ctx.vary('Accept-Encoding')
                return next()
              },
            ],
            verdict: () => ({
              action: 'pass',
              set: ['Vary', 'origin, X-Trip', 'Cache-Status', 'a', 'Link', '</1>', 'Link', '</2>'],
            }),
          },
        )
        const { headers } = await ask(server, '/')
        expect(headers['vary']).to.equal('Accept-Encoding, origin, X-Trip')
        expect(headers['cache-status']).to.equal('a')
        expect(headers['link']).to.equal('</1>, </2>')
      })

      it('untouched when nothing is recorded: the body stays what it was', async () => {
        const bodies: unknown[] = []
        for (const most of [Number.POSITIVE_INFINITY, -1]) {
          const { server } = await setUp(
            answering(() => ({ a: 1 })),
            {
              outer: [
                async (ctx, next) => {
                  await next()
                  bodies.push(ctx.body)
                },
              ],
              handle(exchange) {
                const recording = most > 0
                exchange.forward({
                  recorder: {
                    recording,
                    head: () => ({ action: 'pass', set: [] }),
                    write() {},
                    end() {},
                    fail: () => 'unanswered',
                  },
                })
              },
            },
          )
          expect((await ask(server, '/')).body.toString()).to.equal('{"a":1}')
        }
        expect(Buffer.isBuffer(bodies[0])).to.equal(true)
        expect(bodies[1]).to.deep.equal({ a: 1 })
      })

      it('a byte of a stream when it is there', async () => {
        const stream = new PassThrough()
        const { server, stored } = await setUp(answering(() => stream))
        const client = new Client(server)
        client.send('/')
        stream.write('first')
        await until(() => client.received.includes('first'))
        expect(stored.size).to.equal(0)
        stream.end('last')
        expect((await client.reply()).body.toString()).to.equal('firstlast')
        expect(stored.get('/')?.body.toString()).to.equal('firstlast')
      })

      it('no faster than the client reads', async () => {
        let given = 0
        const { server, stored } = await setUp(ctx => {
          ctx.body = new Readable({
            read() {
              given++
              this.push(given > 1200 ? null : Buffer.alloc(50_000, 1))
            },
          })
        })
        const client = new Client(server)
        client.socket.pause()
        client.send('/')
        await until(() => given > 0)
        let before = -1
        await until(() => {
          const still = before === given
          before = given
          return still
        })
        expect(given).to.be.below(1200)
        client.socket.resume()
        const { body } = await client.reply()
        expect(body.length).to.equal(60_000_000)
        expect(stored.get('/')?.body.length).to.equal(60_000_000)
      })
    })

    describe('when the client leaves', () => {
      it('reads a stream on to its end', async () => {
        const stream = new PassThrough()
        const { server, stored } = await setUp(answering(() => stream))
        const client = new Client(server)
        client.send('/')
        stream.write('first')
        await until(() => client.received.includes('first'))
        await leave(client, server)
        stream.write('second')
        stream.end('third')
        await until(() => stored.size > 0)
        expect(stored.get('/')?.body.toString()).to.equal('firstsecondthird')
        expect((await ask(server, '/')).body.toString()).to.equal('firstsecondthird')
        for (const event of ['data', 'end', 'error']) expect(stream.listenerCount(event), event).to.be.at.most(1)
      })

      for (const [kind, open] of Object.entries({
        stream: () => Readable.from(['a', 'b']),
        // Koa closes a file as soon as it is open.
        file: () => createReadStream(fileURLToPath(import.meta.url)),
      })) {
        it(`before there is a body, reads it all the same: ${kind}`, async () => {
          let answer!: () => void
          const asked = new Promise<void>(resolve => {
            answer = resolve
          })
          const { server, stored, errors } = await setUp(async ctx => {
            await asked
            ctx.body = open()
          })
          const client = new Client(server)
          client.send('/')
          await new Promise(resolve => setTimeout(resolve, 20))
          await leave(client, server)
          answer()
          await until(() => stored.size > 0)
          const chunks = await open().toArray()
          expect(stored.get('/')?.body.toString()).to.equal(chunks.join(''))
          expect(errors).to.deep.equal([])
        })
      }

      it('destroys a stream that nobody records any more', async () => {
        const stream = new PassThrough()
        const { server, stored } = await setUp(
          answering(() => stream),
          { most: 10 },
        )
        const client = new Client(server)
        client.send('/')
        stream.write('first')
        await until(() => client.received.includes('first'))
        await leave(client, server)
        stream.write('more than ten')
        await once(stream, 'close')
        expect(stored.size).to.equal(0)
      })

      it('lets the handler destroy its stream with an error', async () => {
        const stream = new PassThrough()
        const { server, records } = await setUp(answering(() => stream))
        const client = new Client(server)
        client.send('/')
        stream.write('first')
        await until(() => client.received.includes('first'))
        await leave(client, server)
        stream.destroy(new Error('upstream'))
        await until(() => records[0]!.failed.length > 0)
        expect(records[0]!.failed).to.deep.equal(['destroyed'])
      })

      it('tells who waits for it, and lets outer middleware end', async () => {
        let told = 0
        let hasEnded = false
        const { server } = await setUp(() => {}, {
          outer: [
            async (_ctx, next) => {
              await next()
              hasEnded = true
            },
          ],
          handle(exchange) {
            const off = exchange.onGone(() => told++)
            off()
            exchange.onGone(() => told++)
          },
        })
        const client = new Client(server)
        client.send('/')
        await new Promise(resolve => setTimeout(resolve, 20))
        client.leave()
        await until(() => hasEnded)
        expect(told).to.equal(1)
      })

      it('tells whoever asks after that, too', async () => {
        let told = 0
        let asked = false
        const { server } = await setUp(() => {}, {
          outer: [
            async (ctx, next) => {
              asked = true
              await once(ctx.res, 'close')
              await next()
            },
          ],
          handle(exchange) {
            exchange.onGone(() => told++)()
            exchange.onGone(() => told++)
          },
        })
        const client = new Client(server)
        client.send('/')
        await until(() => asked)
        client.leave()
        await until(() => told > 0)
        expect(told).to.equal(1)
      })
    })

    describe('when the handler fails', () => {
      it('throws on what it threw, fields and all', async () => {
        const { server, records, errors } = await setUp(ctx => {
          ctx.set('X-Half', 'done')
          ctx.throw(503, 'later', { headers: { 'Retry-After': '5' } })
        })
        const reply = await ask(server, '/')
        expect(reply.status).to.equal(503)
        expect(reply.headers).to.include({ 'retry-after': '5' })
        expect(reply.headers).not.to.have.property('x-half')
        expect(records[0]!.failed).to.deep.equal(['thrown'])
        expect(errors.length).to.equal(1)
      })

      it('answers with what the engine sends in its place', async () => {
        const { server, errors } = await setUp(
          ctx => {
            ctx.set('X-Half', 'done')
            ctx.set('X-Outer', 'changed')
            ctx.body = Readable.from(['half'])
            throw new Error('thrown')
          },
          {
            outer: [
              (ctx, next) => {
                ctx.set('X-Outer', 'outer')
                return next()
              },
            ],
            failed(_reason, exchange) {
              exchange.send({ status: 200, headers: ['Content-Type', 'text/stale'], body: Buffer.from('stale') })
              return 'answered'
            },
          },
        )
        const reply = await ask(server, '/')
        expect(reply.status).to.equal(200)
        expect(reply.body.toString()).to.equal('stale')
        expect(reply.headers).to.include({ 'content-type': 'text/stale', 'x-outer': 'outer', 'content-length': '5' })
        expect(reply.headers).not.to.have.property('x-half')
        expect(errors).to.deep.equal([])
      })

      it('hands on a refusal that it throws as its answer: nothing stands in for a 404', async () => {
        const noFile = version === 'Koa 2' ? [{ code: 'ENOENT' }] : []
        for (const error of [{ status: 404 }, { statusCode: 403 }, ...noFile]) {
          const { server, records } = await setUp(
            () => {
              throw Object.assign(new Error('no'), error)
            },
            { failed: () => 'unanswered' },
          )
          const { status } = await ask(server, '/')
          expect(status).to.equal(Object.values(error).find(Number.isInteger) ?? 404)
          expect(records[0]!.status).to.equal(status)
          expect(records[0]!.failed).to.deep.equal(['thrown'])
        }
      })

      it('tells of a body that cannot be serialised, and leaves it to Koa', async () => {
        const circular: Record<string, unknown> = {}
        circular['self'] = circular
        for (const body of [circular, { big: 1n }, () => {}]) {
          const { server, records, stored } = await setUp(answering(() => body))
          expect((await ask(server, '/')).status).to.equal(500)
          expect(records[0]!.failed).to.deep.equal(['thrown'])
          expect(stored.size).to.equal(0)
        }
      })

      it('breaks off with a stream that breaks off, as Koa does by itself', async () => {
        const failing = () => {
          const source = new Readable({ read() {} })
          source.push('some')
          setTimeout(() => source.destroy(new Error('broken')), 20)
          return source
        }
        const bare = new Koa()
        const seen: string[] = []
        bare.on('error', error => seen.push(error.message))
        bare.use(ctx => {
          ctx.body = failing()
        })
        const plain = new Client(await serve(bare))
        const { server, records, errors, stored } = await setUp(answering(() => failing()))
        const client = new Client(server)
        for (const each of [plain, client]) each.send('/')
        await until(() => records[0]?.failed.length === 1 && seen.length > 0 && errors.length > 0)
        await new Promise(resolve => setTimeout(resolve, 20))
        expect(records[0]!.failed).to.deep.equal(['destroyed'])
        expect(stored.size).to.equal(0)
        expect(errors.map(error => error.message)).to.deep.equal(seen)
        expect(client.socket.closed).to.equal(plain.socket.closed)
        expect(client.received.includes('0\r\n\r\n')).to.equal(false)
      })

      it('fails with a stream that fails before its first byte, as Koa does by itself', async () => {
        const handler = (ctx: Context) => {
          const source = new Readable({ read() {} })
          ctx.body = source
          setTimeout(() => source.destroy(new Error('broken')), 5)
        }
        const bare = new Koa()
        const seen: string[] = []
        bare.on('error', error => seen.push(error.message))
        bare.use(handler)
        const { server, records, errors } = await setUp(handler)
        const [expected, reply] = [await ask(await serve(bare), '/'), await ask(server, '/')]
        expect([reply.status, reply.body.toString()]).to.deep.equal([expected.status, expected.body.toString()])
        expect(records[0]!.failed).to.deep.equal(['destroyed'])
        // Koa 3 alone says it twice; behind the cache that depends on Node.
        expect(new Set(errors.map(error => error.message))).to.deep.equal(new Set(seen))
      })

      it('survives a stream that fails while outer middleware takes its time', async () => {
        const { server, records, errors } = await setUp(
          ctx => {
            ctx.body = new Readable({
              read() {},
              construct(done) {
                setImmediate(done, new Error('no such file'))
              },
            })
          },
          {
            outer: [
              async (_ctx, next) => {
                await next()
                await new Promise(resolve => setTimeout(resolve, 20))
              },
            ],
          },
        )
        await ask(server, '/')
        expect(records[0]!.failed).to.deep.equal(['destroyed'])
        expect(errors.length).to.be.at.least(1)
      })
    })

    describe('when a head is held', () => {
      it('lets go of the body and answers with what the engine sends', async () => {
        const stream = new PassThrough()
        const { server, records } = await setUp(
          ctx => {
            ctx.status = 500
            ctx.set('X-Half', 'done')
            ctx.remove('X-Outer')
            ctx.body = stream
          },
          {
            outer: [
              async (ctx, next) => {
                ctx.set('X-Outer', 'outer')
                await next()
                ctx.set('X-After', String(ctx.status))
              },
            ],
            verdict(_record, exchange) {
              exchange.send({ status: 203, headers: ['ETag', '"stale"'], removed: [], body: Buffer.from('stale') })
              return { action: 'hold' }
            },
          },
        )
        const reply = await ask(server, '/')
        expect(reply.status).to.equal(203)
        expect(reply.body.toString()).to.equal('stale')
        expect(reply.headers).to.include({ etag: '"stale"', 'x-outer': 'outer', 'x-after': '203' })
        expect(reply.headers).not.to.have.any.keys('x-half', 'content-type')
        expect(stream.destroyed).to.equal(true)
        expect(records[0]!.ended).to.equal(false)
      })

      it('swallows a 304 of the handler', async () => {
        const { server } = await setUp(ctx => (ctx.status = 304), {
          verdict({ status }, exchange) {
            expect(status).to.equal(304)
            exchange.send({ status: 200, headers: ['Content-Type', 'a/b'], body: Buffer.from('whole') })
            return { action: 'hold' }
          },
        })
        const reply = await ask(server, '/')
        expect([reply.status, reply.body.toString(), reply.headers['content-type']]).to.deep.equal([
          200,
          'whole',
          'a/b',
        ])
      })
    })

    describe('shows the handler', () => {
      const sent = { 'if-none-match': '"a"', 'if-match': '"b"', range: 'bytes=0-1', 'if-range': '"c"', 'x-other': 'd' }
      const names = [...Object.keys(sent), 'if-modified-since', 'if-unmodified-since']
      const shownTo = (ctx: Context) => Object.fromEntries(names.map(name => [name, ctx.get(name)]))

      it('no conditional field of the client’s, and outer middleware all of them again', async () => {
        const seen: Record<string, string>[] = []
        const fresh: boolean[] = []
        const { server } = await setUp(
          ctx => {
            seen.push(shownTo(ctx))
            ctx.etag = '"a"'
            ctx.body = 'x'
            fresh.push(ctx.fresh)
          },
          {
            outer: [
              async (ctx, next) => {
                const { headers } = ctx.req
                await next()
                fresh.push(ctx.fresh)
                seen.push(shownTo(ctx))
                expect(ctx.req.headers).to.equal(headers)
              },
            ],
          },
        )
        await ask(server, '/', { headers: sent })
        const empty = Object.fromEntries(names.map(name => [name, '']))
        expect(seen).to.deep.equal([
          { ...empty, 'x-other': 'd' },
          { ...empty, ...sent },
        ])
        expect(fresh).to.deep.equal([false, true])
      })

      it('the validators of the stored response in their place, also when it throws', async () => {
        const seen: unknown[] = []
        const { server } = await setUp(
          ctx => {
            seen.push(ctx.get('if-none-match'), ctx.get('if-modified-since'), ctx.get('if-match'))
            throw new Error('thrown')
          },
          {
            conditional: { 'if-none-match': '"stored"' },
            outer: [
              async (ctx, next) => {
                await next().catch(() => {})
                seen.push(ctx.get('if-none-match'))
              },
            ],
          },
        )
        await ask(server, '/', { headers: sent })
        expect(seen).to.deep.equal(['"stored"', '', '', '"a"'])
      })

      it('the very headers of the request where there is nothing to hide', async () => {
        const seen: unknown[] = []
        const { server } = await setUp(ctx => seen.push(ctx.req.headers), {
          outer: [
            (ctx, next) => {
              seen.push(ctx.req.headers)
              return next()
            },
          ],
        })
        await ask(server, '/')
        expect(seen[0]).to.equal(seen[1])
      })
    })

    describe('leaves alone', () => {
      it('a handler that writes to the wire itself', async () => {
        const { server, records, stored } = await setUp(
          ctx => {
            ctx.respond = false
            setTimeout(() => {
              ctx.res.writeHead(200, { 'X-Raw': 'yes' })
              ctx.res.end('raw')
            }, 5)
          },
          {
            failed(_reason, exchange) {
              exchange.send({ status: 200, headers: ['X-Wrong', '1'], body: Buffer.from('wrong') })
              return 'answered'
            },
          },
        )
        const reply = await ask(server, '/')
        expect(reply.body.toString()).to.equal('raw')
        expect(reply.headers).not.to.have.property('x-wrong')
        expect(records[0]!.failed).to.deep.equal(['destroyed'])
        expect(stored.size).to.equal(0)
      })

      it('a handler that has begun to write, and tells of its head', async () => {
        const { server, records, stored } = await setUp(ctx => {
          ctx.res.statusCode = 201
          ctx.res.setHeader('Location', '/new')
          ctx.res.end('raw')
        })
        const reply = await ask(server, '/')
        expect([reply.status, reply.body.toString()]).to.deep.equal([201, 'raw'])
        expect(records[0]).to.deep.include({ status: 201, headers: ['Location', '/new'], failed: ['destroyed'] })
        expect(stored.size).to.equal(0)
      })

      it('early hints', async () => {
        const { server } = await setUp(ctx => {
          ctx.res.writeEarlyHints({ link: '</a.css>; rel=preload' })
          ctx.body = 'x'
        })
        const client = new Client(server)
        client.send('/')
        await client.reply()
        expect(client.received).to.match(/^HTTP\/1.1 103 /)
        expect(client.received).to.include('HTTP/1.1 200')
      })
    })

    describe('on a hit', () => {
      it('keeps what outer layers set on this response, cookies too, and stores none of it', async () => {
        let visits = 0
        const { server, stored } = await setUp(
          ctx => {
            ctx.set('X-Own', 'handler')
            ctx.set('X-Both', 'handler')
            ctx.remove('X-Powered-By')
            ctx.vary('Origin')
            ctx.body = { a: 1 }
          },
          {
            outer: [
              async (ctx, next) => {
                visits++
                ctx.set({ 'X-Visit': String(visits), 'X-Both': 'outer', 'X-Powered-By': 'outer' })
                ctx.cookies.set('before', String(visits))
                ctx.vary('Accept-Encoding')
                await next()
                ctx.cookies.set('after', String(visits))
                ctx.set('X-Time', String(visits))
              },
            ],
          },
        )
        const [miss, hit] = [await ask(server, '/'), await ask(server, '/')]
        for (const [reply, visit] of [
          [miss, '1'],
          [hit, '2'],
        ] as const) {
          expect(reply.headers).to.include({
            'x-visit': visit,
            'x-time': visit,
            'x-own': 'handler',
            'x-both': 'handler',
          })
          expect(reply.headers).not.to.have.property('x-powered-by')
          expect(reply.headers['vary']).to.equal('Accept-Encoding, Origin')
          expect(reply.headers['set-cookie']).to.match(new RegExp(`before=${visit};.*after=${visit};`))
          expect(reply.headers['content-type']).to.equal('application/json; charset=utf-8')
        }
        expect(JSON.stringify(stored.get('/')?.headers)).not.to.match(/before|after|X-Visit|X-Time/)
      })

      it('keeps a type that an outer layer gave and the handler left alone', async () => {
        const { server, records } = await setUp(
          answering(() => ({ a: 1 })),
          {
            outer: [
              (ctx, next) => {
                ctx.type = 'application/json; charset=utf-8'
                return next()
              },
            ],
          },
        )
        for (let i = 0; i < 2; i++) {
          expect((await ask(server, '/')).headers['content-type']).to.equal('application/json; charset=utf-8')
        }
        expect((await ask(server, '/', { method: 'HEAD' })).headers['content-type']).to.equal(
          'application/json; charset=utf-8',
        )
        expect(records.length).to.equal(1)
      })

      for (const status of [304, 204]) {
        it(`keeps the fields of a ${status}`, async () => {
          const { server } = await setUp(() => {}, {
            handle(exchange) {
              const headers = ['ETag', '"a"', 'Cache-Control', 'max-age=5', 'x-lower', 'v']
              exchange.send({ status, headers, body: undefined })
            },
          })
          const reply = await ask(server, '/')
          expect(reply.status).to.equal(status)
          expect(reply.lines).to.include.members(['ETag: "a"', 'Cache-Control: max-age=5', 'x-lower: v'])
          expect(reply.body.length).to.equal(0)
        })
      }

      it('answers later as well as at once', async () => {
        const { server } = await setUp(() => {}, {
          handle(exchange) {
            setTimeout(() => exchange.send({ status: 201, headers: [], body: Buffer.from('late') }), 5)
          },
        })
        const reply = await ask(server, '/')
        expect([reply.status, reply.body.toString(), reply.headers['content-length']]).to.deep.equal([201, 'late', '4'])
      })
    })

    describe('beside compression', () => {
      const handler = (ctx: Context) => {
        ctx.type = 'text'
        ctx.body = 'compressible '.repeat(1000)
      }
      const gzip = { headers: { 'accept-encoding': 'gzip' } }

      it('outside: stores the plain body, and it is coded again for each client', async () => {
        const { server, stored } = await setUp(handler, { outer: [compress() as never] })
        for (let i = 0; i < 2; i++) {
          const reply = await ask(server, '/', gzip)
          expect(reply.headers).to.include({ 'content-encoding': 'gzip', vary: 'Accept-Encoding' })
          expect(gunzipSync(reply.body).toString()).to.equal('compressible '.repeat(1000))
        }
        expect((await ask(server, '/')).body.toString()).to.equal('compressible '.repeat(1000))
        expect(stored.get('/')?.headers.map(text => text.toLowerCase())).not.to.include('content-encoding')
      })

      it('inside: stores what came out of it, Vary and all', async () => {
        const { server, stored } = await setUp(handler, { inner: [compress() as never] })
        for (let i = 0; i < 2; i++) {
          const reply = await ask(server, '/', gzip)
          expect(reply.headers).to.include({ 'content-encoding': 'gzip', vary: 'Accept-Encoding' })
          expect(gunzipSync(reply.body).toString()).to.equal('compressible '.repeat(1000))
        }
        expect(stored.get('/')?.body.length).to.be.below(1000)
      })

      it('outside of a stream: the recorder gets it plain', async () => {
        const { server, stored } = await setUp(
          ctx => {
            ctx.type = 'text'
            ctx.body = Readable.from(['a'.repeat(2000), 'b'])
          },
          { outer: [compress() as never] },
        )
        const reply = await ask(server, '/', gzip)
        expect(gunzipSync(reply.body).toString()).to.equal(`${'a'.repeat(2000)}b`)
        expect(stored.get('/')?.body.toString()).to.equal(`${'a'.repeat(2000)}b`)
      })
    })

    it('records the handler’s body even when outer middleware puts another in its place', async () => {
      const { server, stored } = await setUp(
        answering(() => Readable.from(['handler'])),
        {
          outer: [
            async (ctx, next) => {
              await next()
              ctx.body = 'outer'
            },
          ],
        },
      )
      expect((await ask(server, '/')).body.toString()).to.equal('outer')
      await until(() => stored.size > 0)
      expect(stored.get('/')?.body.toString()).to.equal('handler')
    })
  })
}

/** The client goes, and the server has noticed. */
async function leave(client: Client, server: Server): Promise<void> {
  client.leave()
  for (let open = 1; open > 0; ) {
    await new Promise(resolve => setImmediate(resolve))
    open = await new Promise(resolve => server.getConnections((_error, count) => resolve(count)))
  }
}
