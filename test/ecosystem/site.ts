// What the ecosystem suite stands on: an app with the cache and a package in front of it or behind it, its pages, and a client.

import { randomBytes } from 'node:crypto'
import { type Cache, createCache, onCacheEvent } from '@larder/core'
import type { ResponseCacheOptions } from '@larder/core/door'
import { expect } from 'chai'
import type { Request, RequestHandler, Response } from 'express'
import type { Context } from 'koa'
import { adapted as expressAdapted } from '../doors/express.ts'
import { type App, type Framework, frameworks as known, type Middleware } from '../doors/frameworks.ts'
import { type KoaMiddleware, adapted as koaAdapted } from '../doors/koa.ts'
import { type Client, type Clock, createClock } from '../doors/stage.ts'
import type { Answer, AskOptions } from '../support/http.ts'

export const expressFrameworks = known.filter(({ family }) => family === 'express')
export const koaFrameworks = known.filter(({ family }) => family === 'koa')

/** Where a package stands: outside of the cache, or between it and the pages. */
export type Place = 'before' | 'after'
export const places: readonly Place[] = ['before', 'after']

/** The text of a page, made of Express's request and response or of Koa's context. */
export type Text = ((req: Request, res: Response) => string) | ((ctx: Context) => string)

export interface Page {
  readonly text: Text
  readonly headers?: Readonly<Record<string, string>>
}

/** What a package's users mount, made anew for each app. `log` is what loggers write to. */
export type Layers = (app: App, log: (line: string) => void) => readonly Middleware[]
export type Packages = Readonly<Record<string, Layers>>

export interface SiteOptions {
  /** The package and what it needs, as its users mount it. */
  readonly layers: Layers
  readonly place: Place
  /** Options of `responseCache()`, whose `ttl` is a minute. */
  readonly route?: Omit<ResponseCacheOptions<never>, 'cache'>
  readonly pages?: Readonly<Record<string, Page>>
  /** Answers what is no page. */
  readonly rest?: readonly Middleware[]
  /** Outside of everything. */
  readonly outermost?: readonly Middleware[]
}

export interface Site extends Client {
  readonly cache: Cache
  readonly clock: Clock
  readonly app: App
  /** How often a page was made. */
  runs(): number
  /** What loggers wrote. */
  readonly lines: readonly string[]
  /** Make what is stored stale by a second, ask, and wait for the end of the refresh behind the answer. */
  refresh(path: string, options?: AskOptions): Promise<{ readonly stale: Answer; readonly outcome: string }>
}

/** The page that everybody is given: long enough to be compressed. */
export const quiet: Page = { text: () => `for everybody ${'.'.repeat(2000)}` }

let sites = 0

export async function openSite(
  serve: (app: App) => Promise<Client>,
  framework: Framework,
  { layers, place, route, pages, rest = [], outermost = [] }: SiteOptions,
): Promise<Site> {
  const clock = createClock()
  const name = `site-${++sites}`
  const cache = createCache({ name, now: clock.now })
  const app = framework.app()
  const lines: string[] = []
  const own = layers(app, line => void lines.push(line))
  const caching = framework.door.responseCache({ ttl: '1m', staleWhileRevalidate: '10m', ...route, cache })
  app.use(...outermost, ...(place === 'before' ? [...own, caching] : [caching, ...own]))
  const count = { runs: 0 }
  for (const [path, page] of Object.entries({ '/quiet': quiet, ...pages })) {
    app.get(path, handlerOf(framework, page, count))
  }
  if (rest.length > 0) app.use(...rest)
  const client = await serve(app)
  return { ...client, cache, clock, app, runs: () => count.runs, lines, refresh }

  async function refresh(path: string, options?: AskOptions) {
    await storedIn(cache, 1)
    clock.advance(61)
    let off = () => {}
    const ended = new Promise<string>(resolve => {
      off = onCacheEvent(event => {
        if (event.type === 'refresh' && event.cache === name && event.outcome !== 'started') resolve(event.outcome)
      })
    })
    try {
      const stale = await client.ask(path, options)
      expect(saidOf(stale), stale.wire).to.equal('hit; detail=stale-while-revalidate')
      return { stale, outcome: await within(2000, ended) }
    } finally {
      off()
    }
  }
}

