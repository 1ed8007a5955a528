// Applications of all four frameworks with one window each: outer layers, the window, the handler.

import { once } from 'node:events'
import http, { type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import Koa from 'koa'
import { type Observation, type Observer, observeExpress, observeKoa } from '../../src/door/observe/index.ts'

// Without types of their own.
const { default: express4 } = await import('express4' as string)
const { default: Koa2 } = await import('koa2' as string)

export interface Answer {
  readonly status: number
  readonly body: string
  readonly fields: string[]
  readonly identities: string[]
}

// The handlers of the tables read what no type knows of.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Loose = any

export type ExpressHandler = (req: Loose, res: Loose, next: Loose) => unknown
export type KoaHandler = (ctx: Loose, next: Loose) => unknown

/** An outer layer that does one thing and goes on. */
export function layer(set: (...args: Loose[]) => unknown): ExpressHandler & KoaHandler {
  return (...args: Loose[]) => {
    set(...args)
    return args.at(-1)()
  }
}

export interface ExpressSetup {
  readonly outer?: readonly ExpressHandler[]
  readonly inner?: readonly ExpressHandler[]
  readonly settings?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, string>>
  readonly path?: string
  /** Called when the window has closed. */
  readonly after?: (req: Loose, res: Loose, observer: Observer) => void
}

export interface KoaSetup extends Omit<ExpressSetup, 'outer' | 'inner' | 'settings' | 'after'> {
  readonly outer?: readonly KoaHandler[]
  readonly inner?: readonly KoaHandler[]
  readonly settings?: Readonly<Record<string, unknown>>
  readonly prepare?: (app: Loose) => void
  readonly after?: (ctx: Loose, observer: Observer) => void
}

export const expresses: readonly [string, Loose][] = [
  ['Express 5', express],
  ['Express 4', express4],
]

export const koas: readonly [string, Loose][] = [
  ['Koa 3', Koa],
  ['Koa 2', Koa2],
]

/** Run what is not the handler's doing, as a door does. */
export function paused<T>(window: Observer, run: () => T): T {
  window.suspend()
  try {
    return run()
  } finally {
    window.resume()
  }
}

/** One request to an Express application whose handler is observed. */
export async function viaExpress(framework: Loose, handler: ExpressHandler, setup: ExpressSetup = {}): Promise<Answer> {
  const app = framework()
  for (const [name, value] of Object.entries(setup.settings ?? {})) app.set(name, value)
  for (const middleware of setup.outer ?? []) app.use(middleware)
  let observer: Observer | undefined
  app.use((req: IncomingMessage, res: ServerResponse, next: () => void) => {
    const window = observeExpress(req, res)
    observer = window
    const end = res.end
    res.end = ((...args: []) => {
      window.end()
      setup.after?.(req, res, window)
      res.end = end
      return paused(window, () => res.end(...args))
    }) as typeof res.end
    next()
  })
  for (const middleware of setup.inner ?? []) app.use(middleware)
  app.use(handler)
  return ask(app, setup, () => observer!.observation)
}

/** One request to a Koa application whose handler is observed. */
export async function viaKoa(Framework: Loose, handler: KoaHandler, setup: KoaSetup = {}): Promise<Answer> {
  const app = new Framework()
  app.silent = true
  Object.assign(app, setup.settings)
  setup.prepare?.(app)
  for (const middleware of setup.outer ?? []) app.use(middleware)
  let observer: Observer | undefined
  app.use(async (ctx: Loose, next: () => Promise<void>) => {
    const window = observeKoa(ctx)
    observer = window
    try {
      await next()
      // As the door does: a stream is drained, an object is serialised while the window is open.
      if (ctx.body && typeof ctx.body === 'object' && !Buffer.isBuffer(ctx.body)) {
        if (typeof ctx.body.pipe === 'function') {
          const chunks: Buffer[] = []
          for await (const chunk of ctx.body) chunks.push(Buffer.from(chunk))
          ctx.body = Buffer.concat(chunks)
        } else {
          ctx.body = JSON.stringify(ctx.body)
        }
      }
    } finally {
      window.end()
      setup.after?.(ctx, window)
    }
  })
  for (const middleware of setup.inner ?? []) app.use(middleware)
  app.use(handler)
  return ask(app.callback(), setup, () => observer!.observation)
}

async function ask(
  listener: RequestListener,
  setup: { headers?: Readonly<Record<string, string>>; path?: string },
  observation: () => Observation,
): Promise<Answer> {
  const server = http.createServer(listener).listen(0)
  try {
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const { status, body } = await get(port, setup.path ?? '/page', setup.headers ?? {})
    const { fields, identities } = observation()
    return { status, body, fields: [...fields].sort(), identities: [...identities].sort() }
  } finally {
    server.close()
  }
}

function get(port: number, path: string, headers: Readonly<Record<string, string>>) {
  return new Promise<{ status: number; body: string }>((resolve, reject) => {
    const request = http.get({ port, path, headers, agent: false }, response => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', chunk => {
        body += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode!, body }))
    })
    request.on('error', reject)
  })
}
