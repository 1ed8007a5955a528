// What handlers of Koa 2 and 3 are seen to read.

import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { connect, createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { type Observer, observeKoa } from '../../src/door/observe/index.ts'
import { type KoaHandler, type KoaSetup, koas, layer, viaKoa } from './support.ts'

const file = fileURLToPath(import.meta.url)
const asked = { accept: 'text/html', 'user-agent': 'test', cookie: 'u=alice', 'x-trip': 'canary' }
const conditional = { ...asked, 'if-none-match': '"x"', 'if-modified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' }
const symbol = Symbol('tenant')

type Row = [title: string, handler: KoaHandler, fields: string[], identities: string[], setup?: KoaSetup]

const outer = (set: KoaHandler): KoaSetup => ({ outer: [layer(set)] })
const answer = (read: (ctx: Parameters<KoaHandler>[0]) => unknown): KoaHandler => {
  return ctx => {
    ctx.body = JSON.stringify(read(ctx)) ?? 'nothing'
  }
}

const rows: Row[] = [
  // What the framework reads by itself.
  ['a string', answer(() => 'page'), [], [], { headers: conditional }],
  [
    'an object',
    ctx => {
      ctx.body = { a: 1 }
    },
    [],
    [],
    { headers: conditional },
  ],
  [
    'a stream',
    ctx => {
      ctx.body = createReadStream(file)
    },
    [],
    [],
  ],
  ['ctx.redirect', ctx => ctx.redirect('/x'), ['accept'], []],
  [
    'the parts of the target',
    answer(ctx => [ctx.url, ctx.path, ctx.query, ctx.search, ctx.originalUrl, ctx.method]),
    [],
    [],
  ],
  ['ctx.fresh and stale', answer(ctx => [ctx.fresh, ctx.stale]), [], [], { headers: conditional }],
  ['an error', ctx => ctx.throw(503), [], []],
  ['nothing at all', () => {}, [], []],
  [
    'a cookie that it sets',
    ctx => {
      ctx.cookies.set('a', 'b')
      ctx.body = 'page'
    },
    [],
    [],
  ],

  // Fields.
  ['ctx.headers.x', answer(ctx => ctx.headers['x-trip']), ['x-trip'], []],
  ['ctx.header.x', answer(ctx => ctx.header['x-trip']), ['x-trip'], []],
  ['ctx.request.header.x', answer(ctx => ctx.request.header['x-absent']), ['x-absent'], []],
  ['ctx.req.headers.x', answer(ctx => ctx.req.headers['x-trip']), ['x-trip'], []],
  ['ctx.get', answer(ctx => ctx.get('X-Absent')), ['x-absent'], []],
  ['ctx.accepts', answer(ctx => ctx.accepts('json', 'html')), ['accept'], []],
  [
    'ctx.accepts after an outer layer asked',
    answer(ctx => ctx.accepts('json', 'html')),
    ['accept'],
    [],
    { ...outer(ctx => ctx.accepts('html')), headers: {} },
  ],
  ['ctx.is', answer(ctx => ctx.is('json')), [], []],
  [
    'after an await',
    async ctx => {
      await new Promise(setImmediate)
      ctx.body = ctx.get('x-trip')
    },
    ['x-trip'],
    [],
  ],
  [
    'in a stream',
    ctx => {
      ctx.body = Readable.from(
        (function* () {
          yield ctx.get('x-trip')
        })(),
      )
    },
    ['x-trip'],
    [],
  ],
  [
    'in toJSON',
    ctx => {
      ctx.body = { toJSON: () => ctx.get('x-trip') }
    },
    ['x-trip'],
    [],
  ],
  ['ctx as JSON', answer(ctx => ctx.toJSON()), [], ['headers']],

  // Identity.
  ['ctx.cookies.get', answer(ctx => ctx.cookies.get('u')), [], ['cookie']],
  ['ctx.ip', answer(ctx => ctx.ip), [], ['ip']],
  ['ctx.ip after an outer layer asked', answer(ctx => ctx.ip), [], ['ip'], outer(ctx => ctx.ip)],
  ['ctx.request.ip', answer(ctx => ctx.request.ip), [], ['ip']],
  ['ctx.ips', answer(ctx => ctx.ips), [], ['ip']],
  ['ctx.socket.remoteAddress', answer(ctx => ctx.socket.remoteAddress), [], ['ip']],
  ['rawHeaders', answer(ctx => ctx.req.rawHeaders), [], ['raw-headers']],
  ['no ctx.state.user', answer(ctx => ctx.state.user), [], ['state.user']],
  ['no ctx.user', answer(ctx => ctx.user), [], []],

  // What outer layers added.
  [
    'ctx.state.user',
    answer(ctx => ctx.state.user),
    [],
    ['state.user'],
    outer(ctx => {
      ctx.state.user = 'alice'
    }),
  ],
  [
    'ctx.state listed',
    answer(ctx => ({ ...ctx.state })),
    [],
    ['state.cart', 'state.user'],
    outer(ctx => {
      ctx.state = { user: 'alice', cart: 1 }
    }),
  ],
  [
    'ctx.state unread',
    answer(() => 'page'),
    [],
    [],
    outer(ctx => {
      ctx.state.user = 'alice'
    }),
  ],
  [
    'ctx.state of its own',
    ctx => {
      ctx.state.title = 't'
      ctx.body = { ...ctx.state }
    },
    [],
    [],
  ],
  [
    'ctx.state replaced whole',
    ctx => {
      ctx.state = { user: 'static' }
      ctx.body = ctx.state.user
    },
    [],
    [],
    outer(ctx => {
      ctx.state.user = 'alice'
    }),
  ],
  [
    'ctx.user',
    answer(ctx => ctx.user),
    [],
    ['user'],
    outer(ctx => {
      ctx.user = 'alice'
    }),
  ],
  [
    'ctx.tenant',
    answer(ctx => ctx.tenant),
    [],
    ['ctx.tenant'],
    outer(ctx => {
      ctx.tenant = 'a'
    }),
  ],
  [
    'ctx.request.tenant',
    answer(ctx => ctx.request.tenant),
    [],
    ['request.tenant'],
    outer(ctx => {
      ctx.request.tenant = 'a'
    }),
  ],
  [
    'ctx.req.tenant',
    answer(ctx => ctx.req.tenant),
    [],
    ['req.tenant'],
    outer(ctx => {
      ctx.req.tenant = 'a'
    }),
  ],
  [
    'a symbol',
    answer(ctx => ctx[symbol]),
    [],
    ['ctx.tenant'],
    outer(ctx => {
      ctx[symbol] = 'a'
    }),
  ],
  [
    'not configurable',
    answer(() => 'page'),
    [],
    ['opaque'],
    outer(ctx => Object.defineProperty(ctx, 'cart', { value: 1 })),
  ],
  [
    'not configurable, but reading the state',
    answer(() => 'page'),
    [],
    [],
    outer(ctx => Object.defineProperty(ctx.req, 'user', { get: () => ctx.state.user })),
  ],
  [
    'the same, read',
    answer(ctx => ctx.req.user),
    [],
    ['state.user'],
    outer(ctx => Object.defineProperty(ctx.req, 'user', { get: () => ctx.state.user })),
  ],
  [
    'ctx.session of the prototype',
    answer(ctx => ctx.session),
    [],
    ['session'],
    { prepare: app => Object.defineProperty(app.context, 'session', { get: () => 'mine' }) },
  ],
  [
    'a request id and a logger',
    ctx => {
      ctx.log.info()
      ctx.body = String(ctx.id)
    },
    [],
    [],
    outer(ctx => {
      Object.assign(ctx, { id: 1, log: { info() {} } })
    }),
  ],

  // Host and protocol.
  ['ctx.host', answer(ctx => ctx.host), ['host'], [], { headers: { 'x-forwarded-host': 'evil' } }],
  [
    'ctx.hostname behind proxies',
    answer(ctx => ctx.hostname),
    ['x-forwarded-host'],
    [],
    { settings: { proxy: true }, headers: { 'x-forwarded-host': 'a' } },
  ],
  ['ctx.protocol', answer(ctx => ctx.protocol), [], []],
  ['ctx.secure behind proxies', answer(ctx => ctx.secure), ['x-forwarded-proto'], [], { settings: { proxy: true } }],
  ['ctx.URL after an outer layer asked', answer(ctx => ctx.URL.host), ['host'], [], outer(ctx => ctx.URL)],
  ['ctx.subdomains', answer(ctx => ctx.subdomains), ['host'], []],
]

for (const [framework, Koa] of koas) {
  it(`${framework} over HTTP/2`, async () => {
    const app = new Koa()
    const observed: Observer[] = []
    // biome-ignore lint/suspicious/noExplicitAny: no type of Koa knows both protocols
    app.use((ctx: any) => {
      const { headers } = ctx.req
      const window = observeKoa(ctx)
      const read = ctx.path === '/ip' ? ctx.ip : ctx.path === '/field' ? [ctx.host, ctx.get('x-trip')] : ctx.protocol
      observed.push(window)
      window.end()
      ctx.body = JSON.stringify([read, headers === ctx.req.headers])
    })
    const server = createServer(app.callback()).listen(0)
    await once(server, 'listening')
    const client = connect(`http://localhost:${(server.address() as AddressInfo).port}`)
    try {
      for (const path of ['/ip', '/field', '/page']) {
        let body = ''
        const stream = client.request({ ':path': path, 'x-trip': 'canary' })
        for await (const chunk of stream.setEncoding('utf8')) body += chunk
        expect(JSON.parse(body)[1]).to.equal(true)
      }
      expect(observed.map(({ observation: { fields, identities } }) => [...fields, ...identities])).to.deep.equal([
        ['ip'],
        ['host', 'x-trip'],
        [],
      ])
    } finally {
      client.close()
      server.close()
    }
  })

  describe(`what a handler of ${framework} reads`, () => {
    for (const [title, handler, fields, identities, setup] of rows) {
      it(`${title} → ${[...fields, ...identities].join(', ') || 'nothing'}`, async () => {
        const { status, body, ...read } = await viaKoa(Koa, handler, { headers: asked, ...setup })
        expect([read.fields, read.identities]).to.deep.equal([fields, identities], `${status} ${body}`)
      })
    }
  })
}
