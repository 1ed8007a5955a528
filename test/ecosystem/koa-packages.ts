// The packages of Koa, each mounted as its own README shows it.

import { bodyParser } from '@koa/bodyparser'
import cors from '@koa/cors'
import type Koa from 'koa'
import legacyBodyParser from 'koa-bodyparser'
import compress from 'koa-compress'
import koaPassport from 'koa-passport'
import session from 'koa-session'
import { Strategy as LocalStrategy } from 'passport-local'
import type { App, Middleware } from '../doors/frameworks.ts'
import type { KoaMiddleware } from '../doors/koa.ts'
import { koa, type Packages } from './site.ts'

/** Who has a session keeps it as long as he comes: its cookie is set with every answer that looks at it. */
export function rollingSession(app: App, store?: object): Middleware {
  const native = app.native as Koa
  native.keys = ['keyboard cat']
  return koa(session({ rolling: true, ...(store && { store: store as never }) }, native) as KoaMiddleware)
}

/** Sessions in memory; the cookie has but their keys. */
export function sessionStore(): object {
  const kept = new Map<string, unknown>()
  return {
    get: async (key: string) => kept.get(key),
    set: async (key: string, value: unknown) => void kept.set(key, value),
    destroy: async (key: string) => void kept.delete(key),
  }
}

/** Passport with a session, and the strategy that signs anybody in who gives a name and any password. */
export function localPassport() {
  const passport = new koaPassport.KoaPassport()
  passport.use(new LocalStrategy((username, _password, done) => done(null, { name: username })))
  passport.serializeUser((user, done) => done(null, user))
  passport.deserializeUser((user, done) => done(null, user as Express.User))
  return passport
}

export const koaPackages: Packages = {
  'koa-session': app => [rollingSession(app)],
  '@koa/cors': () => [koa(cors() as KoaMiddleware)],
  'koa-compress': () => [koa(compress({ threshold: 0 }) as unknown as KoaMiddleware)],
  'koa-bodyparser': () => [koa(legacyBodyParser() as unknown as KoaMiddleware)],
  '@koa/bodyparser': () => [koa(bodyParser() as unknown as KoaMiddleware)],
}
