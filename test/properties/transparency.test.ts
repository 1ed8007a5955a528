// A client that the cache does not answer gets what the bare app would have sent, byte for byte, stored or passed by or broken off.

import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Cache, createCache } from '@larder/core'
import * as expressDoor from '@larder/express'
import * as koaDoor from '@larder/koa'
import { expect } from 'chai'
import express from 'express'
import fc from 'fast-check'
import Koa, { type Context } from 'koa'
import { type Answer, ask } from '../support/http.ts'
import { patience, runs } from './runs.ts'

const CASES = 200

/** What a handler does. `by` is the framework's own way of sending. */
interface Script {
  readonly status: number
  readonly fields: readonly (readonly [string, string | string[]])[]
  readonly by: 'send' | 'json' | 'chunks' | 'redirect' | 'nothing' | 'throws' | 'breaks' | 'by hand'
  readonly body: string
  readonly pauses: boolean
}

const token = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/)
const text = fc.stringMatching(/^[ -~é]{0,20}$/)
const script: fc.Arbitrary<Script> = fc.record({
  status: fc.constantFrom(200, 200, 200, 201, 204, 301, 400, 404, 500),
  fields: fc.uniqueArray(
    fc.oneof(
      fc.constantFrom<readonly [string, string | string[]]>(
        ['Cache-Control', 'public, max-age=60'],
        ['cache-control', 'private'],
        ['Set-Cookie', ['a=1', 'b=2; Path=/']],
        ['VARY', 'X-Lang'],
        ['Vary', ['X-Lang', 'X-B']],
        ['ETag', '"v1"'],
        ['etag', 'W/"v1"'],
        ['Last-Modified', 'Mon, 01 Jan 2024 00:00:00 GMT'],
        ['Content-Type', 'text/plain; charset=utf-8'],
        ['X-Twice', ['1', '2']],
        ['Age', '3'],
        ['Expires', '0'],
        ['Date', 'Mon, 01 Jan 2024 00:00:00 GMT'],
      ),
      fc.tuple(
        token.map(name => `X-${name}`),
        text.map(value => value.replaceAll('é', 'e').trim()),
      ),
    ),
    { maxLength: 5, selector: ([name]) => name.toLowerCase() },
  ),
  by: fc.constantFrom('send', 'send', 'json', 'chunks', 'chunks', 'redirect', 'nothing', 'throws', 'breaks', 'by hand'),
  body: text,
  pauses: fc.boolean(),
})
const client = fc.record({
  method: fc.constantFrom('GET', 'GET', 'GET', 'HEAD', 'POST'),
  headers: fc.constantFrom<Readonly<Record<string, string>>>(
    {},
    {},
    { 'If-None-Match': '"other"' },
    { Cookie: 'sid=1' },
    { Authorization: 'x' },
    { 'X-Lang': 'fr' },
    { Range: 'bytes=0-1' },
  ),
})

const app = express()
const koa = new Koa()

describe('transparency', function () {
  this.timeout(patience(CASES, 400))
  let at: Script
  let cache: Cache
  const servers: Server[] = []
  const ports = { express: 0, koa: 0 }

  before(async () => {
    app.set('env', 'test')
    koa.silent = true
    koa.use(async (ctx, next) => {
      // No value may be a default of the other path.
      const layer = layers.get(ctx.path)
      await (layer === undefined ? next() : koaDoor.responseCache({ ...layer(), cache })(ctx, next))
    })
    koa.use(ctx => answerKoa(ctx, at))
    app.use((req, res, next) => {
      const layer = layers.get(req.path)
      if (layer === undefined) next()
      else expressDoor.responseCache({ ...layer(), cache })(req, res, next)
    })
    app.use((_req, res) => answerExpress(res, at))
    for (const [name, server] of [
      ['express', createServer(app)],
      ['koa', createServer(koa.callback())],
    ] as const) {
      servers.push(server.listen(0, '127.0.0.1'))
      if (!server.listening) await once(server, 'listening')
      ports[name] = (server.address() as AddressInfo).port
    }
  })

  after(() => {
    for (const server of servers) {
      server.close()
      server.closeAllConnections()
    }
  })

  for (const [way, title] of [
    ['/bypassed', 'a request that passes the cache by'],
    ['/stored', 'the client whose response is stored'],
    ['/failing', 'the client whose response cannot be stored because the store or what is told to it fails'],
  ] as const) {
    it(`${title} gets the bytes of the bare app`, async () => {
      const check = fc.asyncProperty(script, client, async (script, client) => {
        at = script
        for (const port of Object.values(ports)) {
          cache = way === '/failing' ? failingCache() : createCache()
          const bare = await ask(port, '/bare', client)
          const answer = await ask(port, way, client)
          // The frameworks read Accept to write a redirection, and do not say so: what is stored of it varies by it.
          const hidden = script.by === 'redirect' ? /^(cache-status|vary):/i : /^cache-status:/i
          expect(comparable(answer, way, hidden)).to.equal(comparable(bare, '/bare', hidden))
          expect(answer.complete).to.equal(bare.complete)
          await cache.close()
        }
      })
      await fc.assert(check, runs(CASES))
    })
  }
})

