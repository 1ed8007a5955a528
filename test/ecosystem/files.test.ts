// serve-static, express.static and koa-static: files in front of the cache are their own, files behind it are stored on their word.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import bodies from 'express'
import koaStatic from 'koa-static'
import serveStatic from 'serve-static'
import type { Framework, Middleware } from '../doors/frameworks.ts'
import type { KoaMiddleware } from '../doors/koa.ts'
import { serving } from '../doors/stage.ts'
import {
  expectShared,
  express,
  expressFrameworks,
  koa,
  koaFrameworks,
  openSite,
  places,
  saidOf,
  storedIn,
} from './site.ts'

interface Server {
  readonly name: string
  readonly frameworks: readonly Framework[]
  /** Files of a folder; `maxAgeMs` is what it says of their freshness. */
  readonly mount: (folder: string, maxAgeMs?: number) => Middleware
}

const servers: readonly Server[] = [
  {
    name: 'serve-static',
    frameworks: expressFrameworks,
    mount: (folder, maxAge = 0) => express(serveStatic(folder, { maxAge })),
  },
  {
    name: 'express.static',
    frameworks: expressFrameworks,
    mount: (folder, maxAge = 0) => express(bodies.static(folder, { maxAge })),
  },
  {
    name: 'koa-static',
    frameworks: koaFrameworks,
    mount: (folder, maxage = 0) => koa(koaStatic(folder, { maxage }) as KoaMiddleware),
  },
]

const text = '0123456789'.repeat(100)

for (const { name, frameworks, mount } of servers) {
  for (const framework of frameworks) {
    describe(`${framework.name}: ${name}`, () => {
      const serve = serving()
      let folder = ''
      before(() => {
        folder = mkdtempSync(join(tmpdir(), 'larder-files-'))
        writeFileSync(join(folder, 'file.txt'), text)
      })
      after(() => rmSync(folder, { recursive: true, force: true }))

      it('before the cache: a file is not its business, a page is', async () => {
        const site = await openSite(serve, framework, { layers: () => [mount(folder)], place: 'before' })
        for (let turn = 0; turn < 2; turn++) {
          const answer = await site.ask('/file.txt')
          expect([answer.status, answer.text, answer.header('cache-status')]).to.deep.equal([200, text, undefined])
        }
        await expectShared(site, '/quiet')
      })

      it('after the cache: a file with max-age=0, as by default, is not stored', async () => {
        const site = await openSite(serve, framework, { layers: () => [mount(folder)], place: 'after' })
        for (let turn = 0; turn < 2; turn++) {
          const answer = await site.ask('/file.txt')
          expect(answer.text).to.equal(text)
          expect(saidOf(answer)).to.equal('fwd=uri-miss; detail=no-freshness')
        }
        await expectShared(site, '/quiet')
      })

      it('after the cache: a file with a lifetime is a hit, whole, in part and unmodified', async () => {
        const site = await openSite(serve, framework, { layers: () => [mount(folder, 60_000)], place: 'after' })
        const miss = await site.ask('/file.txt')
        expect(saidOf(miss)).to.equal('fwd=uri-miss; stored')
        await storedIn(site.cache, 1)
        const hit = await site.ask('/file.txt')
        expect([saidOf(hit), hit.text]).to.deep.equal(['hit', text])
        for (const field of ['content-type', 'last-modified', 'etag', 'cache-control']) {
          expect(hit.header(field), field).to.equal(miss.header(field))
        }
        const part = await site.ask('/file.txt', { headers: { Range: 'bytes=10-14' } })
        expect([saidOf(part), part.status, part.text]).to.deep.equal(['hit', 206, '01234'])
        const since = { 'If-Modified-Since': miss.header('last-modified')! }
        const unmodified = await site.ask('/file.txt', { headers: since })
        expect([saidOf(unmodified), unmodified.status, unmodified.text]).to.deep.equal(['hit', 304, ''])
      })

      for (const place of places) {
        it(`${place} the cache: a file that is not there is not stored, and a refresh of a page goes by`, async () => {
          const site = await openSite(serve, framework, { layers: () => [mount(folder, 60_000)], place })
          for (let turn = 0; turn < 2; turn++) {
            const missing = await site.ask('/none.txt')
            expect([missing.status, saidOf(missing)]).to.deep.equal([404, 'fwd=uri-miss; detail=status'])
          }
          await site.ask('/quiet')
          expect((await site.refresh('/quiet')).outcome).to.equal('stored')
        })
      }

      it('after the cache: a file is refreshed behind a stale response', async () => {
        const site = await openSite(serve, framework, { layers: () => [mount(folder, 60_000)], place: 'after' })
        await site.ask('/file.txt')
        expect((await site.refresh('/file.txt')).outcome).to.equal('stored')
        const fresh = await site.ask('/file.txt')
        expect([saidOf(fresh), fresh.text]).to.deep.equal(['hit', text])
      })
    })
  }
}
