// What handlers of Express 4 and 5 are seen to read.

import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { expect } from 'chai'
import { type ExpressHandler, type ExpressSetup, expresses, layer, viaExpress } from './support.ts'

const file = fileURLToPath(import.meta.url)
const asked = {
  accept: 'text/html',
  'accept-language': 'fr',
  'user-agent': 'test',
  cookie: 'u=alice',
  'x-trip': 'canary',
}
const conditional = { ...asked, 'if-none-match': '"x"', 'if-modified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' }
const symbol = Symbol('tenant')

const pageOf = (value: unknown) => ({ type: typeof value })

type Row = [title: string, handler: ExpressHandler, fields: string[], identities: string[], setup?: ExpressSetup]

const outer = (set: (req: never, res: never) => void): ExpressSetup => ({ outer: [layer(set)] })

const rows: Row[] = [
  // What the framework reads by itself.
  ['res.json', (_, res) => res.json({ a: 1 }), [], [], { headers: conditional }],
  ['res.send', (_, res) => res.send('page'), [], [], { headers: conditional }],
  ['res.send of a Buffer', (_, res) => res.send(Buffer.from('page')), [], []],
  ['res.sendFile', (_, res) => res.sendFile(file), [], [], { headers: { ...conditional, range: 'bytes=0-1' } }],
  ['res.end', (_, res) => res.end('page'), [], []],
  ['a stream', (_, res) => createReadStream(file).pipe(res), [], []],
  ['res.redirect', (_, res) => res.redirect('/x'), ['accept'], []],
  ['res.format', (_, res) => res.format({ html: () => res.send('<p>') }), ['accept'], []],
  ['res.status and sendStatus', (_, res) => res.sendStatus(404), [], []],
  [
    'the parts of the target',
    (req, res) => res.json([req.url, req.path, req.query, req.params, req.originalUrl]),
    [],
    [],
  ],
  ['req.fresh and stale', (req, res) => res.json([req.fresh, req.stale]), [], [], { headers: conditional }],
  ['res.render', (_, res) => res.render('x'), [], [], { settings: { view: view(), 'view engine': 'x' } }],
  ['next() with nobody behind', (_req, _res, next) => next(), [], []],
  [
    'an error',
    () => {
      throw Object.assign(new Error('no'), { status: 503 })
    },
    [],
    [],
    { settings: { env: 'test' } },
  ],

  // Fields.
  ['req.headers.x', (req, res) => res.json(req.headers['x-trip']), ['x-trip'], []],
  ['an absent field', (req, res) => res.json(pageOf(req.headers['x-absent'])), ['x-absent'], []],
  ['optional chaining', (req, res) => res.json(pageOf(req.headers?.['x-absent']?.length)), ['x-absent'], []],
  ['destructuring', ({ headers: { 'x-trip': trip = 'no' } }, res) => res.json(trip), ['x-trip'], []],
  ['in', (req, res) => res.json('x-absent' in req.headers), ['x-absent'], []],
  ['Object.hasOwn', (req, res) => res.json(Object.hasOwn(req.headers, 'x-trip')), ['x-trip'], []],
  ['hasOwnProperty', (req, res) => res.json(Object.hasOwn(req.headers, 'x-trip')), ['x-trip'], []],
  ['req.get', (req, res) => res.json(req.get('X-Trip')), ['x-trip'], []],
  ['req.header', (req, res) => res.json(req.header('Referer')), ['referer', 'referrer'], []],
  ['req.accepts', (req, res) => res.json(req.accepts(['json', 'html'])), ['accept'], []],
  ['req.acceptsLanguages', (req, res) => res.json(req.acceptsLanguages('fr')), ['accept-language'], []],
  ['req.xhr', (req, res) => res.json(req.xhr), ['x-requested-with'], []],
  ['the user agent, in the application', (req, res) => res.json(req.headers['user-agent']), ['user-agent'], []],
  ['a name that no field has', (req, res) => res.json(pageOf(req.headers['X-Trip'])), [], []],
  ['methods of objects', (req, res) => res.json(pageOf(req.headers.toString())), [], []],
  [
    'ids and conditionals',
    (req, res) =>
      res.json(
        [
          req.get('traceparent'),
          req.get('x-request-id'),
          req.get('if-match'),
          req.get('content-length'),
          req.get('cache-control'),
        ].length,
      ),
    [],
    [],
  ],
  [
    'what content would be, and conditions that nobody knows',
    (req, res) => res.json([req.get('content-type'), req.get('if-moon')].length),
    ['content-type', 'if-moon'],
    [],
  ],
  [
    'after an await',
    async (req, res) => {
      await new Promise(setImmediate)
      res.json(req.headers['x-trip'])
    },
    ['x-trip'],
    [],
  ],
  [
    'in a stream',
    (req, res) =>
      Readable.from(
        (function* () {
          yield String(req.headers['x-trip'])
        })(),
      ).pipe(res),
    ['x-trip'],
    [],
  ],
  [
    'what it wrote itself',
    (req, res) => {
      req.headers['x-own'] = 'mine'
      res.json(req.headers['x-own'])
    },
    [],
    [],
  ],
  [
    'what it deleted itself',
    (req, res) => {
      delete req.headers['x-trip']
      res.json(pageOf(req.headers['x-trip']))
    },
    [],
    [],
  ],

  // Identity.
  ['the cookie', (req, res) => res.json(req.headers.cookie), [], ['cookie']],
  ['no authorization', (req, res) => res.json(pageOf(req.headers.authorization)), [], ['authorization']],
  ['x-forwarded-for', (req, res) => res.json(pageOf(req.get('X-Forwarded-For'))), [], ['forwarded-for']],
  ['req.ip', (req, res) => res.json(req.ip), [], ['ip']],
  ['socket.remoteAddress', (req, res) => res.json(req.socket.remoteAddress), [], ['ip']],
  ['connection.remoteAddress', (req, res) => res.json(req.connection.remoteAddress), [], ['ip']],
  ['rawHeaders', (req, res) => res.json(req.rawHeaders), [], ['raw-headers']],
  ['rawHeaders, one line', (req, res) => res.send(req.rawHeaders[1]), [], ['raw-headers']],
  ['rawHeaders, how many', (req, res) => res.json('0' in req.rawHeaders), [], ['raw-headers']],
  ['rawHeaders, spread', (req, res) => res.json({ ...req.rawHeaders }), [], ['raw-headers']],
  ['rawHeaders, as text', (req, res) => res.send(inspect(req.rawHeaders)), [], ['raw-headers']],
  ['rawHeaders, for each', (req, res) => res.send(req.rawHeaders.map(String).join()), [], ['raw-headers']],
  ['rawHeaders, not looked into', (req, res) => res.json(Array.isArray(req.rawHeaders)), [], []],
  ['headersDistinct', (req, res) => res.json(req.headersDistinct.cookie), [], ['raw-headers']],
  ['Object.keys', (req, res) => res.json(Object.keys(req.headers)), [], ['headers']],
  ['spread', (req, res) => res.json({ ...req.headers }), [], ['headers']],
  ['JSON.stringify', (req, res) => res.send(JSON.stringify(req.headers)), [], ['headers']],
  [
    'for in',
    (req, res) => {
      let n = ''
      for (const k in req.headers) n += req.headers[k]
      res.send(n)
    },
    [],
    ['headers'],
  ],
  [
    'spread, and one by name',
    (req, res) => res.json([{ ...req.headers }, req.headers.cookie]),
    [],
    ['cookie', 'headers'],
  ],
  ['no user', (req, res) => res.json(pageOf(req.user)), [], ['user']],
  ['no session', (req, res) => res.json(pageOf(req.session?.id)), [], ['session']],

  // What outer layers added.
  [
    'req.cookies',
    (req, res) => res.json(req.cookies),
    [],
    ['cookies'],
    outer((req: { cookies: object }) => {
      req.cookies = { u: 'alice' }
    }),
  ],
  [
    'req.user',
    (req, res) => res.json(req.user),
    [],
    ['user'],
    outer((req: { user: string }) => {
      req.user = 'alice'
    }),
  ],
  [
    'req.tenant',
    (req, res) => res.json(req.tenant),
    [],
    ['req.tenant'],
    outer((req: { tenant: string }) => {
      req.tenant = 'a'
    }),
  ],
  [
    'req.ctx',
    (req, res) => res.json(req.ctx),
    [],
    ['req.ctx'],
    outer((req: { ctx: object }) => {
      req.ctx = { user: 'alice' }
    }),
  ],
  [
    'unread',
    (_, res) => res.json('page'),
    [],
    [],
    outer((req: { tenant: string }) => {
      req.tenant = 'a'
    }),
  ],
  [
    'a symbol',
    (req, res) => res.json(req[symbol]),
    [],
    ['req.tenant'],
    outer((req: { [symbol]: string }) => {
      req[symbol] = 'a'
    }),
  ],
  [
    'a getter',
    (req, res) => res.json(req.cart),
    [],
    ['req.cart'],
    outer(req =>
      Object.defineProperty(req, 'cart', {
        configurable: true,
        get() {
          return (this as { headers: { cookie: string } }).headers.cookie
        },
      }),
    ),
  ],
  [
    'not configurable',
    (_, res) => res.json('page'),
    [],
    ['opaque'],
    outer(req => Object.defineProperty(req, 'cart', { value: 1 })),
  ],
  [
    'a frozen value',
    (req, res) => res.json(req.cart),
    [],
    ['req.cart'],
    outer((req: { cart: object }) => {
      req.cart = Object.freeze({ a: 1 })
    }),
  ],
  [
    'res.tenant',
    (_, res) => res.json(res.tenant),
    [],
    ['res.tenant'],
    outer((_, res: { tenant: string }) => {
      res.tenant = 'a'
    }),
  ],
  [
    'a request id and a logger',
    (req, res) => {
      req.log.info()
      res.json(pageOf(req.id))
    },
    [],
    [],
    outer((req: { id: number; log: object }) => {
      Object.assign(req, { id: 1, log: { info() {} } })
    }),
  ],
  [
    'res.locals.user',
    (_, res) => res.json(res.locals.user),
    [],
    ['locals.user'],
    outer((_, res: { locals: { user: string } }) => {
      res.locals.user = 'alice'
    }),
  ],
  ['no res.locals.user', (_, res) => res.json(pageOf(res.locals.user)), [], ['locals.user']],
  ['no res.locals.title', (_, res) => res.json(pageOf(res.locals.title)), [], []],
  [
    'all of res.locals',
    (_, res) => res.json({ ...res.locals }),
    [],
    ['locals.nonce'],
    outer((_, res: { locals: { nonce: string } }) => {
      res.locals.nonce = 'n'
    }),
  ],
  [
    'frozen res.locals',
    (_, res) => res.json(res.locals.nonce),
    [],
    ['locals.nonce'],
    outer((_, res: { locals: object }) => {
      res.locals = Object.freeze({ nonce: 'n' })
    }),
  ],
  [
    'own res.locals',
    (_, res) => {
      res.locals.title = 't'
      res.locals = Object.assign(res.locals, { a: 1 })
      res.json([res.locals.title, { ...res.locals }])
    },
    [],
    [],
  ],
  [
    'res.render with outer locals',
    (_, res) => res.render('x'),
    [],
    ['locals.nonce'],
    {
      ...outer((_, res: { locals: { nonce: string } }) => {
        res.locals.nonce = 'n'
      }),
      settings: { view: view(), 'view engine': 'x' },
    },
  ],
  [
    'a user of its own making',
    (req, res) => {
      req.user = 'static'
      res.json([req.user, Object.keys(req).includes('user')])
    },
    [],
    [],
  ],
  [
    'a user made of the cookie',
    (req, res) => {
      req.user = req.headers.cookie
      res.json(req.user)
    },
    [],
    ['cookie'],
  ],

  // Host and protocol.
  ['req.hostname', (req, res) => res.json(req.hostname), ['host'], []],
  [
    'req.hostname with a forged host',
    (req, res) => res.json(req.hostname),
    ['host'],
    [],
    { headers: { 'x-forwarded-host': 'evil' } },
  ],
  ['req.subdomains', (req, res) => res.json(req.subdomains), ['host'], []],
  ['req.protocol', (req, res) => res.json(req.protocol), [], []],
  ['req.secure', (req, res) => res.json(req.secure), [], [], { headers: { 'x-forwarded-proto': 'https' } }],
  [
    'req.protocol behind proxies',
    (req, res) => res.json(req.protocol),
    ['x-forwarded-proto'],
    [],
    { settings: { 'trust proxy': true }, headers: { 'x-forwarded-proto': 'https' } },
  ],
  [
    'req.hostname behind proxies',
    (req, res) => res.json(req.hostname),
    ['host', 'x-forwarded-host'],
    [],
    { settings: { 'trust proxy': 'loopback' }, headers: { 'x-forwarded-host': 'a' } },
  ],
  [
    'req.protocol past the proxy',
    (req, res) => res.json(req.protocol),
    ['x-forwarded-proto'],
    ['ip'],
    { settings: { 'trust proxy': '10.0.0.1' }, headers: { 'x-forwarded-proto': 'https' } },
  ],
]

