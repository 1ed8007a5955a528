// Whatever can be seen of a request and a response on the fast server is what can be seen on Node's, at every moment of their lives.

import { once } from 'node:events'
import { IncomingMessage, type Server, ServerResponse } from 'node:http'
import { expect } from 'chai'
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express'
import { type AskOptions, ask } from '../support/http.ts'
import { type Application, onBoth, portOf, type Version, versions, wireOf } from './both.ts'
import { type Moment, seeing } from './visible.ts'

const json = { 'Content-Type': 'application/json' }
const asked: readonly (readonly [title: string, target: string, options?: AskOptions])[] = [
  ['GET', '/items/7?a=1&b[]=2&c=%C3%BC'],
  ['HEAD', '/items/7', { method: 'HEAD' }],
  ['OPTIONS', '/items/7', { method: 'OPTIONS' }],
  ['a target in absolute form', 'http://other.example/items/7?x=1'],
  ['a body of JSON', '/echo', { method: 'POST', headers: json, body: '{"a":{"b":[1]}}' }],
  ['a body of JSON that is none', '/echo', { method: 'POST', headers: json, body: '{' }],
  [
    'a form',
    '/echo',
    { method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: 'a[b]=1&c=2' },
  ],
  [
    'a body in chunks',
    '/echo',
    { method: 'PUT', headers: { ...json, 'Transfer-Encoding': 'chunked' }, body: '2\r\n[]\r\n0\r\n\r\n' },
  ],
  ['a body that nobody reads', '/items/7', { method: 'POST', body: 'x'.repeat(1000) }],
  ['Expect: 100-continue', '/echo', { method: 'POST', headers: { ...json, Expect: '100-continue' }, body: '[]' }],
  ['another expectation', '/items/7', { headers: { Expect: 'miracles' } }],
  [
    'forwarded fields',
    '/items/7',
    {
      headers: {
        Host: 'inner.example:8080',
        'X-Forwarded-For': '203.0.113.7, 127.0.0.1',
        'X-Forwarded-Proto': 'https',
        'X-Forwarded-Host': 'tobi.ferrets.example.com:3000',
      },
    },
  ],
  [
    'XMLHttpRequest and ranges',
    '/items/7',
    { headers: { 'X-Requested-With': 'XMLHttpRequest', Range: 'bytes=0-3,5-' } },
  ],
  [
    'preferences',
    '/items/7',
    {
      headers: {
        Accept: 'text/html;q=.5, application/json',
        'Accept-Language': 'fr, en;q=0.7',
        'Accept-Encoding': 'br',
      },
    },
  ],
  [
    'fields of several lines',
    '/items/7',
    { headers: { Cookie: ['a=1', 'b=2'], 'X-Many': ['1', '2'], Accept: ['a/b', 'c/d'] } },
  ],
  ['a tag that is still fresh', '/items/7', { headers: { 'If-None-Match': '*' } }],
  ['Connection: close', '/items/7', { headers: { Connection: 'close' } }],
  ['an upgrade that nobody handles', '/items/7', { headers: { Connection: 'Upgrade', Upgrade: 'nothing' } }],
  ['a sub-app that answers', '/shop/cart'],
  ['a sub-app that lets it pass', '/shop/through'],
  ['a sub-app in a sub-app', '/shop/deep/inside'],
  ['a sub-app that fails', '/shop/broken'],
  ['a router', '/users/ann/posts/3'],
  ['an error', '/broken'],
  ['an error after the head', '/half'],
  ['nothing there', '/none'],
]

for (const { name, express } of versions) {
  describe(`${name} on the fast server: requests and responses`, () => {
    const start = onBoth()
    // What an eye that looks at everything sees in Express 4 is deprecated in part.
    const quietly = () => {}
    before(() => process.on('deprecation', quietly))
    after(() => process.off('deprecation', quietly))

    for (const [title, target, options] of asked) {
      for (const trust of [false, true, 'loopback', 1] as const) {
        if (trust !== false && title !== 'forwarded fields') continue
        it(`${title}${trust === false ? '' : `, with trust proxy ${trust}`}: the same to every eye`, async () => {
          const moments: Moment[][] = []
          const sides = await start(() => {
            const seen: Moment[] = []
            moments.push(seen)
            return watchedApp({ name, express }, trust, seen)
          })
          const node = await visit(sides.node, target, options)
          const fast = await visit(sides.fast, target, options)
          expect(wireOf(fast)).to.equal(wireOf(node))
          expect(fast.interim).to.deep.equal(node.interim)
          const [onNode, onFast] = moments as [Moment[], Moment[]]
          expect(onFast.map(({ at }) => at)).to.deep.equal(onNode.map(({ at }) => at))
          expect(onNode).to.have.length.at.least(title === 'another expectation' ? 0 : 3)
          for (const [i, moment] of onFast.entries()) expect(moment, moment.at).to.deep.equal(onNode[i])
        })
      }
    }
  })
}

