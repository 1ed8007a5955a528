// Packages that know who asks: how somebody signs in with them, and how a page asks who it is.

import cookieParser from 'cookie-parser'
import cookieSession from 'cookie-session'
import bodies, { type Request } from 'express'
import type Koa from 'koa'
import type { Context } from 'koa'
import koaBodyParser from 'koa-bodyparser'
import type { Framework, Middleware } from '../doors/frameworks.ts'
import type { KoaMiddleware } from '../doors/koa.ts'
import { localPassport as expressPassport, rollingSession as expressRolling, secret } from './express-packages.ts'
import { localPassport as koaPassport, rollingSession as koaRolling, sessionStore } from './koa-packages.ts'
import { express, koa, type Layers, on, type Place, type Text } from './site.ts'

export interface Keeper {
  readonly name: string
  /** Its layers; they answer `POST /login?as=name` too. */
  readonly layers: (framework: Framework) => Layers
  /** Who has signed in; empty for nobody. */
  readonly who: Text
  /** What a page that asks is seen to read. */
  readonly reads: Readonly<Record<Place, readonly string[]>>
  /** Whoever has signed in gets the cookie anew with every answer that the package sees. */
  readonly rolling: boolean
  /** Behind the cache it looks itself at who asks, whatever the page does, so that nothing is stored. */
  readonly eager?: boolean
}

const nameIn = (target: string | undefined): string => new URL(target!, 'http://larder.example').searchParams.get('as')!
const both = (...words: string[]): Keeper['reads'] => ({ before: words, after: words })

type Kept = Record<string, string | undefined>
const sessionOf = (subject: unknown): Kept => (subject as { session: Kept }).session

const signInExpress = express((req, res) => {
  sessionOf(req)['user'] = nameIn(req.originalUrl)
  res.end()
})

const signInKoa = koa(ctx => {
  sessionOf(ctx)['user'] = nameIn(ctx.originalUrl)
  ctx.status = 204
})

/** Whoever gives a name, and any password, in a form. */
function expressPassportLayers(framework: Framework): readonly Middleware[] {
  const passport = expressPassport()
  const signIn = express((req, _res, next) => {
    req.body = { username: nameIn(req.originalUrl), password: 'any' }
    next()
  })
  const done = express((_req, res) => void res.end())
  return [
    express(expressRolling()),
    express(passport.initialize()),
    express(passport.session()),
    on(
      framework,
      'POST',
      '/login',
      express(bodies.urlencoded()),
      signIn,
      express(passport.authenticate('local')),
      done,
    ),
  ]
}

export const expressKeepers: readonly Keeper[] = [
  {
    name: 'cookie-parser',
    layers: framework => () => [
      express(cookieParser(secret)),
      on(
        framework,
        'POST',
        '/login',
        express((req, res) => void res.cookie('user', nameIn(req.originalUrl), { signed: true }).end()),
      ),
    ],
    who: (req: Request) => req.signedCookies['user'] ?? '',
    reads: both('cookies'),
    rolling: false,
  },
  {
    name: 'express-session',
    layers: framework => () => [express(expressRolling()), on(framework, 'POST', '/login', signInExpress)],
    who: (req: Request) => sessionOf(req)['user'] ?? '',
    reads: both('session'),
    rolling: true,
  },
  {
    name: 'cookie-session',
    layers: framework => () => [
      express(cookieSession({ keys: [secret] })),
      on(framework, 'POST', '/login', signInExpress),
    ],
    who: (req: Request) => sessionOf(req)['user'] ?? '',
    reads: { before: ['session'], after: ['cookie'] },
    rolling: false,
  },
  {
    name: 'passport',
    layers: framework => () => expressPassportLayers(framework),
    who: (req: Request) => (req.user as { name: string } | undefined)?.name ?? '',
    reads: both('user'),
    rolling: true,
  },
  {
    name: 'passport, asked by isAuthenticated()',
    layers: framework => () => expressPassportLayers(framework),
    who: (req: Request) => (req.isAuthenticated() ? (req.user as { name: string }).name : ''),
    reads: { before: ['req.isAuthenticated', 'user'], after: ['user'] },
    rolling: true,
  },
]

function koaPassportLayers(framework: Framework, session: Middleware): readonly Middleware[] {
  const passport = koaPassport()
  const signIn = koa((ctx, next) => {
    ;(ctx.request as { body?: unknown }).body = { username: nameIn(ctx.originalUrl), password: 'any' }
    return next()
  })
  const done = koa(ctx => {
    ctx.status = 204
  })
  return [
    session,
    koa(passport.initialize() as KoaMiddleware),
    koa(passport.session() as KoaMiddleware),
    on(
      framework,
      'POST',
      '/login',
      koa(koaBodyParser() as unknown as KoaMiddleware),
      signIn,
      koa(passport.authenticate('local') as KoaMiddleware),
      done,
    ),
  ]
}

/** It looks for everything everywhere: in the state, the request, the context. */
const koaPassportReads = ['state.session', 'session', 'cookie', 'state.user']

export const koaKeepers: readonly Keeper[] = [
  {
    name: 'ctx.cookies',
    layers: framework => app => {
      ;(app.native as Koa).keys = [secret]
      const signIn = koa(ctx => {
        ctx.cookies.set('user', nameIn(ctx.originalUrl), { signed: true })
        ctx.status = 204
      })
      return [on(framework, 'POST', '/login', signIn)]
    },
    who: (ctx: Context) => ctx.cookies.get('user', { signed: true }) ?? '',
    reads: both('cookie'),
    rolling: false,
  },
  {
    name: 'koa-session',
    layers: framework => app => [koaRolling(app), on(framework, 'POST', '/login', signInKoa)],
    who: (ctx: Context) => sessionOf(ctx)['user'] ?? '',
    reads: both('session'),
    rolling: true,
  },
  {
    name: 'koa-session with a store',
    layers: framework => app => [koaRolling(app, sessionStore()), on(framework, 'POST', '/login', signInKoa)],
    who: (ctx: Context) => sessionOf(ctx)['user'] ?? '',
    reads: { before: ['session'], after: ['cookie', 'session'] },
    rolling: true,
    eager: true,
  },
  {
    name: 'koa-passport',
    layers: framework => app => koaPassportLayers(framework, koaRolling(app)),
    who: (ctx: Context) => (ctx.state['user'] as { name: string } | undefined)?.name ?? '',
    reads: { before: ['state.user'], after: koaPassportReads },
    rolling: true,
    eager: true,
  },
  {
    name: 'koa-passport, asked by isAuthenticated()',
    layers: framework => app => koaPassportLayers(framework, koaRolling(app)),
    who: (ctx: Context) => (ctx.isAuthenticated() ? (ctx.state['user'] as { name: string }).name : ''),
    reads: { before: ['ctx.isAuthenticated', 'state.user'], after: koaPassportReads },
    rolling: true,
    eager: true,
  },
]
