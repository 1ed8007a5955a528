// Express on the fast server against Express on Node's own, without any cache: an empty handler and res.json of about 1 KB.

import { createServer as createNodeServer, type Server } from 'node:http'
import { createServer } from '@larder/express'
import express, { type RequestHandler } from 'express'
// @ts-expect-error The alias has no types of its own.
import express4 from 'express4'
import { race, serveCourse } from './race.ts'
import { report } from './report.ts'
import { spread, timesAsFast, written } from './spread.ts'

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

const [name] = process.argv.slice(2)
if (name !== undefined) await serveCourse(courses[name]!())
else {
  const file = import.meta.filename
  const taken = await race({ file, courses: Object.keys(courses), rounds: 15, requests: 8000, connections: 32 })
  const raw = taken.get('node:http, Buffer of 1 KB')!
  const figures = [...taken].map(([course, micros]) => ({
    course,
    'µs of CPU': written(spread(micros), 1),
    'share of raw': written(timesAsFast(micros, raw)),
    '× plain Express': course in against ? written(timesAsFast(micros, taken.get(against[course]!)!)) : undefined,
  }))
  report('fast-server', figures)
}
