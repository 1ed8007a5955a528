// Express on the fast server against Express on Node's own, without any cache: an empty handler and res.json of about 1 KB.

import { createServer as createNodeServer, type Server } from 'node:http'
import { createServer } from '@larder/express'
import express, { type RequestHandler } from 'express'
// @ts-expect-error The alias has no types of its own.
import express4 from 'express4'
import { contest } from './contest.ts'

const items = Array.from({ length: 20 }, (_, id) => ({ id, title: `Event ${id}`, city: 'Lyon' }))
const text = JSON.stringify({ items })

const empty: RequestHandler = (_req, res) => void res.end()
const json: RequestHandler = (_req, res) => void res.json({ items })

function app(make: typeof express, handler: RequestHandler) {
  const app = make()
  app.disable('x-powered-by')
  app.disable('etag')
  app.get('/', handler)
  return app
}

const body = Buffer.from(text)
const headers = ['Content-Type', 'application/json', 'Content-Length', String(body.length)]

const courses: Readonly<Record<string, () => Server>> = {
  'node:http, Buffer of 1 KB': () => createNodeServer((_req, res) => res.writeHead(200, headers).end(body)),
  'node:http, empty': () => createNodeServer((_req, res) => res.end()),
  'node:http, JSON': () => {
    return createNodeServer((_req, res) => {
      const body = JSON.stringify({ items })
      res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length }).end(body)
    })
  },
  'Express 5, empty': () => createNodeServer(app(express, empty)),
  'Express 5 on the fast server, empty': () => createServer(app(express, empty)),
  'Express 5, res.json': () => createNodeServer(app(express, json)),
  'Express 5 on the fast server, res.json': () => createServer(app(express, json)),
  'Express 4, empty': () => createNodeServer(app(express4, empty)),
  'Express 4 on the fast server, empty': () => createServer(app(express4, empty)),
  'Express 4, res.json': () => createNodeServer(app(express4, json)),
  'Express 4 on the fast server, res.json': () => createServer(app(express4, json)),
}

/** What each is compared with, besides raw node:http. */
const against: Readonly<Record<string, string>> = {
  'Express 5 on the fast server, empty': 'Express 5, empty',
  'Express 5 on the fast server, res.json': 'Express 5, res.json',
  'Express 4 on the fast server, empty': 'Express 4, empty',
  'Express 4 on the fast server, res.json': 'Express 4, res.json',
}

await contest({
  name: 'fast-server',
  title: 'Express on the fast server, without any cache',
  about:
    '`createServer(app)` of @larder/express in place of node:http: the same app, an empty handler and `res.json` of 1 KB.',
  file: import.meta.filename,
  raw: 'node:http, Buffer of 1 KB',
  courses: Object.fromEntries(Object.entries(courses).map(([name, make]) => [name, () => ({ server: make() })])),
  against: { '× plain Express': course => against[course] },
})