/** Each run of a page has its number in a field. */
function handlerOf(framework: Framework, { text, headers = {} }: Page, count: { runs: number }): Middleware {
  if (framework.family === 'express') {
    return express((req, res) => {
      res.set({ ...headers, 'X-Run': String(++count.runs) })
      res.type('html').send((text as (req: Request, res: Response) => string)(req, res))
    })
  }
  return koa(ctx => {
    ctx.set({ ...headers, 'X-Run': String(++count.runs) })
    ctx.type = 'html'
    ctx.body = (text as (ctx: Context) => string)(ctx)
  })
}

/** A middleware of Express, whatever its package's types say. */
export const express = (handler: RequestHandler): Middleware => expressAdapted(handler)

/** A middleware of Koa, whatever its package's types say. */
export const koa = (middleware: KoaMiddleware): Middleware => koaAdapted(middleware)

/** Answers one method and path, among what answers no page. */
export function on(
  framework: Framework,
  method: string,
  path: string,
  ...middleware: readonly Middleware[]
): Middleware {
  if (framework.family === 'express') {
    const [first, ...more] = middleware as unknown as readonly RequestHandler[]
    return express((req, res, next) => {
      if (req.method !== method || req.path !== path) return next()
      const step = (index: number): void => {
        const handler = [first!, ...more][index]
        if (handler === undefined) return next()
        void handler(req, res, error => (error === undefined ? step(index + 1) : next(error)))
      }
      step(0)
    })
  }
  const chain = middleware as unknown as readonly KoaMiddleware[]
  return koa((ctx, next) => {
    if (ctx.method !== method || ctx.path !== path) return next()
    const step = (index: number): unknown =>
      index === chain.length ? next() : chain[index]!(ctx, async () => void (await step(index + 1)))
    return step(0)
  })
}

/** What this cache said, without the lifetime. */
export function saidOf(answer: Answer): string {
  const status = answer.header('cache-status') ?? 'nothing'
  return status.replace(/^larder; /, '').replace(/; ttl=-?\d+/, '')
}

export const isHit = (answer: Answer): boolean => saidOf(answer) === 'hit'

/** A fill that is kept, for the first client, and a hit with the same bytes for the second. Returns the hit. */
/** A client may have the last byte of a stream before the fill that it caused has ended. */
export async function storedIn(cache: Cache, sets: number): Promise<void> {
  for (let turn = 0; turn < 200 && cache.getMetrics().sets < sets; turn++) {
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

export async function expectShared(
  { ask, runs, cache }: Site,
  path: string,
  first: AskOptions = {},
  second: AskOptions = first,
): Promise<Answer> {
  const before = runs()
  const { sets } = cache.getMetrics()
  const miss = await ask(path, first)
  await storedIn(cache, sets + 1)
  expect(miss.status, miss.wire).to.equal(200)
  expect(saidOf(miss), path).to.equal('fwd=uri-miss; stored')
  const hit = await ask(path, second)
  expect(hit.status, hit.wire).to.equal(200)
  expect(saidOf(hit), path).to.equal('hit')
  expect(hit.body.equals(miss.body), 'the same bytes').to.equal(true)
  expect(hit.header('x-run')).to.equal(miss.header('x-run'))
  expect(runs() - before).to.equal(1)
  return hit
}

/** A text that stands nowhere else. */
export function canary(): string {
  return `canary${randomBytes(6).toString('hex')}`
}

export function expectNowhere(text: string, ...answers: readonly Answer[]): void {
  for (const answer of answers) expect(answer.wire).not.to.include(text)
}

/** The `name=value` pairs that an answer gives, as a request says them. */
export function cookiesOf(answer: Answer): string {
  return answer.headers
    .filter(([name]) => name.toLowerCase() === 'set-cookie')
    .map(([, line]) => line.split(';')[0]!)
    .join('; ')
}

/** @throws when `promise` is not settled in time. */
export function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not within ${ms} ms`)), ms)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
