// Every way in which an Express handler can answer, and what the cache is to make of it.

import { PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
// @ts-expect-error It has no types.
import ejs from 'ejs'
import type { Request, RequestHandler, Response } from 'express'
import type { AskOptions } from '../support/http.ts'
import { adapted } from './express.ts'
import type { Way } from './ways.ts'

export const views = fileURLToPath(new URL('views', import.meta.url))
const file = fileURLToPath(new URL('views/page.ejs', import.meta.url))
const big = Buffer.alloc(200_000, 'larder ')
const hour = 'public, max-age=3600'
/** Its stack is part of Express's own error page. */
const broken = (more: object = {}) => Object.assign(new Error('broken'), { stack: 'Error: broken', ...more })
const pieces = (...parts: (string | Buffer)[]) => Readable.from(parts, { objectMode: false })

const kept: readonly (readonly [title: string, handler: RequestHandler, ask?: AskOptions])[] = [
  ['send of a string', (_req, res) => void res.send('grüße')],
  ['send of a long string', (_req, res) => void res.send('ü'.repeat(100_000))],
  ['send of a Buffer', (_req, res) => void res.send(Buffer.from([0, 255, 128, 10, 13]))],
  ['send of an object', (_req, res) => void res.send({ text: 'grüße' })],
  ['send of nothing', (_req, res) => void res.send()],
  ['json', (_req, res) => void res.json([1, null, 'ü'])],
  ['jsonp', (_req, res) => void res.jsonp({ a: 1 })],
  ['end without a body', (_req, res) => void res.end()],
  ['end of a string', (_req, res) => void res.end('ü')],
  ['end of a string in another encoding', (_req, res) => void res.end('fc0a', 'hex')],
  ['end of a Uint8Array', (_req, res) => void res.end(new Uint8Array([1, 2, 250]))],
  ['end with a callback', (_req, res) => void res.end('x', () => {})],
  ['write and end in several encodings', inSeveralEncodings],
  ['write of a buffer that is used again', reusedBuffer],
  ['write with a declared length', (_req, res) => void res.set('Content-Length', '4').write('four', () => res.end())],
  ['writes over several turns', slowly],
  ['cork', corked],
  ['pipe', (_req, res) => void pieces('one ', Buffer.from('two '), 'three').pipe(res)],
  ['pipe of more than the socket takes', (_req, res) => void pieces(big, big, big).pipe(res)],
  ['pipe through another stream', (_req, res) => void pieces('a', 'b').pipe(new PassThrough()).pipe(res)],
  ['pipeline', async (_req, res) => pipeline(pieces(big, 'end'), res)],
  ['sendFile', (_req, res) => res.sendFile(file, { maxAge: '1m' })],
  ['download', (_req, res) => res.download(file, 'grüße.ejs', { maxAge: '1m' })],
  ['redirect 301', (_req, res) => res.redirect(301, '/elsewhere')],
  ['redirect 302 with its own freshness', (_req, res) => res.set('Cache-Control', hour).redirect('/elsewhere')],
  ['render', (_req, res) => res.render('page.ejs', { title: 'T', text: 'a < b' })],
  ['render with a callback', (_req, res) => res.render('page', page, (_error, html) => void res.send(html))],
  ['204 with its own freshness', (_req, res) => void res.status(204).set('Cache-Control', hour).end()],
  ['404 with its own freshness', (_req, res) => void res.status(404).set('Cache-Control', hour).send('no such thing')],
  ['sendStatus 200', (_req, res) => void res.sendStatus(200)],
  ['status 203', (_req, res) => void res.status(203).send('by another')],
  ['format', formatted, { headers: { Accept: 'application/json' } }],
  ['writeHead with an object', (_req, res) => void res.writeHead(200, { 'X-One': '1', 'x-TWO': '2' }).end('x')],
  ['writeHead with an array', (_req, res) => void res.writeHead(200, ['X-One', '1', 'X-Two', '2']).end('x')],
  ['writeHead with a list', (_req, res) => void res.writeHead(200, { Link: ['<a>', '<b>'] }).end('x')],
  ['writeHead with a message', (_req, res) => void res.writeHead(200, 'Fine').end('x')],
  ['writeHead with message and fields', (_req, res) => void res.writeHead(200, 'Fine', { 'X-A': '1' }).end('x')],
  ['writeHead with a declared length', (_req, res) => void res.writeHead(200, { 'Content-Length': 2 }).end('ab')],
  ['writeHead over setHeader', (_req, res) => void res.set('X-A', '1').writeHead(200, { 'x-a': '2' }).end('x')],
  ['flushHeaders', flushed],
  ['setHeader with several values', (_req, res) => void res.setHeader('X-Many', ['a', 'b']).end('x')],
  ['appendHeader', (_req, res) => void res.setHeader('X-Many', 'a').appendHeader('X-Many', 'b').end('x')],
  ['links', (_req, res) => void res.links({ next: '/2', last: '/9' }).send('x')],
  ['append of Link', (_req, res) => void res.append('Link', ['</a>; rel=preload', '</b>; rel=preload']).end('x')],
  ['a field with letters beyond ASCII', (_req, res) => void res.set('X-Name', 'gr\u00fc\u00dfe').end(Buffer.from('x'))],
  [
    'type, vary and its own tag',
    (_req, res) => void res.type('text/x-a').vary('X-Tenant').set('ETag', '"1"').send('x'),
  ],
  ['its own Date', (_req, res) => void res.set('Date', new Date(Date.now() - 1000).toUTCString()).end('x')],
  ['trailers', trailed],
  ['early hints', hinted],
]

const passed: readonly (readonly [title: string, why: string, handler: RequestHandler, ask?: AskOptions])[] = [
  ['redirect 302', 'status', (_req, res) => res.redirect('/elsewhere')],
  ['204', 'status', (_req, res) => void res.status(204).end()],
  ['sendStatus 404', 'status', (_req, res) => void res.sendStatus(404)],
  ['sendStatus 500', 'status', (_req, res) => void res.sendStatus(500)],
  ['nobody answers', 'status', (_req, _res, next) => next()],
  ['next(error)', 'status', (_req, _res, next) => next(broken())],
  ['next(error) with a status', 'status', (_req, _res, next) => next(broken({ status: 410, headers: { 'X-E': '1' } }))],
  ['a handler that throws', 'status', () => thrown()],
  ['an end that Node refuses', 'unsaid', (_req, res, next) => refused(res, () => next(broken()))],
  [
    'an end that Node refuses, answered at once',
    'unsaid',
    (_req, res) => refused(res, () => res.writeHead(500).end('no')),
  ],
  ['a handler that throws after setting fields', 'status', (_req, res) => thrown(res.set('ETag', '"1"'))],
  ['sendFile without a lifetime', 'no-freshness', (_req, res) => res.sendFile(file)],
  ['sendFile of no file', 'status', (_req, res) => res.sendFile('none', { root: views })],
  ['format that fits nothing', 'status', formatted, { headers: { Accept: 'image/png' } }],
  ['304 that nobody asked for', 'status', (_req, res) => void res.status(304).end()],
  ['206 that nobody asked for', 'status', (_req, res) => void res.status(206).end('part')],
  ['cookie', 'set-cookie', (_req, res) => void res.cookie('sid', 'alice').send('alice')],
  ['cookie in writeHead', 'set-cookie', (_req, res) => void res.writeHead(200, { 'Set-Cookie': ['a=1', 'b=2'] }).end()],
  ['cookie in a raw array', 'set-cookie', (_req, res) => void res.writeHead(200, ['set-cookie', 'a=1']).end()],
  ['no-store', 'no-store', (_req, res) => void res.set('Cache-Control', 'no-store').send('x')],
  ['private', 'private', (_req, res) => void res.set('Cache-Control', 'private, max-age=60').send('x')],
  ['Vary: *', 'vary-star', (_req, res) => void res.vary('*').send('x')],
  ['events', 'event-stream', (_req, res) => void res.type('text/event-stream').end('data: 1\n\n')],
]

export const expressWays: readonly Way[] = [
  ...kept.map(([title, handler, ask]) => ({ title, handler: adapted(handler), why: undefined, ask })),
  ...passed.map(([title, why, handler, ask]) => ({ title, handler: adapted(handler), why, ask })),
  { title: 'a handler that rejects', handler: adapted(async () => thrown()), why: 'status', only: 'Express 5' },
]

export function prepareExpress(native: never): void {
  const app = native as import('express').Application
  app.engine('ejs', ejs.renderFile)
  app.set('view engine', 'ejs')
  app.set('views', views)
}

function thrown(_after?: unknown): never {
  throw broken()
}

function refused(res: Response, otherwise: () => void): void {
  try {
    res.set('X-A', '1').end(42)
  } catch {
    otherwise()
  }
}

const page = { title: 'Page', text: 'text' }

function inSeveralEncodings(_req: Request, res: Response): void {
  res.set('Content-Type', 'application/octet-stream')
  res.write('gr\u00fc\u00dfe ', 'latin1')
  res.write('Z3LDvMOfZQ==', 'base64', () => {})
  res.write('ü')
  res.write(new Uint8Array([1, 2, 3]))
  res.write('aé', 'utf16le')
  res.end('c3bc', 'hex')
}

function reusedBuffer(_req: Request, res: Response): void {
  const buffer = Buffer.from('first ')
  res.write(buffer, () => {
    buffer.write('second')
    res.end(buffer)
  })
}

function slowly(_req: Request, res: Response): void {
  let left = 5
  const next = () => {
    if (left-- > 0) res.write(`piece ${left} `, () => setImmediate(next))
    else res.end()
  }
  next()
}

function corked(_req: Request, res: Response): void {
  res.cork()
  res.write('a')
  res.write('b')
  res.uncork()
  res.end('c')
}

function formatted(_req: Request, res: Response): void {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  res.format({ text: () => void res.send('plain'), json: () => void res.json({ a: 1 }) })
  Error.stackTraceLimit = stackTraceLimit
}

function flushed(_req: Request, res: Response): void {
  res.set('X-Early', 'yes').flushHeaders()
  setImmediate(() => res.end('late'))
}

function trailed(req: Request, res: Response): void {
  if (req.method === 'HEAD') return void res.end()
  res.setHeader('Trailer', 'X-Sum')
  res.write('body')
  res.addTrailers({ 'X-Sum': '4' })
  res.end()
}

function hinted(_req: Request, res: Response): void {
  res.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' })
  res.end('x')
}
