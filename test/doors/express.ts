// Express 5 and 4 in the table of frameworks, each on Node's own server and on the fast one.

import type { Server } from 'node:http'
import { finished, type Readable } from 'node:stream'
import * as door from '@larder/express'
import compression from 'compression'
import cookieSession from 'cookie-session'
import express5, { type ErrorRequestHandler, type RequestHandler } from 'express'
// @ts-expect-error The alias has no types of its own.
import express4 from 'express4'
import type { App, Asked, DoorFunctions, Framework, Middleware, Reply } from './frameworks.ts'

export type Express = typeof express5

type Listen = (app: ReturnType<Express>) => Server

function expressFramework(name: string, version: Framework['version'], express: Express, listen: Listen): Framework {
  return {
    name,
    version,
    family: 'express',
    door: door as unknown as DoorFunctions,
    app: () => expressApp(express, listen),
    handler: answer =>
      adapted(async (req, res, next) => {
        const asked: Asked = {
          method: req.method,
          target: req.originalUrl,
          field: name => req.get(name),
          closed: new Promise(resolve => res.once('close', resolve)),
          subject: req as never,
        }
        try {
          const { status = 200, headers = {}, body }: Reply = await answer(asked)
          res.status(status)
          for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
          if (typeof body === 'object' && 'pipe' in body) pipe(body, res)
          else res.end(body)
        } catch (error) {
          next(error)
        }
      }),
    setting: headers =>
      adapted((_req, res, next) => {
        for (const [name, value] of Object.entries(headers())) res.setHeader(name, value)
        next()
      }),
    removing: (...names) =>
      adapted((_req, res, next) => {
        for (const name of names) res.removeHeader(name)
        next()
      }),
    catching: () =>
      ((error, _req, res, next) => {
        if (res.headersSent) next(error)
        else res.status(error.status ?? 500).end(error.message)
      }) satisfies ErrorRequestHandler,
    compressing: () => adapted(compression({ threshold: 0 }) as unknown as RequestHandler),
    givingCookie: name => {
      const session: RequestHandler = cookieSession({ name, signed: false })
      let visits = 0
      return adapted((req, res, next) =>
        session(req, res, () => {
          Object.assign((req as unknown as { session: object }).session, { visits: ++visits })
          next()
        }),
      )
    },
  }
}

function expressApp(express: Express, listen: Listen): App {
  const app = express()
  // In this environment an error is answered with its stack and not printed.
  app.set('env', 'test')
  return {
    native: app as never,
    use: (...middleware) => void app.use(...native(middleware)),
    get: (path, ...middleware) => void app.get(path, ...native(middleware)),
    mount(prefix, build, ...before) {
      const router = express.Router()
      build({ get: (path, ...middleware) => void router.get(path, ...native(middleware)) })
      app.use(prefix, ...native(before), router)
    },
    listen: () => listen(app),
  }
}

/** A stream that fails takes the connection with it, as `pipeline` would; a client that leaves does not end it. */
function pipe(body: Readable, res: express5.Response): void {
  finished(body, error => {
    if (error) res.destroy(error)
  })
  body.pipe(res)
}

export const adapted = (handler: RequestHandler): Middleware => handler
const native = (middleware: readonly Middleware[]) => middleware as readonly RequestHandler[]

const usual: Listen = app => app.listen(0, '127.0.0.1')
const fast: Listen = app => door.createServer(app).listen(0, '127.0.0.1')

export const express5Framework = expressFramework('Express 5', 'Express 5', express5, usual)
export const express4Framework = expressFramework('Express 4', 'Express 4', express4 as Express, usual)
export const fastExpress5Framework = expressFramework('Express 5 on the fast server', 'Express 5', express5, fast)
export const fastExpress4Framework = expressFramework(
  'Express 4 on the fast server',
  'Express 4',
  express4 as Express,
  fast,
)

export const expressOf = (framework: Framework): Express =>
  framework.version === 'Express 5' ? express5 : (express4 as Express)
