// What the security suite stands on: an application with the cache in front of its pages, on each framework, and what is asked of it.

import { AsyncLocalStorage } from 'node:async_hooks'
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Cache, type CacheOptions, createCache } from '@larder/core'
import type { ResponseCacheOptions } from '@larder/core/door'
import { expect } from 'chai'
import type { NextFunction, Request, Response } from 'express'
import type { Context, Next } from 'koa'
import {
  type App,
  type Asked,
  type Framework,
  frameworks as known,
  type Middleware,
  type Reply,
} from '../doors/frameworks.ts'
import { type Client, type Clock, createClock, serving } from '../doors/stage.ts'
import type { Answer } from '../support/http.ts'

export const frameworks = known.filter(({ name, version }) => name === version && version !== 'Koa 2')

/** A request to a page: `run` counts the runs of its handler. */
export interface Visit extends Asked {
  readonly run: number
}

/** Says `public, max-age=60` unless it has a Cache-Control of its own, even an empty one; `run 1` is its body if it has none. */
export type Page = ((visit: Visit) => Reply | Promise<Reply>) | Native

/** A page by the framework's own means. Status 200, Cache-Control and the number of the run are there. */
export interface Native {
  express(req: Request, res: Response, run: number): unknown
  koa(ctx: Context, run: number): unknown
}

export interface SiteOptions {
  /** Layers in front of the cache. */
  readonly before?: readonly Middleware[]
  /** Layers between the cache and the pages. */
  readonly after?: readonly Middleware[]
  /** Options of `responseCache()`: none unless a vector is about one. */
  readonly route?: ResponseCacheOptions<never>
  /** Options of the app's cache. */
  readonly store?: CacheOptions
  /** Puts more on the app, after the pages: Koa takes nothing once it listens. */
  readonly build?: (app: App) => void
  /** Answers whatever no page answers, by any method. */
  readonly rest?: Page
}

export interface Site extends Client {
  readonly cache: Cache
  readonly clock: Clock
  readonly app: App
  /** How often the handlers of this site have begun. */
  runs(): number
}

export type Pages = Readonly<Record<string, Page>>
export type OpenSite = (pages: Pages, options?: SiteOptions) => Promise<Site>

/** One suite a framework. */
export function vectors(title: string, define: (site: OpenSite, framework: Framework) => void): void {
  describe(title, () => {
    for (const framework of frameworks) {
      describe(framework.name, () => {
        const serve = serving()
        define((pages, options) => openSite(serve, framework, pages, options), framework)
      })
    }
  })
}

async function openSite(
  serve: (app: App) => Promise<Client>,
  framework: Framework,
  pages: Pages,
  { before = [], after = [], route, store, build, rest }: SiteOptions = {},
): Promise<Site> {
  const clock = createClock()
  const cache = createCache({ now: clock.now, ...store })
  const app = framework.app()
  const count = { runs: 0 }
  framework.door.attachCache(app.native, cache)
  app.use(...before, framework.door.responseCache(route), ...after)
  for (const [path, page] of Object.entries(pages)) app.get(path, handlerOf(framework, page, count))
  build?.(app)
  if (rest !== undefined) app.use(handlerOf(framework, rest, count))
  return { ...(await serve(app)), clock, cache, app, runs: () => count.runs }
}

/** The handler of a page, for apps that are put together by hand. */
export function handlerOf(framework: Framework, page: Page, count = { runs: 0 }): Middleware {
  let runs = 0
  if (typeof page === 'function') {
    return framework.handler(async asked => {
      count.runs++
      const run = ++runs
      const reply = await page({ ...asked, run })
      const headers: Record<string, string | string[]> = { 'X-Run': String(run), ...usual, ...reply.headers }
      if (headers['Cache-Control'] === '') Reflect.deleteProperty(headers, 'Cache-Control')
      return { body: `run ${run}`, ...reply, headers }
    })
  }
  const begin = () => {
    count.runs++
    return ++runs
  }
  return native(framework, {
    express(req, res) {
      const run = begin()
      res.set({ ...usual, 'X-Run': String(run) })
      return page.express(req, res, run)
    },
    koa(ctx) {
      const run = begin()
      ctx.status = 200
      ctx.set({ ...usual, 'X-Run': String(run) })
      return page.koa(ctx, run)
    },
  })
}

