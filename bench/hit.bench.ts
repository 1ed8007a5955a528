// A hit from memory of a response of 1 KB beside what it can be compared with: raw node:http, and the frameworks without a cache.

import { createServer as createNodeServer, type Server } from 'node:http'
import { createServer, responseCache as expressCache } from '@larder/express'
import { responseCache as koaCache } from '@larder/koa'
import express, { type RequestHandler } from 'express'
import Koa, { type Middleware } from 'koa'
import { race, serveCourse } from './race.ts'
import { report } from './report.ts'
import { spread, timesAsFast, written } from './spread.ts'

const items = Array.from({ length: 20 }, (_, id) => ({ id, title: `Event ${id}`, city: 'Lyon' }))
const body = Buffer.from(JSON.stringify({ items }))
const headers = ['Content-Type', 'application/json; charset=utf-8', 'Content-Length', String(body.length)]

function expressApp(...handlers: RequestHandler[]) {
  const app = express()
  app.disable('x-powered-by')
  app.use(...handlers)
  return app
}

function koaServer(...layers: Middleware[]): Server {
  const app = new Koa()
  for (const layer of layers) app.use(layer)
  return createNodeServer(app.callback())
}

const empty: RequestHandler = (_req, res) => void res.end()
const sent = ['ETag', '"bench"', 'Date', new Date().toUTCString(), 'Age', '1', 'Cache-Status', 'larder; hit; ttl=3599']
const all = [...headers, ...sent]
/** All that a hit sends, by a handler that knows it beforehand: what a hit costs more is the cache. */
const same: RequestHandler = (_req, res) => void res.writeHead(200, all).end(body)
const json: RequestHandler = (_req, res) => void res.json({ items })
const koaJson: Middleware = ctx => {
  ctx.body = { items }
}

const raw = 'node:http, flat headers and a Buffer'
const expressEmpty = 'Express, empty handler'
const koaJsonOnly = 'Koa, empty handler with 1 KB of JSON'

const courses: Readonly<Record<string, () => Server>> = {
  [raw]: () => createNodeServer((_req, res) => res.writeHead(200, headers).end(body)),
  [expressEmpty]: () => createNodeServer(expressApp(empty)),
  'Express, handler that sends the same': () => createNodeServer(expressApp(same)),
  'Express, hit': () => createNodeServer(expressApp(expressCache('1h'), json)),
  'Express on the fast server, empty handler': () => createServer(expressApp(empty)),
  'Express on the fast server, handler that sends the same': () => createServer(expressApp(same)),
  'Express on the fast server, hit': () => createServer(expressApp(expressCache('1h'), json)),
  'Koa, empty handler with {}': () => {
    return koaServer(ctx => {
      ctx.body = {}
    })
  },
  [koaJsonOnly]: () => koaServer(koaJson),
  'Koa, hit': () => koaServer(koaCache('1h'), koaJson),
  'Koa, hit behind a layer': () => koaServer((_ctx, next) => next(), koaCache('1h'), koaJson),
}

const [name] = process.argv.slice(2)
if (name !== undefined) await serveCourse(courses[name]!())
else {
  const file = import.meta.filename
  const taken = await race({ file, courses: Object.keys(courses), rounds: 15, requests: 8000, connections: 32 })
  const against = (course: string, micros: number[]) => written(timesAsFast(micros, taken.get(course)!))
  report(
    'hit',
    [...taken].map(([course, micros]) => ({
      course,
      'µs of CPU': written(spread(micros), 1),
      'share of raw': against(raw, micros),
      '× Express, empty': course.startsWith('Express') ? against(expressEmpty, micros) : undefined,
      '× Koa, JSON': course.startsWith('Koa') ? against(koaJsonOnly, micros) : undefined,
    })),
  )
}