/** An Express view class that renders nothing from disk. */
function view() {
  return class View {
    path = 'x'
    render(options: object, done: (error: null, html: string) => void) {
      done(null, Object.keys(options).length > 0 ? '<p>' : '')
    }
  }
}

for (const [framework, express] of expresses) {
  describe(`what a handler of ${framework} reads`, () => {
    for (const [title, handler, fields, identities, setup] of rows) {
      it(`${title} → ${[...fields, ...identities].join(', ') || 'nothing'}`, async () => {
        const answer = await viaExpress(express, handler, { headers: asked, ...setup })
        expect(answer).to.include(title === 'an error' ? { status: 503 } : {})
        expect([answer.fields, answer.identities]).to.deep.equal(
          [fields, identities],
          `${answer.status} ${answer.body}`,
        )
      })
    }

    it('does not see console.log, which looks behind proxies', async () => {
      const { identities } = await viaExpress(express, (req, res) => res.send(inspect(req.headers)))
      expect(identities).to.deep.equal([])
    })

    it('has structuredClone throw, as for any proxy', async () => {
      const { body } = await viaExpress(express, (req, res) => {
        try {
          structuredClone(req.headers)
        } catch (error) {
          res.send((error as Error).name)
        }
      })
      expect(body).to.equal('DataCloneError')
    })

    it('counts in a mounted application', async () => {
      const sub = express()
      sub.use((req: never, res: { json(value: unknown): void }) => res.json([req['ip'], req['user'], req['protocol']]))
      const { identities, fields } = await viaExpress(express, sub)
      expect([fields, identities]).to.deep.equal([[], ['ip', 'user']])
    })
  })
}