/** Asks, and waits until the server has done with the connection. */
async function visit(server: Server, target: string, options?: AskOptions) {
  const over = once(server, 'connection').then(([socket]) => once(socket, 'close'))
  const answer = await ask(portOf(server), target, options)
  await over
  return answer
}

/** Notes what is visible from the first layer to the end of the connection, in sub-apps and behind them. */
function watchedApp({ express }: Version, trust: boolean | string | number, seen: Moment[]): Application {
  const see = seeing(express)
  const note = (at: string): RequestHandler => {
    return (req, res, next) => {
      seen.push(see(at, { req, res }))
      next()
    }
  }
  const app = express()
  app.set('env', 'test')
  app.set('trust proxy', trust)
  app.use((req, res, next) => {
    seen.push(see('first', { req, res }))
    for (const event of ['finish', 'close']) res.once(event, () => seen.push(see(`response ${event}`, { req, res })))
    for (const event of ['end', 'close']) req.once(event, () => seen.push(see(`request ${event}`, { req, res })))
    next()
  })
  app.all('/items/:id', note('item'), (req, res) => {
    res
      .cookie('a', 'ü', { expires: new Date(4e12), httpOnly: true })
      .clearCookie('b')
      .append('X-Item', ['1', '2'])
    res.vary('Accept').links({ next: '/items/8' }).location('/items/ü').type('json').attachment('grüße.json')
    res.set('Cache-Control', 'max-age=60')
    res.json({ calls: callsOf(req), response: answersOf(res) })
  })
  app.use(express.json(), express.urlencoded({ extended: true }), note('parsed'))
  app.all('/echo', async (req, res) => {
    await new Promise(setImmediate)
    note('later')(req, res, () => res.json({ body: req.body, calls: callsOf(req) }))
  })

  const deep = express()
  deep.get('/inside', note('deep inside'), (req, res) => void res.json(callsOf(req)))
  const shop = express()
  shop.set('trust proxy', trust === false)
  Object.assign(shop.request, { basket: 'of the shop' })
  Object.assign(shop.response, { till: 'of the shop' })
  shop.use(note('in the shop'))
  shop.get('/cart', (req, res) => void res.json(callsOf(req)))
  shop.get('/through', (_req, _res, next) => next())
  shop.get('/broken', () => broken())
  shop.use('/deep', deep)
  app.use('/shop', shop)
  app.use('/shop', note('behind the shop'), (req, res) => void res.json(callsOf(req)))

  const posts = express.Router({ mergeParams: true })
  posts.param('post', (_req, res, next, post) => {
    res.locals['post'] = post
    next()
  })
  posts.get('/:post', note('post'), (req, res) => void res.json({ locals: res.locals, calls: callsOf(req) }))
  const users = express.Router()
  users.use('/:user/posts', posts)
  app.use('/users', users)

  app.get('/broken', () => broken())
  app.get('/half', (_req, res) => {
    res.write('half')
    broken()
  })
  const failed: ErrorRequestHandler = (error, req, res, next) => {
    seen.push(see('failed', { req, res }))
    if (res.headersSent) next(error)
    else res.status(error.status ?? 500).json({ message: error.message, calls: callsOf(req) })
  }
  app.use(failed)
  return app
}

function broken(): never {
  throw Object.assign(new Error('broken'), { stack: 'Error: broken' })
}

/** What the methods and getters of Express say of a request. */
function callsOf(req: Request): unknown {
  const param = (req as unknown as { param?(name: string): unknown }).param
  return {
    get: [req.get('Host'), req.get('referrer'), req.header('X-Many'), req.get('cookie')],
    accepts: [req.accepts(), req.accepts('html', 'json'), req.accepts(['image/png'])],
    charsets: [req.acceptsCharsets(), req.acceptsCharsets('utf-8')],
    encodings: [req.acceptsEncodings(), req.acceptsEncodings('br', 'gzip')],
    languages: [req.acceptsLanguages(), req.acceptsLanguages('en', 'fr')],
    range: [req.range(1000)],
    is: [req.is('json'), req.is(['urlencoded', '*/*'])],
    param: param === undefined ? 'none' : [param.call(req, 'id'), param.call(req, 'a')],
    from: [req.protocol, req.secure, req.ip, req.ips, req.subdomains, req.hostname, req.host],
    target: [req.path, req.url, req.originalUrl, req.baseUrl, req.query, req.params],
    conditional: [req.fresh, req.stale, req.xhr],
    message: [req.method, req.httpVersion, req.rawHeaders.length, req.headersDistinct, req.trailers, req.complete],
    kind: [req.constructor.name, String(req), req instanceof IncomingMessage, req.app.mountpath, pathOf(req.app)],
    extended: (req as unknown as { basket?: string }).basket ?? 'not',
  }
}

/** Where an app is mounted in all; the types of Express do not know it. */
function pathOf(app: object): unknown {
  return (app as { path(): string }).path()
}

function answersOf(res: Response): unknown {
  return [
    res instanceof ServerResponse,
    res.get('X-Item'),
    res.getHeaders(),
    res.getHeaderNames(),
    res.hasHeader('vary'),
    res.statusCode,
    String(res),
  ]
}
