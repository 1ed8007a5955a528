// Every option of responseCache() as a client sees it.

import { expect } from 'chai'
import type { Answer } from '../support/http.ts'
import { type Answering, type Asked, frameworks } from './frameworks.ts'
import { type Client, type StageOptions, said, serving, stage } from './stage.ts'

type Options = NonNullable<StageOptions['cache']>

/** What the user's functions are given, by the name that Express and Koa share. */
interface Subject {
  readonly headers: Readonly<Record<string, string>>
  readonly path: string
}
const given = (read: (subject: Subject) => unknown) => read as never

/** Two requests: the second is answered by the first one's run, or by its own. */
interface Pair {
  readonly title: string
  readonly options: Options
  readonly first: readonly [target: string, headers?: Record<string, string>]
  readonly second: readonly [target: string, headers?: Record<string, string>]
  readonly shares: boolean
  readonly reply?: Record<string, string>
}

const alice = { Cookie: 'u=alice' }
const bob = { Cookie: 'u=bob' }
const tenant = given(({ headers }) => headers['x-tenant'] ?? 'none')

const pairs: readonly Pair[] = [
  pair('credentials are not shared', {}, ['/', alice], ['/', bob], false),
  pair('credentials do not use what others filled', {}, ['/'], ['/', alice], false),
  pair('Authorization is a credential', {}, ['/', { Authorization: 'Bearer a' }], ['/'], false),
  pair('an empty Authorization is one too', {}, ['/', { Authorization: '' }], ['/'], false),
  pair('analytics cookies are none', {}, ['/', { Cookie: '_ga=1; _gid=2' }], ['/', { Cookie: '_ga=3' }], true),
  {
    ...pair('a response that says public is for all', {}, ['/', alice], ['/', bob], true),
    reply: { 'Cache-Control': 'public, max-age=9' },
  },
  {
    ...pair('so is one that says s-maxage', {}, ['/', alice], ['/', bob], true),
    reply: { 'Cache-Control': 's-maxage=9' },
  },
  { ...pair('max-age alone is not', {}, ['/', alice], ['/', bob], false), reply: { 'Cache-Control': 'max-age=9' } },
  pair('public shares', { public: true }, ['/', alice], ['/', bob], true),
  pair(
    'public shares between those with and those without',
    { public: true },
    ['/', { Authorization: 'a' }],
    ['/'],
    true,
  ),
  {
    ...pair('public does not override private', { public: true }, ['/', alice], ['/', bob], false),
    reply: { 'Cache-Control': 'private' },
  },
  pair(
    'ignoreCookies',
    { ignoreCookies: ['theme', 'ab_*'] },
    ['/', { Cookie: 'theme=1' }],
    ['/', { Cookie: 'ab_2=x' }],
    true,
  ),
  pair('ignoreCookies beside another', { ignoreCookies: ['theme'] }, ['/', { Cookie: 'theme=1; u=1' }], ['/'], false),
  pair(
    'scope shares within',
    { scope: tenant },
    ['/', { ...alice, 'X-Tenant': 'a' }],
    ['/', { ...bob, 'X-Tenant': 'a' }],
    true,
  ),
  pair('scope parts', { scope: tenant }, ['/', { 'X-Tenant': 'a' }], ['/', { 'X-Tenant': 'b' }], false),
  pair('scope in a promise', { scope: given(async () => 'one') }, ['/', alice], ['/', bob], true),
  pair('key joins', { key: given(({ path }) => path.slice(0, 2)) }, ['/ab?1'], ['/ac?2'], true),
  pair('key parts', { key: given(({ headers }) => headers['x-key'] ?? '') }, ['/'], ['/', { 'X-Key': '1' }], false),
  pair('key keeps hosts apart', { key: given(() => 'k') }, ['/'], ['/', { Host: 'other.example' }], false),
  pair('hosts are apart', {}, ['/'], ['/', { Host: 'other.example' }], false),
  pair('the query counts', {}, ['/?a=1'], ['/?a=2'], false),
  pair('query.ignore', { query: { ignore: ['utm_*'] } }, ['/?a=1&utm_source=x'], ['/?a=1'], true),
  pair('query.ignore of what it does not name', { query: { ignore: ['utm_*'] } }, ['/?a=1&utm=x'], ['/?a=1'], false),
  pair('query.allow', { query: { allow: ['page'] } }, ['/?page=1&x=1'], ['/?x=2&page=1'], true),
  pair('query.allow parts', { query: { allow: ['page'] } }, ['/?page=1'], ['/?page=2'], false),
  pair('query.sort', { query: { sort: true } }, ['/?b=2&a=1'], ['/?a=1&b=2'], true),
  pair('query.sort keeps the order of equal names', { query: { sort: true } }, ['/?a=1&a=2'], ['/?a=2&a=1'], false),
  pair('vary parts', { vary: ['X-Device'] }, ['/', { 'X-Device': 'a' }], ['/', { 'x-device': 'b' }], false),
  pair('vary shares', { vary: ['X-Device'] }, ['/', { 'X-Device': 'a' }], ['/', { 'x-device': ' a ' }], true),
  {
    ...pair("the response's Vary parts", {}, ['/', { 'X-T': '1' }], ['/', { 'X-T': '2' }], false),
    reply: { Vary: 'X-T' },
  },
  {
    ...pair("the response's Vary shares", {}, ['/', { 'X-T': '1' }], ['/', { 'X-T': '1' }], true),
    reply: { Vary: 'x-t' },
  },
  pair('skip', { skip: given(({ headers }) => headers['x-skip'] === '1') }, ['/'], ['/', { 'X-Skip': '1' }], false),
  pair('skip not', { skip: given(({ headers }) => headers['x-skip'] === '1') }, ['/'], ['/', { 'X-Skip': '0' }], true),
  pair('skip in a promise', { skip: given(async () => true) }, ['/'], ['/'], false),
  pair('methods without GET', { methods: ['HEAD'] }, ['/'], ['/'], false),
  pair('no-cache of a client is ignored', {}, ['/'], ['/', { 'Cache-Control': 'no-cache', Pragma: 'no-cache' }], true),
  pair('clientDirectives obeys it', { clientDirectives: 'obey' }, ['/'], ['/', { 'Cache-Control': 'no-cache' }], false),
  pair('a key that throws', { key: given(() => JSON.parse('{')) }, ['/'], ['/'], false),
  pair('a scope that is none', { scope: given(() => undefined) }, ['/'], ['/'], false),
  pair('a skip that rejects', { skip: given(() => Promise.reject(new Error('no'))) }, ['/'], ['/'], false),
  pair('tags that throw', { tags: given(() => JSON.parse('{')) }, ['/'], ['/'], false),
  pair('tags that reject', { tags: given(() => Promise.reject(new Error('no'))) }, ['/'], ['/'], false),
  pair('tags that are none', { tags: given(() => [1]) }, ['/'], ['/'], false),
]

