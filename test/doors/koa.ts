// Koa 3 and 2 in the table of frameworks.

import Router, { type RouterMiddleware } from '@koa/router'
import * as door from '@larder/koa'
import Koa3, { type Context, type Next } from 'koa'
import compress from 'koa-compress'
// @ts-expect-error The alias has no types of its own.
import Koa2 from 'koa2'
import type { App, Asked, DoorFunctions, Framework, Middleware, Reply } from './frameworks.ts'

export type Koa = typeof Koa3

function koaFramework(name: 'Koa 3' | 'Koa 2', Koa: Koa): Framework {
  return {
    name,
    version: name,
    family: 'koa',
    door: door as unknown as DoorFunctions,
    app: () => koaApp(Koa),
    handler: answer =>
      adapted(async ctx => {
        const asked: Asked = {
          method: ctx.method,
          target: ctx.originalUrl,
          field: name => ctx.get(name) || undefined,
          closed: new Promise(resolve => ctx.res.once('close', resolve)),
          subject: ctx as never,
        }
        const { status = 200, headers = {}, body }: Reply = await answer(asked)
        ctx.status = status
        ctx.set(headers as Record<string, string | string[]>)
        ctx.body = body
        // Without a body Koa makes it a 204.
        ctx.status = status
      }),
    setting: headers =>
      adapted((ctx, next) => {
        ctx.set(headers() as Record<string, string | string[]>)
        return next()
      }),
    removing: (...names) =>
      adapted((ctx, next) => {
        for (const name of names) ctx.remove(name)
        return next()
      }),
    catching: () =>
      adapted(async (ctx, next) => {
        try {
          await next()
        } catch (error) {
          ctx.status = 500
          ctx.body = (error as Error).message
        }
      }),
    compressing: () => adapted(compress({ threshold: 0 }) as unknown as KoaMiddleware),
    givingCookie: name => {
      let visits = 0
      return adapted(async (ctx, next) => {
        await next()
        ctx.cookies.set(name, String(++visits))
      })
    },
  }
}

function koaApp(Koa: Koa): App {
  const app = new Koa()
  app.silent = true
  const routes = (path: string, middleware: readonly Middleware[]) => {
    const router = new Router()
    router.get(path, ...(middleware as unknown as RouterMiddleware[]))
    return router.routes() as unknown as KoaMiddleware
  }
  return {
    native: app as never,
    use(...middleware) {
      for (const each of middleware) app.use(each as unknown as KoaMiddleware)
    },
    get: (path, ...middleware) => void app.use(routes(path, middleware)),
    mount(prefix, build, ...before) {
      const inner = new Router()
      build({ get: (path, ...middleware) => void inner.get(path, ...(middleware as unknown as RouterMiddleware[])) })
      const outer = new Router()
      outer.use(prefix, ...([...before, inner.routes()] as unknown as RouterMiddleware[]))
      app.use(outer.routes() as unknown as KoaMiddleware)
    },
    listen: () => app.listen(0, '127.0.0.1'),
  }
}

export type KoaMiddleware = (ctx: Context, next: Next) => unknown
export const adapted = (middleware: KoaMiddleware): Middleware => middleware

export const koa3Framework = koaFramework('Koa 3', Koa3)
export const koa2Framework = koaFramework('Koa 2', Koa2 as Koa)
