// Every way in which Koa can answer: the client of a miss gets what it would have got without us, and that of a hit the same.

import { createReadStream, readFileSync } from 'node:fs'
import { PassThrough, Readable, Stream } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import type { Context } from 'koa'
import { ask, closeServers, fakeEngine, type Reply, serve, versions } from './support.ts'

const path = fileURLToPath(import.meta.url)
const big = Buffer.alloc(700_000, 'larder ')

interface Case {
  readonly handler: (ctx: Context) => unknown
  readonly only?: 'Koa 3'
}

const cases: Readonly<Record<string, Case>> = {
  string: { handler: ctx => (ctx.body = 'text') },
  html: { handler: ctx => (ctx.body = '<p>grüß</p>') },
  'empty string': { handler: ctx => (ctx.body = '') },
  buffer: { handler: ctx => (ctx.body = Buffer.from([0, 255, 10])) },
  'typed buffer': {
    handler: ctx => {
      ctx.type = 'image/png'
      ctx.body = big
    },
  },
  object: { handler: ctx => (ctx.body = { a: [1, 'ü', null], b: undefined, at: new Date(0) }) },
  array: { handler: ctx => (ctx.body = [1, 2]) },
  number: { handler: ctx => (ctx.body = 5) },
  false: { handler: ctx => (ctx.body = false) },
  'object under a type of its own': {
    handler: ctx => {
      ctx.body = { a: 1 }
      ctx.type = 'application/vnd.api+json'
    },
  },
  null: { handler: ctx => (ctx.body = null) },
  'null with 200': {
    handler: ctx => {
      ctx.status = 200
      ctx.body = null
    },
  },
  'null under JSON': {
    handler: ctx => {
      ctx.type = 'json'
      ctx.body = null
    },
  },
  'status alone': { handler: ctx => (ctx.status = 418) },
  'status with a reason of its own': {
    handler: ctx => {
      ctx.status = 410
      ctx.message = 'Went away'
    },
  },
  nothing: { handler: () => {} },
  '205': {
    handler: ctx => {
      ctx.body = 'x'
      ctx.status = 205
    },
  },
  redirect: { handler: ctx => ctx.redirect('/elsewhere?a=ü') },
  'error page': {
    handler: ctx => {
      ctx.status = 503
      ctx.body = { error: 'later' }
    },
  },
  'fields of all kinds': {
    handler: ctx => {
      ctx.set('X-Numbered', 5 as never)
      ctx.set('x-lower', 'v')
      ctx.append('Link', '</a>')
      ctx.append('Link', '</b>')
      ctx.set('X-Latin', 'ü')
      ctx.etag = 'tag'
      ctx.body = Buffer.from('x')
    },
  },
  stream: { handler: ctx => (ctx.body = Readable.from(['a', 'ü', Buffer.from('c')])) },
  'empty stream': { handler: ctx => (ctx.body = Readable.from([])) },
  'stream with its length': {
    handler: ctx => {
      ctx.type = 'css'
      ctx.body = Readable.from([big, big])
      ctx.length = 2 * big.length
      ctx.set('X-After', 'length')
    },
  },
  file: {
    handler: ctx => {
      ctx.type = 'text'
      ctx.body = createReadStream(path)
    },
  },
  'stream that has ended': {
    handler: async ctx => {
      const stream = Readable.from(['a'])
      for await (const _ of stream) void _
      ctx.body = stream
    },
    only: 'Koa 3',
  },
  'passthrough that is being written': {
    handler: ctx => {
      const stream = new PassThrough()
      ctx.body = stream
      setImmediate(() => {
        stream.write('first')
        setImmediate(() => stream.end('second'))
      })
    },
  },
  'stream in another encoding': {
    handler: ctx => (ctx.body = Readable.from([Buffer.from('ü')], { objectMode: false }).setEncoding('hex')),
  },
  'stream of the old kind': {
    handler: ctx => {
      const old = new Stream() as Stream & { readable: boolean }
      old.readable = true
      ctx.body = old
      setImmediate(() => {
        old.emit('data', 'a')
        old.emit('data', Buffer.from('b'))
        old.emit('end')
      })
    },
    only: 'Koa 3',
  },
  'stream in place of a stream': {
    handler: ctx => {
      ctx.body = Readable.from(['first'])
      ctx.body = Readable.from(['second'])
    },
  },
  blob: { handler: ctx => (ctx.body = new Blob(['blob'], { type: 'text/x-blob' })), only: 'Koa 3' },
  'web stream': { handler: ctx => (ctx.body = new Blob(['web', 'stream']).stream()), only: 'Koa 3' },
  'web response': {
    handler: ctx => (ctx.body = new Response('fetched', { status: 201, headers: { 'x-upstream': 'y' } })),
    only: 'Koa 3',
  },
  'web response without a body': {
    handler: ctx => (ctx.body = new Response(null, { status: 202 })),
    only: 'Koa 3',
  },
  'web stream where it is an object': { handler: ctx => (ctx.body = new Blob(['x']).stream()) },
}

describe('what a handler leaves on a context', () => {
  afterEach(closeServers)

  for (const [version, Koa] of versions) {
    for (const [name, { handler, only }] of Object.entries(cases)) {
      if (only !== undefined && only !== version) continue
      for (const method of ['GET', 'HEAD']) {
        it(`${version}, ${method}: ${name}`, async () => {
          const bare = new Koa()
          bare.use(async ctx => void (await handler(ctx)))
          const cached = new Koa()
          const engine = fakeEngine()
          cached.use(engine.middleware)
          cached.use(async ctx => void (await handler(ctx)))
          const [plain, server] = [await serve(bare), await serve(cached)]

          const expected = await ask(plain, '/', { method })
          expect(expected.complete).to.equal(true)
          const miss = await ask(server, '/', { method })
          expect(miss.headers['x-fake']).to.equal('miss')
          // Nothing at all can be framed in two ways.
          const frames = expected.body.length === 0 ? /^(x-fake|transfer-encoding|content-length)/i : /^x-fake/i
          expect(without(miss, frames)).to.deep.equal(without(expected, frames))

          if (method === 'HEAD') await ask(server, '/')
          const hit = await ask(server, '/', { method })
          expect(hit.headers['x-fake']).to.equal('hit')
          expect(engine.records.length).to.equal(method === 'GET' ? 1 : 2)
          // A HEAD says of words what their GET says; Koa leaves the type out.
          const words = method === 'HEAD' && expected.headers['content-type'] === undefined ? 'content-type|' : ''
          const framing = new RegExp(`^(${words}transfer-encoding|content-length|x-fake)`, 'i')
          expect(without(hit, framing)).to.deep.equal(without(miss, framing))
          // Where the length was known on the way out, not a byte is different.
          if (miss.headers['content-length'] !== undefined && method === 'GET') {
            expect(without(hit, /^x-fake/i)).to.deep.equal(without(miss, /^x-fake/i))
          }
        })
      }
    }
  }

  it('the file is the file', async () => {
    for (const [, Koa] of versions) {
      const app = new Koa()
      app.use(fakeEngine().middleware)
      app.use(ctx => {
        ctx.body = createReadStream(path)
      })
      const server = await serve(app)
      for (let i = 0; i < 2; i++) expect((await ask(server, '/')).body.equals(readFileSync(path))).to.equal(true)
    }
  })
})

function without(reply: Reply, fields = /^$/): Pick<Reply, 'status' | 'lines' | 'body'> {
  const { status, lines, body } = reply
  return { status, lines: lines.filter(line => !fields.test(line)).sort(), body }
}
