// Who reads: packages are told by where their files lie.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import compression from 'compression'
import cookieSession from 'cookie-session'
import compress from 'koa-compress'
import { expresses, koas, viaExpress, viaKoa } from './support.ts'

const headers = { cookie: 'u=alice', 'user-agent': 'test', origin: 'https://a.example', 'accept-encoding': 'gzip' }

// Reads eagerly, and makes a product of what it read.
const parser = `module.exports = (req, res, next) => { req.cookies = { all: req.headers.cookie }; next() }`
const reader = `module.exports = (req, res, next) => { void [req.headers.cookie, req.headers['user-agent'], req.ip]; next() }`
const session = `module.exports = (req, res, next) => {
  if (req.session) return next()
  void req.headers.cookie
  setImmediate(() => { req.session = { user: 1 }; req.sessionID = 'x'; next() })
}`

type Row = [
  title: string,
  files: Record<string, string>,
  use: string,
  fields: string[],
  identities: string[],
  read?: string,
]

const rows: Row[] = [
  ['a logger', { 'morgan/index.js': reader }, 'morgan', [], []],
  ['pnpm', { '.pnpm/morgan@1/node_modules/morgan/index.js': reader }, '.pnpm/morgan@1/node_modules/morgan', [], []],
  ['a scope', { '@opentelemetry/x/lib/y.js': reader }, '@opentelemetry/x/lib/y.js', [], []],
  ['a name that only begins so', { 'morgan-json/index.js': reader }, 'morgan-json', ['user-agent'], ['cookie', 'ip']],
  ['a package that nobody knows', { 'gate/index.js': reader }, 'gate', ['user-agent'], ['cookie', 'ip']],
  [
    'a package inside of a known one',
    { 'morgan/node_modules/gate/index.js': reader },
    'morgan/node_modules/gate',
    ['user-agent'],
    ['cookie', 'ip'],
  ],
  [
    'a helper that the application calls',
    { 'basic-auth/index.js': 'module.exports = req => req.headers.authorization' },
    'basic-auth',
    [],
    ['authorization'],
  ],
  [
    'a helper that a logger calls',
    {
      'basic-auth/index.js': 'module.exports = req => req.headers.authorization',
      'morgan/index.js': `const auth = require('basic-auth'); module.exports = (req, res, next) => { auth(req); next() }`,
    },
    'morgan',
    [],
    [],
  ],
  [
    'code made from a string',
    {
      'morgan/index.js': `module.exports = (req, res, next) => { new Function('req', 'return req.headers.cookie')(req); next() }`,
    },
    'morgan',
    [],
    ['cookie'],
  ],
  [
    'a logger that lists all',
    { 'pino-http/index.js': 'module.exports = (req, res, next) => { JSON.stringify(req.headers); next() }' },
    'pino-http',
    [],
    [],
  ],
  [
    'a logger that lists all, and then the handler',
    { 'pino-http/index.js': 'module.exports = (req, res, next) => { Object.keys(req.headers); next() }' },
    'pino-http',
    [],
    ['cookie'],
    'req.headers.cookie',
  ],
  ['cookie-parser, unread', { 'cookie-parser/index.js': parser }, 'cookie-parser', [], []],
  ['cookie-parser, read', { 'cookie-parser/index.js': parser }, 'cookie-parser', [], ['cookies'], 'req.cookies'],
  ['express-session, unread', { 'express-session/index.js': session }, 'express-session', [], []],
  [
    'express-session, read',
    { 'express-session/index.js': session },
    'express-session',
    [],
    ['session'],
    'req.session.user',
  ],
  [
    'express-session, its id',
    { 'express-session/index.js': session },
    'express-session',
    [],
    ['session'],
    'req.sessionID',
  ],
  [
    'passport, which asks for its caller',
    { 'passport/lib/http/request.js': 'module.exports = (req, res, next) => { void req.user; next() }' },
    'passport/lib/http/request.js',
    [],
    ['user'],
  ],
  [
    "passport's session strategy, unread",
    { 'passport/lib/strategies/session.js': 'module.exports = (req, res, next) => { req.user = req.session; next() }' },
    'passport/lib/strategies/session.js',
    [],
    [],
  ],
  [
    "passport's session strategy, read",
    { 'passport/lib/strategies/session.js': 'module.exports = (req, res, next) => { req.user = req.session; next() }' },
    'passport/lib/strategies/session.js',
    [],
    ['user'],
    'req.user',
  ],
  [
    "passport's session strategy under another name",
    {
      'passport/lib/strategies/session.js': `module.exports = (req, res, next) => { req._userProperty = 'account'; req.account = req.session; next() }`,
    },
    'passport/lib/strategies/session.js',
    [],
    ['user'],
    'req.account',
  ],
  [
    'what a rate limit left',
    {
      'express-rate-limit/index.js': 'module.exports = (req, res, next) => { req.rateLimit = { key: req.ip }; next() }',
    },
    'express-rate-limit',
    [],
    ['req.rateLimit'],
    'req.rateLimit',
  ],
]

for (const [framework, express] of expresses) {
  describe(`readers behind the cache in ${framework}`, () => {
    let root: string
    beforeEach(async () => {
      root = await mkdtemp(join(tmpdir(), 'larder-readers-'))
    })
    afterEach(() => rm(root, { recursive: true }))

    for (const [title, files, use, fields, identities, read = 'null'] of rows) {
      it(`${title} → ${[...fields, ...identities].join(', ') || 'nothing'}`, async () => {
        for (const [name, text] of Object.entries(files)) {
          const path = join(root, 'node_modules', name)
          await mkdir(dirname(path), { recursive: true })
          await writeFile(path, text)
        }
        const page = join(root, 'page.cjs')
        await writeFile(page, `module.exports = (req, res) => res.json([${read}])`)
        const require = createRequire(page)
        const used = require(join(root, 'node_modules', use))
        const inner = use === 'basic-auth' ? [] : [used]
        // The handler calls what is no middleware.
        const handler =
          inner.length > 0 ? require(page) : (req: never, res: { json(value: unknown): void }) => res.json([used(req)])
        const answer = await viaExpress(express, handler, { inner, headers })
        expect([answer.fields, answer.identities]).to.deep.equal([fields, identities], answer.body)
      })
    }

    it('compression tells by its Vary', async () => {
      const answer = await viaExpress(express, (_, res) => res.send('page'), {
        inner: [compression({ threshold: 0 })],
        headers,
      })
      expect(answer.fields).to.deep.equal([])
    })

    it('cookie-session counts when its session is read', async () => {
      const inner = [cookieSession({ keys: ['a'] })]
      const unread = await viaExpress(express, (_, res) => res.send('page'), { inner, headers })
      expect(unread.identities).to.deep.equal([])
      const read = await viaExpress(express, (req, res) => res.json(req.session.a ?? 0), { inner, headers })
      expect(read.identities).to.deep.equal(['cookie'])
      const outer = await viaExpress(express, (req, res) => res.json(req.session.a ?? 0), { outer: inner, headers })
      expect(outer.identities).to.deep.equal(['session'])
    })
  })
}

for (const [framework, Koa] of koas) {
  it(`koa-compress behind the cache in ${framework} tells by its Vary`, async () => {
    const page = (ctx: { body: string }) => {
      ctx.body = 'page'
    }
    const answer = await viaKoa(Koa, page, {
      inner: [compress({ threshold: 0 })],
      headers: { 'accept-encoding': 'gzip' },
    })
    expect(answer.identities).to.deep.equal([])
  })
}