/** The layer in front of the handler, by the path of the request. */
const layers = new Map<string, () => { readonly [option: string]: unknown }>([
  ['/bypassed', () => ({ ttl: '1m', skip: () => true })],
  ['/stored', () => ({ ttl: '1m' })],
  [
    '/failing',
    () => ({
      ttl: '1m',
      tags: failures++ % 2 === 0 ? () => Promise.reject(new Error('no tags')) : () => fail(),
    }),
  ],
])
let failures = 0

function fail(): never {
  throw new Error('on purpose')
}

/** No entry fits into it, its log takes nothing, and nobody can say in which mode it is. */
function failingCache(): Cache {
  const log = {
    epoch: 'e',
    position: () => 0,
    floor: () => 0,
    unacknowledged: 0,
    confirmedAt: () => Number.POSITIVE_INFINITY,
    append: () => Promise.reject(new Error('no log')),
    subscribe: () => () => {},
    close: () => Promise.resolve(),
  }
  return createCache({ maxEntryBytes: 1, log, flags: { mode: fail } })
}

async function answerExpress(res: express.Response, script: Script): Promise<void> {
  const { status, fields, by, body, pauses } = script
  try {
    if (pauses) await new Promise(setImmediate)
    if (by === 'throws') throw new Error('on purpose')
    if (by === 'by hand') {
      res.writeHead(status, Object.fromEntries(fields))
      res.write(body)
      res.end()
      return
    }
    res.status(status)
    for (const [name, value] of fields) res.setHeader(name, value)
    if (by === 'send') res.send(body)
    else if (by === 'json') res.json({ body })
    else if (by === 'redirect') res.redirect('/elsewhere')
    else if (by === 'nothing') res.end()
    else {
      for (const piece of body.match(/.{1,7}/g) ?? []) {
        res.write(piece)
        if (pauses) await new Promise(setImmediate)
      }
      if (by === 'breaks') res.destroy()
      else res.end()
    }
  } catch {
    if (res.headersSent) res.destroy()
    else res.status(500).end('failed')
  }
}

async function answerKoa(ctx: Context, script: Script): Promise<void> {
  const { status, fields, by, body, pauses } = script
  if (pauses) await new Promise(setImmediate)
  if (by === 'throws') throw new Error('on purpose')
  if (by === 'by hand') {
    ctx.respond = false
    ctx.res.writeHead(status, Object.fromEntries(fields))
    ctx.res.write(body)
    ctx.res.end()
    return
  }
  ctx.status = status
  for (const [name, value] of fields) ctx.set(name, value)
  if (by === 'send') ctx.body = body
  else if (by === 'json') ctx.body = { body }
  else if (by === 'redirect') ctx.redirect('/elsewhere')
  else if (by === 'chunks' || by === 'breaks') {
    const pieces = body.match(/.{1,7}/g) ?? []
    async function* produce() {
      for (const piece of pieces) {
        if (pauses) await new Promise(setImmediate)
        yield piece
      }
      if (by === 'breaks') throw new Error('on purpose')
    }
    const { Readable } = await import('node:stream')
    ctx.body = Readable.from(produce())
  }
  if (by !== 'redirect') ctx.status = status
}

/** All but what the cache says of itself; a Date of Node's own; the path, which stands in no answer of these. */
function comparable({ wire }: Answer, way: string, hidden: RegExp): string {
  const headEnd = wire.indexOf('\r\n\r\n')
  const head = wire.slice(0, headEnd).split('\r\n')
  const lines = head.filter(line => !hidden.test(line) && !/^date: (?!Mon, 01 Jan 2024)/i.test(line))
  return `${lines.join('\r\n')}${wire.slice(headEnd)}`.replaceAll(way, '/')
}