const usual: Readonly<Record<string, string | string[]>> = { 'Cache-Control': 'public, max-age=60' }

export interface NativeLayer {
  express(req: Request, res: Response, next: NextFunction): unknown
  koa(ctx: Context, next: Next): unknown
}

/** A middleware by the framework's own means. */
export function native(framework: Framework, layer: NativeLayer): Middleware {
  return framework.family === 'express'
    ? (req: Request, res: Response, next: NextFunction) => layer.express(req, res, next)
    : (ctx: Context, next: Next) => layer.koa(ctx, next)
}

/**
 * A layer that keeps the value of the cookie `u` where no observation of the request can see it read: only what the request carries
 * tells that somebody asks.
 */
export function signIn(framework: Framework): { readonly layer: Middleware; who(): string } {
  const storage = new AsyncLocalStorage<string>()
  const userOf = (cookie: string | undefined) => /(?:^|;)\s*u=([^;]*)/.exec(cookie ?? '')?.[1] ?? 'nobody'
  return {
    layer: native(framework, {
      express: (req, _res, next) => storage.run(userOf(req.headers.cookie), next),
      koa: (ctx, next) => storage.run(userOf(ctx.req.headers.cookie), next),
    }),
    who: () => storage.getStore() ?? 'nobody',
  }
}

/** A string that stands nowhere else. */
export function canary(): string {
  return `canary${randomBytes(6).toString('hex')}`
}

/** Which run of the handler an answer is of. */
export function runOf(answer: Answer): number {
  expect(answer.header('x-run'), answer.wire).not.to.equal(undefined)
  return Number(answer.header('x-run'))
}

/** The handler ran for each of these answers. */
export function expectOwnRuns(...answers: readonly Answer[]): void {
  expect(new Set(answers.map(runOf)).size, answers.map(shown).join('\n')).to.equal(answers.length)
}

/** These answers are of one run. */
export function expectOneRun(...answers: readonly Answer[]): void {
  expect(new Set(answers.map(runOf)).size, answers.map(shown).join('\n')).to.equal(1)
}

/** The text stands in none of these answers, neither in their fields nor in their content. */
export function expectNowhere(text: string, ...answers: readonly Answer[]): void {
  for (const answer of answers) expect(answer.wire).not.to.include(text)
}

function shown({ status, text, header }: Answer): string {
  return `${status} run ${header('x-run')} ${header('cache-status')} ${text.slice(0, 80)}`
}

/** Send these bytes and read until the connection ends. */
export function exchangeRaw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes, 'latin1'))
    const came: Buffer[] = []
    socket.setTimeout(2000, () => socket.destroy(new Error('no end within 2000 ms')))
    socket.on('data', chunk => came.push(chunk))
    socket.on('error', reject)
    socket.on('close', () => resolve(Buffer.concat(came).toString('latin1')))
  })
}

/** Ask, and keep nothing of the answer but how many bytes it has. */
export function drain(port: number, target: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let bytes = 0
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(`GET ${target} HTTP/1.1\r\nHost: larder.example\r\nConnection: close\r\n\r\n`),
    )
    socket.on('data', chunk => {
      bytes += chunk.length
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(bytes))
  })
}

/** How many bytes more are in use at most while `run` is under way, by what cannot be collected whenever `sample` is called. */
export async function growth(run: (sample: () => void) => Promise<void>): Promise<number> {
  const inUse = () => {
    collectGarbage()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
  // What the tests before have left goes in several rounds.
  for (let round = 0; round < 3; round++) {
    collectGarbage()
    await settle(5)
  }
  const before = inUse()
  let most = before
  const sample = () => {
    most = Math.max(most, inUse())
  }
  await run(sample)
  sample()
  return most - before
}

const collectGarbage = (() => {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
})()

/** Long enough for a request on this machine to come to where it waits, when nothing can be seen of it. */
export function settle(ms = 40): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}

/** A promise, and what resolves it. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = () => {}
  const opened = new Promise<void>(resolve => {
    open = resolve
  })
  return { opened, open }
}
