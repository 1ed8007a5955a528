// Cookies, sessions and users, kept in front of the cache and behind it: nobody ever gets what is another's.

import { expect } from 'chai'
import type { Framework } from '../doors/frameworks.ts'
import { serving } from '../doors/stage.ts'
import type { AskOptions } from '../support/http.ts'
import { expressKeepers, type Keeper, koaKeepers } from './keepers.ts'
import {
  canary,
  cookiesOf,
  expectNowhere,
  expectShared,
  expressFrameworks,
  isHit,
  koaFrameworks,
  openSite,
  type Page,
  places,
  type Site,
  type SiteOptions,
  saidOf,
  type Text,
} from './site.ts'

for (const framework of expressFrameworks) for (const keeper of expressKeepers) describeKeeper(framework, keeper)
for (const framework of koaFrameworks) for (const keeper of koaKeepers) describeKeeper(framework, keeper)

interface Person {
  readonly name: string
  readonly asking: AskOptions
}

function describeKeeper(framework: Framework, keeper: Keeper): void {
  for (const place of places) {
    describe(`${framework.name}: ${keeper.name}, ${place} the cache`, () => {
      const serve = serving()
      const mine: Page = { text: pageOf(keeper.who) }
      const boast: Page = { ...mine, headers: { 'Cache-Control': 'public, max-age=60' } }
      const isStored = place === 'before' || keeper.eager !== true
      const seen = new RegExp(`^fwd=(uri-miss|bypass); detail=read-(${keeper.reads[place].join('|')})$`)
      const open = (pages: SiteOptions['pages'], route: SiteOptions['route'] = {}) =>
        openSite(serve, framework, { layers: keeper.layers(framework), place, pages: pages!, route })

      /** Each asks twice: the own page, made for this request. */
      async function expectOwn(site: Site, path: string, people: readonly Person[]): Promise<void> {
        const everybody = [...people, nobody]
        const before = site.runs()
        for (const { name, asking } of [...everybody, ...everybody]) {
          const answer = await site.ask(path, asking)
          expect(answer.text).to.include(`page of ${name}.`)
          for (const other of everybody) if (other.name !== name) expectNowhere(other.name, answer)
          expect(saidOf(answer)).to.match(/^fwd=/).and.not.include('stored')
          if (name === nobody.name) expect(saidOf(answer)).to.match(seen)
        }
        expect(site.runs() - before).to.equal(2 * everybody.length)
      }

      it('a page that asks who it is for is not stored', async () => {
        const site = await open({ '/mine': mine })
        await expectOwn(site, '/mine', [await signIn(site), await signIn(site)])
      })

      it('nor one that says that it is public', async () => {
        const site = await open({ '/mine': boast })
        await expectOwn(site, '/mine', [await signIn(site), await signIn(site)])
      })

      it('nor one of a route that says so', async () => {
        const site = await open({ '/mine': mine }, { public: true })
        await expectOwn(site, '/mine', [await signIn(site), await signIn(site)])
      })

      it('a route that vouches for its pages has them stored', async () => {
        const page: Page = { text: pageOf(keeper.who, () => 'for all') }
        const site = await open({ '/all': page }, { public: true, trust: keeper.reads[place] })
        const [ann, ben] = [await signIn(site), await signIn(site)]
        const shared = await expectShared(site, '/all')
        for (const { name, asking } of [ann, ben]) {
          const hit = await site.ask('/all', asking)
          expect(saidOf(hit)).to.equal('hit')
          expect(hit.body.equals(shared.body)).to.equal(true)
          expectNowhere(name, await site.ask('/all'))
        }
      })

      it(`a page that asks nothing is${isStored ? '' : ' not'} shared by those who have not signed in`, async () => {
        const site = await open({})
        const ann = await signIn(site)
        const passed = await site.ask('/quiet', ann.asking)
        expect(saidOf(passed)).to.match(/^fwd=bypass; detail=credentials$|detail=(set-cookie|read-)/)
        if (isStored) await expectShared(site, '/quiet')
        else expect(saidOf(await site.ask('/quiet'))).to.match(seen)
      })

      if (!isStored) return
      it('a page that says that it is public is shared by all, and each keeps the own cookie', async () => {
        const site = await open({ '/open': openPage })
        const [ann, ben] = [await signIn(site), await signIn(site)]
        const hit = await expectShared(site, '/open')
        expect(hit.header('set-cookie')).to.equal(undefined)
        for (const { name, asking } of [ann, ben, ann]) {
          const own = await site.ask('/open', asking)
          expect(isHit(own), own.wire).to.equal(true)
          expect(own.body.equals(hit.body)).to.equal(true)
          expectCookie(own.header('set-cookie'), name, asking)
        }
        expect((await site.ask('/open')).header('set-cookie')).to.equal(undefined)
      })

      it('the one who fills leaves nothing of his in what is stored', async () => {
        const site = await open({ '/open': openPage })
        const [ann, ben] = [await signIn(site), await signIn(site)]
        const first = await site.ask('/open', ann.asking)
        expectCookie(first.header('set-cookie'), ann.name, ann.asking, 'fill')
        expect(saidOf(first)).to.equal(
          first.header('set-cookie') !== undefined && place === 'after'
            ? 'fwd=uri-miss; detail=set-cookie'
            : 'fwd=uri-miss; stored',
        )
        for (const { asking } of [ben, nobody]) {
          const answer = await site.ask('/open', asking)
          for (const value of [ann.name, ...valuesOf(ann.asking)]) expectNowhere(value, answer)
        }
      })

      it('the one who meets a stale response leaves nothing of his in the next', async () => {
        const site = await open({ '/open': openPage })
        const ann = await signIn(site)
        await expectShared(site, '/open')
        const { stale, outcome } = await site.refresh('/open', ann.asking)
        expectCookie(stale.header('set-cookie'), ann.name, ann.asking)
        expect(outcome).to.equal('stored')
        for (const { asking } of [nobody, await signIn(site)]) {
          const fresh = await site.ask('/open', asking)
          expect([saidOf(fresh), fresh.header('x-run')]).to.deep.equal(['hit', '2'])
          expectNowhere(ann.name, fresh)
          for (const value of valuesOf(ann.asking)) expectNowhere(value, fresh)
        }
      })

      function expectCookie(
        given: string | undefined,
        name: string,
        asking: AskOptions,
        by: 'fill' | 'hit' = 'hit',
      ): void {
        if ((place === 'after' && by === 'hit') || !keeper.rolling || !isLookedAt) {
          expect(given, name).to.equal(undefined)
          return
        }
        expect(given, name).to.be.a('string')
        // A session in a cookie is written anew with its new end, one in a store keeps its key.
        expect(given!.split('=')[0]).to.equal(String(asking.headers!['Cookie']).split('=')[0])
      }
      // koa-session with its data in the cookie looks at it only when it is asked to.
      const isLookedAt = keeper.name !== 'koa-session'
    })
  }
}

const nobody: Person = { name: 'nobody', asking: {} }
const openPage: Page = { text: () => 'open to all', headers: { 'Cache-Control': 'public, max-age=60' } }

function pageOf(who: Text, say = (name: string) => `page of ${name}.`): Text {
  return (...subject: unknown[]) => say((who as (...subject: unknown[]) => string)(...subject) || nobody.name)
}

async function signIn(site: Site): Promise<Person> {
  const name = canary()
  const answer = await site.ask(`/login?as=${name}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: '',
  })
  expect(answer.status, answer.wire).to.be.oneOf([200, 204])
  const cookie = cookiesOf(answer)
  expect(cookie).not.to.equal('')
  return { name, asking: { headers: { Cookie: cookie } } }
}

const valuesOf = ({ headers }: AskOptions): string[] =>
  String(headers!['Cookie'])
    .split('; ')
    .map(pair => pair.slice(pair.indexOf('=') + 1))
