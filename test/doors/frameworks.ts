// The frameworks, in their versions and on their servers, as the door suite sees them: an app, a route, a layer around it, an answer.

import type { Server } from 'node:http'
import type { Readable } from 'node:stream'
import type { Cache, Duration } from '@larder/core'
import type { CacheHealthOptions, InvalidateRequest, ResponseCacheOptions, TracingOptions } from '@larder/core/door'
import { express4Framework, express5Framework, fastExpress4Framework, fastExpress5Framework } from './express.ts'
import { koa2Framework, koa3Framework } from './koa.ts'

/** A middleware of the framework's own; only its adapter knows what is in it. */
export type Middleware = (...args: never[]) => unknown

export type Fields = Readonly<Record<string, string | string[]>>

/** What a handler of any framework answers. */
export interface Reply {
  readonly status?: number
  readonly headers?: Fields
  readonly body?: string | Buffer | Readable | undefined
}

/** What such a handler is told. */
export interface Asked {
  readonly method: string
  /** The target as it came. */
  readonly target: string
  field(name: string): string | undefined
  /** Resolves when the connection is gone or the answer is out. */
  readonly closed: Promise<void>
  /** Express's request, Koa's context: what `tag` and `invalidate` take. */
  readonly subject: never
}

export type Answering = (asked: Asked) => Reply | Promise<Reply>

/** What a door gives, without the framework's types. */
export interface DoorFunctions {
  responseCache(options?: Duration | ResponseCacheOptions<never>): Middleware
  cacheHealth(options?: CacheHealthOptions): Middleware
  attachCache(app: never, cache: Cache): void
  cacheOf(subject: never): Cache
  invalidate(subject: never, what: InvalidateRequest): Promise<void>
  tag(subject: never, ...tags: readonly string[]): void
  tracing(options?: TracingOptions): Middleware
}

export interface App {
  /** The framework's own application. */
  readonly native: never
  use(...middleware: Middleware[]): void
  get(path: string, ...middleware: Middleware[]): void
  /** A router below a prefix. */
  mount(prefix: string, build: (router: Pick<App, 'get'>) => void, ...before: Middleware[]): void
  listen(): Server
}

export interface Framework {
  readonly name: string
  readonly version: 'Express 5' | 'Express 4' | 'Koa 3' | 'Koa 2'
  readonly family: 'express' | 'koa'
  readonly door: DoorFunctions
  app(): App
  /** A handler. A body that is a stream is piped as the framework does it. */
  handler(answer: Answering): Middleware
  /** A layer that sets fields on the way in, each time anew. */
  setting(headers: () => Fields): Middleware
  /** A layer that takes fields off on the way in, as a handler may take off what an outer layer set. */
  removing(...names: string[]): Middleware
  /** A layer that answers what is thrown with 500 and its message. */
  catching(): Middleware
  /** Compression as this framework's users have it, with no body too short. */
  compressing(): Middleware
  /** A session in a cookie of this name, which is set anew when the head goes out. */
  givingCookie(name: string): Middleware
}

export const frameworks: readonly Framework[] = [
  express5Framework,
  express4Framework,
  fastExpress5Framework,
  fastExpress4Framework,
  koa3Framework,
  koa2Framework,
]
