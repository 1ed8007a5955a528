// cors and @koa/cors: leave to read across origins is for the origin that asked, on hits as on misses.

import koaCors from '@koa/cors'
import { expect } from 'chai'
import cors from 'cors'
import { type Framework, frameworks } from '../doors/frameworks.ts'
import type { KoaMiddleware } from '../doors/koa.ts'
import { serving } from '../doors/stage.ts'
import type { AskOptions } from '../support/http.ts'
import { expectShared, express, koa, type Layers, openSite, places, saidOf } from './site.ts'

const good = 'https://good.example'
const fine = 'https://fine.example'
const evil = 'https://evil.example'

/** Answers the origins on its list, credentials included. */
function listing(framework: Framework): Layers {
  const list = [good, fine]
  if (framework.family === 'express') return () => [express(cors({ origin: list, credentials: true }))]
  const origin = (ctx: { get(name: string): string }) => (list.includes(ctx.get('Origin')) ? ctx.get('Origin') : '')
  return () => [koa(koaCors({ origin, credentials: true }) as KoaMiddleware)]
}

const from = (origin: string): AskOptions => ({ headers: { Origin: origin } })

for (const framework of frameworks) {
  const name = framework.family === 'express' ? 'cors' : '@koa/cors'
  describe(`${framework.name}: ${name}`, () => {
    const serve = serving()

    it('before the cache: one stored response, and each origin has its own leave', async () => {
      const site = await openSite(serve, framework, { layers: listing(framework), place: 'before' })
      await expectShared(site, '/quiet', from(good), from(fine))
      for (const [origin, allowed] of [
        [good, good],
        [fine, fine],
        [evil, undefined],
      ] as const) {
        const hit = await site.ask('/quiet', from(origin))
        expect([saidOf(hit), hit.header('access-control-allow-origin')]).to.deep.equal(['hit', allowed])
        expect(hit.header('vary')).to.match(/\bOrigin\b/i)
      }
      expect((await site.ask('/quiet')).header('access-control-allow-origin')).to.equal(undefined)
      expect(site.runs()).to.equal(1)
    })

    it('after the cache: a variant for each origin, with its own leave', async () => {
      const site = await openSite(serve, framework, { layers: listing(framework), place: 'after' })
      for (const turn of ['vary-miss', 'hit']) {
        for (const [origin, allowed] of [
          [good, good],
          [fine, fine],
          [evil, undefined],
        ] as const) {
          const answer = await site.ask('/quiet', from(origin))
          expect(answer.header('access-control-allow-origin')).to.equal(allowed)
          expect(answer.header('vary')).to.match(/\bOrigin\b/i)
          if (turn === 'hit') expect(saidOf(answer)).to.equal('hit')
          else expect(saidOf(answer)).to.match(/^fwd=(uri|vary)-miss; stored$/)
        }
      }
      expect((await site.ask('/quiet')).header('access-control-allow-origin')).to.equal(undefined)
      expect(site.runs()).to.equal(4)
    })

    for (const place of places) {
      it(`${place} the cache: a preflight is answered, before a page is stored and after`, async () => {
        const site = await openSite(serve, framework, { layers: listing(framework), place })
        const preflight = () =>
          site.ask('/quiet', {
            method: 'OPTIONS',
            headers: { Origin: good, 'Access-Control-Request-Method': 'GET', 'Access-Control-Request-Headers': 'X-A' },
          })
        for (let turn = 0; turn < 2; turn++) {
          const answer = await preflight()
          expect(answer.status).to.equal(204)
          expect(answer.header('access-control-allow-origin')).to.equal(good)
          expect(answer.header('access-control-allow-methods')).to.include('GET')
          expect(answer.header('access-control-allow-headers')).to.equal('X-A')
          if (turn === 0) await expectShared(site, '/quiet', from(good))
        }
        // Nor does it purge anything: OPTIONS is safe.
        expect(saidOf(await site.ask('/quiet', from(good)))).to.equal('hit')
      })

      it(`${place} the cache: the origin that meets a stale response is in no other's next`, async () => {
        const site = await openSite(serve, framework, { layers: listing(framework), place })
        await expectShared(site, '/quiet', from(good))
        if (place === 'after') await site.ask('/quiet', from(fine))
        expect((await site.refresh('/quiet', from(good))).outcome).to.equal('stored')
        for (const [origin, allowed] of [
          [good, good],
          [fine, fine],
          [evil, undefined],
        ] as const) {
          const answer = await site.ask('/quiet', from(origin))
          expect(answer.header('access-control-allow-origin')).to.equal(allowed)
        }
      })
    }
  })
}
