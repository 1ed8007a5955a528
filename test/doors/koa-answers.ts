// Every way in which a Koa middleware can answer, and what the cache is to make of it.

import { PassThrough, Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import type { Context } from 'koa'
import type { AskOptions } from '../support/http.ts'
import { adapted, type KoaMiddleware } from './koa.ts'
import type { Way } from './ways.ts'

const big = Buffer.alloc(200_000, 'larder ')
const lasting = { 'Cache-Control': 'public, max-age=3600' }
const pieces = (...parts: (string | Buffer)[]) => Readable.from(parts, { objectMode: false })

/** Sets properties of the context in their order, `fields` being those of the response, or does something else with it. */
function put(...steps: readonly (object | ((ctx: Context) => unknown))[]): KoaMiddleware {
  return ctx => {
    for (const step of steps) {
      const made: unknown = typeof step === 'function' ? step(ctx) : step
      if (typeof made !== 'object' || made === null) continue
      for (const [name, value] of Object.entries(made)) {
        if (name === 'fields') ctx.set(value)
        else Reflect.set(ctx, name, value)
      }
    }
  }
}

type Case = readonly [title: string, middleware: KoaMiddleware, ask?: AskOptions]
type Refused = readonly [title: string, why: string, middleware: KoaMiddleware, ask?: AskOptions]

const kept: readonly Case[] = [
  ['a string', put({ body: 'grüße' })],
  ['a string of markup', put({ body: '<p>grüße' })],
  ['a long string', put(() => ({ body: 'ü'.repeat(100_000) }))],
  ['an empty string', put({ body: '' })],
  ['a Buffer', put(() => ({ body: Buffer.from([0, 255, 128, 10, 13]) }))],
  ['an object', put({ body: { text: 'grüße' } })],
  ['an array', put({ body: [1, null] })],
  ['a number', put({ body: 42 })],
  ['true', put({ body: true })],
  ['an object after a string', put({ body: 'x' }, { body: { a: 1 } })],
  ['null where JSON was', put({ body: { a: 1 } }, { body: null, status: 200 })],
  ['null with a status of its own', put({ body: null, status: 200 })],
  ['a status without a body', put({ status: 200 })],
  ['a message without a body', put({ status: 200, message: 'Fine' })],
  ['a message with a body', put({ body: 'x', message: 'Fine' })],
  ['a stream', put(() => ({ body: pieces('one ', Buffer.from('two '), 'ü') }))],
  ['a stream of more than the socket takes', put(() => ({ body: pieces(big, big, big) }))],
  ['a stream through another', put(() => ({ body: pieces('a', 'b').pipe(new PassThrough()) }))],
  ['an empty stream', put(() => ({ body: pieces() }))],
  ['a stream with a type and a length', put(() => ({ type: 'json', length: 4, body: pieces('four') }))],
  ['a stream after a string', put({ body: 'x' }, () => ({ body: pieces('stream') }))],
  ['an async iterator as a stream', put(() => ({ body: Readable.from(generated()) }))],
  ['a web stream', put(() => ({ body: ReadableStream.from([Buffer.from('web '), Buffer.from('stream')]) }))],
  ['a Blob', put(() => ({ body: new Blob(['blob ', 'ü'], { type: 'text/plain' }) }))],
  ['a Response', put(() => ({ body: new Response('fetched', { headers: { 'X-A': '1' } }) }))],
  ['204 with its own freshness', put({ fields: lasting, status: 204 })],
  ['404 with its own freshness', put({ fields: lasting, status: 404 })],
  ['404 and a body with its own freshness', put({ fields: lasting, status: 404, body: 'no' })],
  ['status 203', put({ status: 203, body: 'by another' })],
  ['attachment', put({ body: 'x' }, ctx => ctx.attachment('report.txt'))],
  ['fields with several values', put({ fields: { 'X-Many': ['a', 'b'], Link: ['</a>', '</b>'] }, body: 'x' })],
  ['its own tag, type and Vary', put({ fields: { Vary: 'X-T' }, etag: '1', body: 'x', type: 'text/x-a' })],
  ['its own Last-Modified', put(() => ({ lastModified: new Date(0), body: 'x' }))],
  ['its own Date', put(() => ({ fields: { Date: new Date(Date.now() - 1000).toUTCString() }, body: 'x' }))],
  ['its own length', put({ body: 'four', length: 4 })],
  ['what accepts() chose', accepting, { headers: { Accept: 'application/json' } }],
]

/** To choose the body of a redirect Koa reads Accept, and does not say so. */
const redirects: readonly Case[] = [
  ['redirect 301', put({ status: 301 }, ctx => ctx.redirect('/elsewhere'))],
  ['redirect 302 with its own freshness', put({ fields: lasting }, ctx => ctx.redirect('/elsewhere'))],
]

const passed: readonly Refused[] = [
  ['nobody answers', 'status', (_ctx, next) => next()],
  ['redirect', 'status', ctx => ctx.redirect('/elsewhere')],
  ['null', 'status', put({ body: null })],
  ['204', 'status', put({ status: 204 })],
  ['a thrown error', 'unsaid', () => thrown()],
  ['a rejection', 'unsaid', async () => thrown()],
  ['ctx.throw(404)', 'unsaid', ctx => ctx.throw(404)],
  ['ctx.throw(410) with fields', 'unsaid', ctx => ctx.throw(410, 'gone', { headers: { 'X-E': '1' } })],
  ['ctx.throw(500)', 'unsaid', ctx => ctx.throw(500)],
  ['ctx.throw after setting fields', 'unsaid', put({ fields: { ETag: '"1"' } }, ctx => ctx.throw(403))],
  ['ctx.assert', 'unsaid', ctx => ctx.assert(false, 401)],
  ['a body that JSON has no word for', 'unsaid', put(() => ({ body: circular() }))],
  ['ctx.respond = false', 'unsaid', put({ respond: false }, ctx => void ctx.res.end('by hand'))],
  ['res.end in the middleware', 'unsaid', ctx => void ctx.res.end('by hand')],
  ['writeHead in the middleware', 'unsaid', ctx => void ctx.res.writeHead(200, { 'X-A': '1' }).end('by hand')],
  ['flushHeaders', 'unsaid', put({ body: 'x' }, ctx => ctx.flushHeaders())],
  ['a cookie', 'set-cookie', put({ body: 'alice' }, ctx => void ctx.cookies.set('sid', 'alice'))],
  ['no-store', 'no-store', put({ fields: { 'Cache-Control': 'no-store' }, body: 'x' })],
  ['private', 'private', put({ fields: { 'Cache-Control': 'private, max-age=60' }, body: 'x' })],
  ['Vary: *', 'vary-star', put({ fields: { Vary: '*' }, body: 'x' })],
  ['events', 'event-stream', put(() => ({ type: 'text/event-stream', body: pieces('data: 1\n\n') }))],
  ['206 that nobody asked for', 'status', put({ status: 206, body: 'part' })],
  ['304 that nobody asked for', 'status', put({ status: 304 })],
]

export const koaWays: readonly Way[] = [
  ...redirects.map(([title, middleware]) => ({ title, handler: adapted(middleware), why: undefined, reads: 'accept' })),
  ...kept.map(([title, middleware, ask]) => ({ title, handler: adapted(middleware), why: undefined, ask })),
  ...passed.map(([title, why, middleware, ask]) => ({ title, handler: adapted(middleware), why, ask })),
]

function thrown(): never {
  throw new Error('broken')
}

async function* generated() {
  for (const part of ['one ', 'two ', 'three']) {
    await Promise.resolve()
    yield Buffer.from(part)
  }
}

function accepting(ctx: Context): void {
  ctx.vary('Accept')
  ctx.body = ctx.accepts('text', 'json') === 'json' ? { a: 1 } : 'text'
}

function circular(): object {
  const ring: { self?: object } = {}
  ring.self = ring
  return ring
}
