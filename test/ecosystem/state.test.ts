// What a layer of the application leaves in res.locals, ctx.state, on req or ctx: a page that reads it is not stored.

import { expect } from 'chai'
import type { Request, Response } from 'express'
import type { Context } from 'koa'
import { type Framework, frameworks } from '../doors/frameworks.ts'
import { serving } from '../doors/stage.ts'
import type { AskOptions } from '../support/http.ts'
import { canary, expectNowhere, expectShared, express, koa, type Layers, openSite, saidOf, type Text } from './site.ts'

/** A layer that looks up by the cookie `u` who asks, and leaves it where pages look. */
function lookup(framework: Framework): Layers {
  const userIn = (cookie: string | undefined) => /(?:^|;\s*)u=(\w+)/.exec(cookie ?? '')?.[1]
  if (framework.family === 'express') {
    return () => [
      express((req, res, next) => {
        res.locals['user'] = userIn(req.headers.cookie)
        Object.assign(req, { tenant: userIn(req.headers.cookie) })
        next()
      }),
    ]
  }
  return () => [
    koa((ctx, next) => {
      ctx.state['user'] = userIn(ctx.headers.cookie)
      Object.assign(ctx, { tenant: userIn(ctx.headers.cookie) })
      return next()
    }),
  ]
}

const ways: Readonly<Record<Framework['family'], readonly (readonly [what: string, word: string, who: Text])[]>> = {
  express: [
    ['res.locals.user', 'locals.user', (_req: Request, res: Response) => String(res.locals['user'])],
    ['a property of req', 'req.tenant', (req: Request) => String((req as { tenant?: string }).tenant)],
  ],
  koa: [
    ['ctx.state.user', 'state.user', (ctx: Context) => String(ctx.state['user'])],
    ['a property of ctx', 'ctx.tenant', (ctx: Context) => String(ctx['tenant'])],
  ],
}

const as = (name: string): AskOptions => ({ headers: { Cookie: `u=${name}` } })
const headers = { 'Cache-Control': 'public, max-age=60' }

for (const framework of frameworks) {
  for (const [what, word, who] of ways[framework.family]) {
    describe(`${framework.name}: ${what}, left by a layer of the application`, () => {
      const serve = serving()
      const pages = { '/mine': { text: who, headers }, '/open': { text: () => 'open to all', headers } }

      it('before the cache: a page that reads it is made for each, another one is shared by all', async () => {
        const site = await openSite(serve, framework, { layers: lookup(framework), place: 'before', pages })
        const [ann, ben] = [canary(), canary()]
        for (const [name, other] of [
          [ann, ben],
          [ben, ann],
          ['', ann],
        ] as const) {
          const answer = await site.ask('/mine', name === '' ? {} : as(name))
          expect(answer.text).to.equal(name === '' ? 'undefined' : name)
          expect(saidOf(answer)).to.equal(`fwd=uri-miss; detail=read-${word}`)
          expectNowhere(other, answer)
        }
        await expectShared(site, '/open', as(ann), as(ben))
        expect(saidOf(await site.ask('/open'))).to.equal('hit')
      })

      it('after the cache: the layer reads the cookie for every page, so none is stored', async () => {
        const site = await openSite(serve, framework, { layers: lookup(framework), place: 'after', pages })
        for (const path of ['/mine', '/open', '/quiet']) {
          for (const asking of [{}, {}]) {
            expect(saidOf(await site.ask(path, asking)), path).to.equal('fwd=uri-miss; detail=read-cookie')
          }
        }
      })
    })
  }
}
