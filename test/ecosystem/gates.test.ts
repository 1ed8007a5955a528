// passport-jwt as a gate: in front of the cache it guards hits too, behind it nothing is stored.

import { expect } from 'chai'
import type { Request } from 'express'
import jwt from 'jsonwebtoken'
import type { Context } from 'koa'
import koaPassport from 'koa-passport'
import { Passport } from 'passport'
import { ExtractJwt, Strategy } from 'passport-jwt'
import { type Framework, frameworks } from '../doors/frameworks.ts'
import type { KoaMiddleware } from '../doors/koa.ts'
import { serving } from '../doors/stage.ts'
import type { AskOptions } from '../support/http.ts'
import { canary, expectNowhere, expectShared, express, koa, type Layers, openSite, type Page, saidOf } from './site.ts'

const secretOrKey = 'keyboard cat'

const strategy = () =>
  new Strategy({ jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(), secretOrKey }, (payload, done) =>
    done(null, { name: payload.sub }),
  )

function gate(framework: Framework): Layers {
  return () => {
    if (framework.family === 'express') {
      const passport = new Passport().use(strategy())
      return [express(passport.authenticate('jwt', { session: false }))]
    }
    const passport = new koaPassport.KoaPassport().use(strategy())
    return [koa(passport.authenticate('jwt', { session: false }) as KoaMiddleware)]
  }
}

const token = (name: string): AskOptions => ({
  headers: { Authorization: `Bearer ${jwt.sign({ sub: name }, secretOrKey)}` },
})
const forged: AskOptions = { headers: { Authorization: `Bearer ${jwt.sign({ sub: 'Eve' }, 'another secret')}` } }

const openPage: Page = { text: () => 'for members', headers: { 'Cache-Control': 'public, max-age=60' } }

for (const framework of frameworks) {
  const minePage: Page = {
    text:
      framework.family === 'express'
        ? (req: Request) => `page of ${(req.user as { name: string }).name}`
        : (ctx: Context) => `page of ${(ctx.state['user'] as { name: string }).name}`,
    headers: { 'Cache-Control': 'public, max-age=60' },
  }

  describe(`${framework.name}: passport-jwt, before the cache`, () => {
    const serve = serving()

    it('a page for members is a hit for members, and for nobody else', async () => {
      const site = await openSite(serve, framework, {
        layers: gate(framework),
        place: 'before',
        pages: { '/open': openPage },
      })
      await expectShared(site, '/open', token('Ann'), token('Ben'))
      for (const asking of [{}, forged]) {
        const answer = await site.ask('/open', asking)
        expect([answer.status, answer.header('cache-status')]).to.deep.equal([401, undefined])
        expectNowhere('for members', answer)
      }
    })

    it('a page that does not say that it may be shared is made for each', async () => {
      const site = await openSite(serve, framework, { layers: gate(framework), place: 'before' })
      for (const name of ['Ann', 'Ben']) {
        expect(saidOf(await site.ask('/quiet', token(name)))).to.match(
          /^fwd=(uri-miss; detail=authorization|bypass; detail=credentials)$/,
        )
      }
      expect(site.runs()).to.equal(2)
    })

    it('a page that asks who it is for is not stored, whatever it says', async () => {
      const site = await openSite(serve, framework, {
        layers: gate(framework),
        place: 'before',
        pages: { '/mine': minePage },
      })
      for (const name of [canary(), canary()]) {
        const answer = await site.ask('/mine', token(name))
        expect(answer.text).to.equal(`page of ${name}`)
        expect(saidOf(answer)).to.equal(
          `fwd=uri-miss; detail=read-${framework.family === 'express' ? 'user' : 'state.user'}`,
        )
      }
    })

    it('a refresh has no token, so the gate stops it, and a member fills in its time', async () => {
      const site = await openSite(serve, framework, {
        layers: gate(framework),
        place: 'before',
        pages: { '/open': openPage },
      })
      await expectShared(site, '/open', token('Ann'))
      expect((await site.refresh('/open', token('Ben'))).outcome).to.equal('failed')
      expect(site.runs()).to.equal(1)
      site.clock.advance(3600)
      expect(saidOf(await site.ask('/open', token('Ann')))).to.match(/^fwd=stale; (fwd-status=304; )?stored$/)
    })

    it('with a scope a refresh has one', async () => {
      const route = { scope: () => 'members' }
      const site = await openSite(serve, framework, { layers: gate(framework), place: 'before', route })
      await expectShared(site, '/quiet', token('Ann'), token('Ben'))
      expect((await site.refresh('/quiet', token('Ben'))).outcome).to.equal('stored')
      const fresh = await site.ask('/quiet', token('Ann'))
      expect([saidOf(fresh), fresh.header('x-run')]).to.deep.equal(['hit', '2'])
      expect((await site.ask('/quiet')).status).to.equal(401)
    })
  })

  describe(`${framework.name}: passport-jwt, after the cache`, () => {
    const serve = serving()
    const cases = [
      ['a page', '/quiet', {}],
      ['one that says that it is public', '/open', {}],
      ['one of a route that says so', '/quiet', { public: true }],
    ] as const
    for (const [what, path, route] of cases) {
      it(`${what} is not stored, so nobody passes the gate by a hit`, async () => {
        const site = await openSite(serve, framework, {
          layers: gate(framework),
          place: 'after',
          pages: { '/open': openPage },
          route,
        })
        for (const asking of [token('Ann'), token('Ben'), {}, forged]) {
          const answer = await site.ask(path, asking)
          const passes = asking !== forged && asking.headers !== undefined
          expect(answer.status).to.equal(passes ? 200 : 401)
          expect(saidOf(answer)).to.match(/^fwd=/).and.not.include('stored')
          if (passes && path + JSON.stringify(route) !== '/quiet{}') {
            expect(saidOf(answer)).to.match(/detail=read-(authorization|state\.session|session)$/)
          }
        }
        expect(site.runs()).to.equal(2)
      })
    }
  })
}
