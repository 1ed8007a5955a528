// Class K — No two requests share a page by how they are spelt: host, target, query, path.

import { expect } from 'chai'
import type { Answer } from '../support/http.ts'
import {
  canary,
  exchangeRaw,
  expectNowhere,
  expectOneRun,
  expectOwnRuns,
  handlerOf,
  type Page,
  runOf,
  vectors,
} from './site.ts'

/** Says under which host it was asked. */
const hosted: Page = visit => ({ body: `page of ${visit.field('host')}` })
/** Says for what it was asked. */
const echo: Page = visit => ({ body: `page for ${visit.target}` })

vectors('keys', (site, framework) => {
  const caching = () => framework.door.responseCache()

  it('control: one spelling is one page', async () => {
    const { ask } = await site({}, { rest: echo })
    for (const target of ['/', '/a/b.css', '/a?b=c&d=%20e', '/~a/;b=1,2/@:!$', '/...']) {
      const answers = [await ask(target), await ask(target)]
      expectOneRun(...answers)
      expect(answers[1]!.text).to.equal(`page for ${target}`)
    }
  })

  it('K1: another host is another page', async () => {
    const { ask } = await site({ '/': hosted })
    const evil = await ask('/', { headers: { Host: 'evil.example' } })
    const plain = await ask('/')
    expectOwnRuns(evil, plain)
    expectNowhere('evil', plain, await ask('/'))
  })

  it('K2: host and path joined another way are another page', async () => {
    const { ask } = await site({}, { rest: echo })
    const odd = { headers: { Host: 'h.example/p' } }
    const plain = { headers: { Host: 'h.example' } }
    expectOwnRuns(await ask('/ho/x', odd), await ask('/p/ho/x', plain), await ask('/ho/x', odd))
  })

  it('K3: a target with a host of its own passes by', async () => {
    const page: Page = {
      express: (req, res) => res.send(`${req.protocol}://${req.get('host')}${req.originalUrl}`),
      koa(ctx) {
        ctx.body = ctx.href
      },
    }
    const { ask } = await site({ '/x': page })
    const evil = [await ask('http://evil.example/x'), await ask('http://evil.example/x')]
    const plain = await ask('/x')
    expectOwnRuns(...evil.filter(({ status }) => status === 200), plain)
    expectNowhere('evil', plain, await ask('/x'))
  })

  it('K4: two hosts, none, or one that is none pass by', async () => {
    const { ask, port } = await site({}, { rest: hosted })
    for (const hosts of [
      ['larder.example', 'evil.example'],
      'a@evil',
      'larder.example, evil',
      'larder.example evil',
      '',
    ]) {
      const asking = { headers: { Host: hosts } }
      const answers = [await ask('/k', asking), await ask('/k', asking)].filter(({ status }) => status !== 400)
      expectOwnRuns(...answers)
      expectNowhere('evil', await ask('/k'))
    }
    const runs: (string | undefined)[] = []
    for (let i = 0; i < 2; i++)
      runs.push(/x-run: (\d+)/i.exec(await exchangeRaw(port, 'GET /old HTTP/1.0\r\n\r\n'))?.[1])
    expect(runs[0]).not.to.equal(runs[1])
  })

  for (const [id, what, odd] of [
    ['K5', 'two slashes at the start', ['//evil.example/page', '//page', '///page']],
    [
      'K6',
      'dot segments and backslashes',
      [
        '/x/../page',
        '/x/%2e%2e/page',
        '/x/%2E./page',
        '/./page',
        '/%2e/page',
        '/x\\..\\page',
        '/\\page',
        '/page/.',
        '/page/..',
      ],
    ],
    ['K7', 'a fragment', ['/page#evil', '/page?#evil', '/#/page']],
  ] as const) {
    it(`${id}: a target with ${what} does not stand for the page itself`, async () => {
      const { ask } = await site({ '/page': () => ({ body: 'PAGE' }) })
      for (const target of odd) {
        const [first, second] = [await ask(target), await ask(target)]
        if (first.status === 200) expectOwnRuns(first, second)
        const plain = await ask('/page')
        expect([plain.status, plain.text], target).to.deep.equal([200, 'PAGE'])
      }
      expectOneRun(await ask('/page'), await ask('/page'))
    })
  }

  it('K7: what stands behind a fragment is not in the page without it', async () => {
    const { ask } = await site({}, { rest: echo })
    await ask('/echo?f#evil')
    expectNowhere('evil', await ask('/echo?f'), await ask('/echo'))
  })

  it('K8: another case and a slash at the end are other pages, and a tag names all of them', async () => {
    const tagged = handlerOf(framework, visit => {
      framework.door.tag(visit.subject, 'the page')
      return { body: `page for ${visit.target}` }
    })
    const { ask, cache } = await site({}, { build: app => app.get('/page', tagged) })
    const targets = ['/page', '/PAGE', '/page/']
    const round = async () => {
      const answers: Answer[] = []
      for (const target of targets) answers.push(await ask(target))
      return answers.filter(({ status }) => status === 200)
    }
    const before = await round()
    expectOwnRuns(...before)
    expect((await round()).map(runOf)).to.deep.equal(before.map(runOf))
    await cache.invalidateTags(['the page'])
    expectOwnRuns(...before, ...(await round()))
  })

  it('K9: a parameter that does not count hides none that does', async () => {
    const page: Page = {
      express: (req, res) => res.send(`cb is ${JSON.stringify(req.query['cb'])}`),
      koa(ctx) {
        ctx.body = `cb is ${JSON.stringify(ctx.query['cb'])}`
      },
    }
    const { ask } = await site({ '/js': page }, { route: { query: { ignore: ['utm_*'] } } })
    for (const odd of [
      'cb=ok&utm_content=x;cb=evil',
      'cb=ok&utm_a=1&utm_a=2&cb=evil',
      'cb=ok&utm_a=%26cb=evil',
      'cb=ok&utm_a&cb=evil',
      'cb=ok&utm_=1&cb%3Devil=1&cb=evil',
      'cb=ok&utm%5fa=1%26cb%3Devil',
      'cb=ok&utm_%zz=1&cb=evil',
      'cb=ok&cb=evil',
      'cb[]=ok&cb=evil',
    ]) {
      await ask(`/js?${odd}`)
      expect((await ask('/js?cb=ok')).text, odd).to.equal('cb is "ok"')
    }
    expectOneRun(await ask('/js?cb=ok&utm_source=a'), await ask('/js?utm_source=b&cb=ok'))
  })

  it('K10: an encoded delimiter is no delimiter', async () => {
    const { ask } = await site({}, { rest: echo })
    expectOwnRuns(
      ...(await all(ask, [
        '/s?a=1%26b=2',
        '/s?a=1&b=2',
        '/s%3fa=1&b=2',
        '/s?a=1&b%3d2',
        '/s?a%3D1&b=2',
        '/s?a=1%26b%3D2',
      ])),
    )
  })

  it('K11: order, repetition and number of parameters are kept, sorted or not', async () => {
    for (const route of [{}, { query: { sort: true } }]) {
      const { ask } = await site({}, { rest: echo, route })
      const many = (last: string) => `/s?${Array.from({ length: 1001 }, (_, i) => `p${i}=${i}`).join('&')}&x=${last}`
      expectOwnRuns(
        ...(await all(ask, [
          ...['/s?a=1&a=2', '/s?a=2&a=1', '/s?a[]=1&a[]=2', '/s?a[]=2&a[]=1', '/s?a=1', '/s?a=1&a=1', '/s?a', '/s?a='],
          ...[many('1'), many('2')],
        ])),
      )
    }
  })

  it('K12: encoded bytes of a path are what they are', async () => {
    const { ask } = await site({}, { rest: echo })
    expectOwnRuns(
      ...(await all(ask, [
        ...['/p/a%2fb', '/p/a%2Fb', '/p/a/b', '/p/a%3fb', '/p/a?b', '/p/a%23b', '/p/a', '/p/a%00.css', '/p/a.css'],
        ...['/p/a%0a', '/p/a%0d%0a', '/p/%61', '/p/a%20', '/p/a+', '/p/%C3%A9', '/p/e%CC%81'],
      ])),
    )
  })

  for (const [id, targets] of [
    ['K13', ['/profile;x=1.css', '/profile/me;.css', '/profile;.js?x']],
    ['K14', ['/account/x.css', '/account/x.js', '/account/robots.txt', '/account/%2e.css', '/account/x.css?v=1']],
  ] as const) {
    it(`${id}: what looks like a file is not kept for its looks`, async () => {
      const secret = canary()
      const mine: Page = visit => ({
        headers: { 'Cache-Control': '', 'Content-Type': 'text/css' },
        body: visit.field('cookie') === undefined ? 'public part' : secret,
      })
      const { ask } = await site({}, { rest: mine })
      const { ask: askTimed } = await site({}, { rest: mine, route: { ttl: '1m' } })
      for (const target of targets) {
        expectOwnRuns(await ask(target), await ask(target))
        for (const each of [ask, askTimed]) {
          expect((await each(target, { headers: { Cookie: 'u=alice' } })).text).to.equal(secret)
          expectNowhere(secret, await each(target), await each(target))
        }
      }
    })
  }

  it('K22: routers at two paths have two pages', async () => {
    const page = (prefix: string) => handlerOf(framework, () => ({ body: `page below ${prefix}` }))
    const { ask } = await site(
      {},
      {
        build(app) {
          for (const prefix of ['/a', '/b']) app.mount(prefix, router => router.get('/x', page(prefix)), caching())
        },
      },
    )
    const [a, b] = [await ask('/a/x'), await ask('/b/x')]
    expect([a.text, b.text]).to.deep.equal(['page below /a', 'page below /b'])
    expect((await ask('/a/x')).text).to.equal('page below /a')
  })

  it('K23: two caches on one way keep one page once', async () => {
    const { ask, cache } = await site({}, { build: app => app.get('/x', caching(), handlerOf(framework, echo)) })
    const first = await ask('/x')
    expectOneRun(first, await ask('/x'))
    expect(cache.getMetrics().entries).to.equal(1)
  })

  it('K24: no hash stands for a key', async () => {
    const { ask } = await site({}, { rest: echo })
    // Of one CRC-32, one Java hash, one FNV-1, two FNV-1a.
    for (const twins of [
      ['/plumless', '/buckeroo'],
      ['/AaAa', '/BBBB', '/AaBB', '/BBAa'],
      ['/x?creamwove', '/x?quists'],
      ['/x?costarring', '/x?liquid'],
      ['/x?declinate', '/x?macallums'],
    ]) {
      expectOwnRuns(...(await all(ask, twins)))
    }
  })
})

async function all(ask: (target: string) => Promise<Answer>, targets: readonly string[]): Promise<Answer[]> {
  const answers: Answer[] = []
  for (const target of targets) answers.push(await ask(target))
  for (const [index, answer] of answers.entries()) {
    expect(answer.text).to.equal(`page for ${targets[index]}`)
  }
  return answers
}
