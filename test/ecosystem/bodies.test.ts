// Body parsers: what is posted is parsed behind the cache and in front of it, and what it changed is made anew.

import { bodyParser } from '@koa/bodyparser'
import { expect } from 'chai'
import bodies, { type Request } from 'express'
import type { Context } from 'koa'
import legacyBodyParser from 'koa-bodyparser'
import multer from 'multer'
import type { Framework, Middleware } from '../doors/frameworks.ts'
import type { KoaMiddleware } from '../doors/koa.ts'
import { serving } from '../doors/stage.ts'
import { expectShared, express, expressFrameworks, koa, koaFrameworks, on, openSite, places, saidOf } from './site.ts'

interface Parser {
  readonly name: string
  readonly frameworks: readonly Framework[]
  readonly layers: () => readonly Middleware[]
  readonly type: string
  readonly body: string
  /** What the handler of `POST /quiet` has of it. */
  readonly parsed: unknown
  /** A body that it refuses. */
  readonly broken?: string
}

const multipart = [
  '--edge',
  'Content-Disposition: form-data; name="title"',
  '',
  'chess',
  '--edge',
  'Content-Disposition: form-data; name="picture"; filename="a.txt"',
  'Content-Type: text/plain',
  '',
  'a picture',
  '--edge--',
  '',
].join('\r\n')

const json = { type: 'application/json', body: '{"title":"chess"}', parsed: { title: 'chess' }, broken: '{"title' }
const form = { type: 'application/x-www-form-urlencoded', body: 'title=chess', parsed: { title: 'chess' } }

const parsers: readonly Parser[] = [
  { name: 'express.json', frameworks: expressFrameworks, layers: () => [express(bodies.json())], ...json },
  { name: 'express.urlencoded', frameworks: expressFrameworks, layers: () => [express(bodies.urlencoded())], ...form },
  {
    name: 'express.text',
    frameworks: expressFrameworks,
    layers: () => [express(bodies.text())],
    type: 'text/plain',
    body: 'chess',
    parsed: 'chess',
  },
  {
    name: 'multer',
    frameworks: expressFrameworks,
    layers: () => [express(multer().single('picture'))],
    type: 'multipart/form-data; boundary=edge',
    body: multipart,
    parsed: { title: 'chess', picture: 'a picture' },
  },
  ...[json, form].flatMap(given => [
    {
      name: `koa-bodyparser (${given.type})`,
      frameworks: koaFrameworks,
      layers: () => [koa(legacyBodyParser() as unknown as KoaMiddleware)],
      ...given,
    },
    {
      name: `@koa/bodyparser (${given.type})`,
      frameworks: koaFrameworks,
      layers: () => [koa(bodyParser() as unknown as KoaMiddleware)],
      ...given,
    },
  ]),
]

const echoExpress = express((req, res) => {
  const { file } = req as Request & { file?: { buffer: Buffer } }
  res.json(file === undefined ? req.body : { ...req.body, picture: file.buffer.toString() })
})
const echoKoa = koa(ctx => {
  ctx.body = JSON.stringify((ctx as Context & { request: { body: unknown } }).request.body)
})

for (const { name, frameworks, layers, type, body, parsed, broken } of parsers) {
  for (const framework of frameworks) {
    describe(`${framework.name}: ${name}`, () => {
      const serve = serving()
      const echo = framework.family === 'express' ? echoExpress : echoKoa

      for (const place of places) {
        it(`${place} the cache: a post is parsed, and purges the page that it changes`, async () => {
          const site = await openSite(serve, framework, {
            layers,
            place,
            rest: [on(framework, 'POST', '/quiet', echo)],
          })
          await expectShared(site, '/quiet')
          const posted = await site.ask('/quiet', { method: 'POST', headers: { 'Content-Type': type }, body })
          expect([posted.status, saidOf(posted)]).to.deep.equal([200, 'fwd=method'])
          expect(JSON.parse(posted.text)).to.deep.equal(parsed)
          const next = await site.ask('/quiet')
          expect([saidOf(next), next.header('x-run')]).to.deep.equal(['fwd=uri-miss; stored; detail=invalidated', '2'])
        })

        if (broken === undefined) continue
        it(`${place} the cache: a post that cannot be parsed is refused, and purges nothing`, async () => {
          const site = await openSite(serve, framework, {
            layers,
            place,
            rest: [on(framework, 'POST', '/quiet', echo)],
          })
          await expectShared(site, '/quiet')
          const headers = { 'Content-Type': type }
          expect((await site.ask('/quiet', { method: 'POST', headers, body: broken })).status).to.equal(400)
          expect(saidOf(await site.ask('/quiet'))).to.equal('hit')
        })
      }
    })
  }
}