const details: readonly (readonly [title: string, options: Options, detail: string])[] = [
  ['skip', { skip: () => true }, 'fwd=bypass; detail=skip'],
  ['methods', { methods: ['HEAD'] }, 'fwd=bypass; detail=methods'],
  ['a function that fails', { key: () => JSON.parse('{') }, 'fwd=bypass; detail=function-failed'],
]

for (const framework of frameworks) {
  describe(`${framework.name}: options`, () => {
    const serve = serving()

    for (const { title, options, first, second, shares, reply } of pairs) {
      it(`${title}: ${shares ? 'one run' : 'two runs'}`, async () => {
        const { ask, runs } = await stage(serve, framework, numbered(reply), { cache: options })
        const answers = [await asked(ask, first), await asked(ask, second)]
        expect(answers.map(answer => answer.status)).to.deep.equal([200, 200])
        expect(answers.map(answer => answer.text)).to.deep.equal(shares ? ['run 1', 'run 1'] : ['run 1', 'run 2'])
        expect(runs()).to.equal(shares ? 1 : 2)
      })
    }

    for (const [title, options, detail] of details) {
      it(`Cache-Status names ${title}`, async () => {
        const { ask } = await stage(serve, framework, numbered(), { cache: options })
        expect(said(await ask())).to.equal(detail)
      })
    }

    it('clientTtl counts from when the client gets the answer', async () => {
      const { ask, clock } = await stage(serve, framework, numbered(), { cache: { clientTtl: '10s' } })
      expect((await ask()).header('cache-control')).to.equal('max-age=10')
      clock.advance(20)
      const hit = await ask()
      expect([hit.header('cache-control'), hit.header('age')]).to.deep.equal(['max-age=30', '20'])
    })

    it('without clientTtl nothing is said to browsers', async () => {
      const { ask } = await stage(serve, framework, numbered())
      for (let turn = 0; turn < 2; turn++) expect((await ask()).header('cache-control')).to.equal(undefined)
    })

    it("clientTtl leaves a handler's own word alone", async () => {
      const { ask } = await stage(serve, framework, numbered({ 'Cache-Control': 'max-age=5' }), {
        cache: { clientTtl: '10s' },
      })
      for (let turn = 0; turn < 2; turn++) expect((await ask()).header('cache-control')).to.equal('max-age=5')
    })

    it("a handler's own freshness stands over ttl", async () => {
      const { ask, clock } = await stage(serve, framework, numbered({ 'Cache-Control': 'max-age=5' }))
      await ask()
      clock.advance(6)
      expect((await ask()).text).to.equal('run 2')
    })

    it('maxVariants bounds what one resource keeps', async () => {
      const { ask } = await stage(serve, framework, numbered(), { cache: { vary: ['X-T'], maxVariants: 2 } })
      for (const value of ['1', '2', '3']) await ask('/', { headers: { 'X-T': value } })
      const again = await Promise.all(['1', '2'].map(value => ask('/', { headers: { 'X-T': value } })))
      expect(again.map(said)).to.deep.equal(['hit', 'hit'])
      expect((await ask('/', { headers: { 'X-T': '3' } })).text).to.equal('run 4')
    })

    it('tags purge, given as a list, a function or a promise', async () => {
      for (const tags of [['t'], () => ['t'], async () => ['t']]) {
        const { ask, cache } = await stage(serve, framework, numbered(), { cache: { tags } })
        await ask()
        expect(said(await ask())).to.equal('hit')
        await cache.invalidateTags(['t'])
        expect((await ask()).text).to.equal('run 2')
      }
    })

    it("the user's functions get the framework's own request", async () => {
      const seen: unknown[] = []
      let asked: Asked | undefined
      const see = (subject: unknown) => seen.push(subject)
      const answer: Answering = given => {
        asked = given
        return { body: 'x' }
      }
      const { ask } = await stage(serve, framework, answer, {
        cache: {
          skip: given(subject => see(subject) === 0),
          key: given(subject => String(see(subject))),
          scope: given(subject => String(see(subject))),
          tags: given(subject => [String(see(subject))]),
        },
      })
      await ask()
      expect(seen.length).to.equal(4)
      expect(seen.every(subject => subject === asked!.subject)).to.equal(true)
    })

    for (const [target, reason] of [
      ['//evil.example/page', 'target'],
      ['/x/../page', 'target'],
      ['/x/%2e%2e/page', 'target'],
      ['/page#f', 'target'],
      ['http://evil.example/page', 'target'],
    ] as const) {
      it(`${target} passes by`, async () => {
        const { ask } = await stage(serve, framework, numbered())
        for (const run of ['run 1', 'run 2']) {
          const answer = await ask(target)
          expect([answer.text, said(answer)]).to.deep.equal([run, `fwd=bypass; detail=${reason}`])
        }
      })
    }
  })
}

function pair(title: string, options: Options, first: Pair['first'], second: Pair['second'], shares: boolean): Pair {
  return { title, options, first, second, shares }
}

/** Answers how often it has run. */
function numbered(headers: Record<string, string> = {}): Answering {
  let runs = 0
  return () => ({ headers, body: `run ${++runs}` })
}

function asked(ask: Client['ask'], [target, headers]: Pair['first']): Promise<Answer> {
  return ask(target, headers === undefined ? {} : { headers })
}
