// Class L — Nobody is given what belongs to somebody else: cookies, credentials, and what a response says of itself.

import { expect } from 'chai'
import {
  canary,
  expectNowhere,
  expectOneRun,
  expectOwnRuns,
  native,
  type Page,
  runOf,
  signIn,
  vectors,
} from './site.ts'

const alice = { headers: { Cookie: 'u=alice' } }
const bob = { headers: { Cookie: 'u=bob' } }

vectors('leaks', (site, framework) => {
  it('control: a plain page is kept and served to all', async () => {
    const { ask } = await site({ '/': () => ({ body: 'PAGE' }) })
    const answers = [await ask(), await ask(), await ask('/', alice)]
    expectOneRun(...answers)
    expect(answers.map(({ text }) => text)).to.deep.equal(['PAGE', 'PAGE', 'PAGE'])
  })

  it('L1: a page that gives its client a cookie is not kept', async () => {
    const sid = canary()
    const pages = {
      '/field': ({ run }) => (run === 1 ? { headers: { 'Set-Cookie': `sid=${sid}` } } : {}),
      '/helper': {
        express: (_req, res, run) => (run === 1 ? res.cookie('sid', sid) : res).send('hello'),
        koa(ctx, run) {
          if (run === 1) ctx.cookies.set('sid', sid)
          ctx.body = 'hello'
        },
      },
    } satisfies Record<string, Page>
    const { ask } = await site(pages)
    for (const path of Object.keys(pages)) {
      const [first, second] = [await ask(path, alice), await ask(path)]
      expect(first.wire).to.include(sid)
      expectNowhere(sid, second)
      expectOwnRuns(first, second)
    }
  })

  it('L2: a cookie given in writeHead counts like any other', async () => {
    const sid = canary()
    const written = (run: number) => (run === 1 ? { 'Set-Cookie': `sid=${sid}` } : {})
    const list = (run: number) => ['X-List', 'yes', ...Object.entries(written(run)).flat()]
    const pages = {
      '/object': {
        express: (_req, res, run) => res.writeHead(200, written(run)).end('hello'),
        koa(ctx, run) {
          ctx.respond = false
          ctx.res.writeHead(200, { 'X-Run': String(run), ...written(run) }).end('hello')
        },
      },
      '/list': {
        express: (_req, res, run) => res.writeHead(200, list(run)).end('hello'),
        koa(ctx, run) {
          ctx.respond = false
          ctx.res.removeHeader('X-Run')
          ctx.res.writeHead(200, ['X-Run', String(run), ...list(run)]).end('hello')
        },
      },
    } satisfies Record<string, Page>
    const { ask } = await site(pages)
    for (const path of Object.keys(pages)) {
      const [first, second] = [await ask(path, alice), await ask(path)]
      expect(first.wire).to.include(sid)
      expectNowhere(sid, second)
      expectOwnRuns(first, second)
    }
  })

  for (const when of ['on the way in', 'when the head goes out'] as const) {
    it(`L3: a cookie that an outer layer gives ${when} goes to its own client alone, on hits too`, async () => {
      const { layer, who } = signIn(framework)
      const giving = native(framework, {
        express(_req, res, next) {
          const cookie = `sid=of-${who()}`
          if (when === 'on the way in') res.setHeader('Set-Cookie', cookie)
          else {
            const { writeHead } = res
            res.writeHead = function (this: typeof res, ...args: never[]) {
              this.setHeader('Set-Cookie', cookie)
              return Reflect.apply(writeHead, this, args)
            } as typeof writeHead
          }
          next()
        },
        async koa(ctx, next) {
          const cookie = `sid=of-${who()}`
          if (when === 'on the way in') ctx.set('Set-Cookie', cookie)
          await next()
          ctx.set('Set-Cookie', cookie)
        },
      })
      const { ask } = await site({ '/x': () => ({ body: 'for all' }) }, { before: [layer, giving] })
      const [first, second, third] = [await ask('/x', alice), await ask('/x', bob), await ask('/x')]
      expectOneRun(first, second, third)
      expect([first, second, third].map(({ header }) => header('set-cookie'))).to.deep.equal([
        'sid=of-alice',
        'sid=of-bob',
        'sid=of-nobody',
      ])
    })
  }

  for (const [form, value] of [
    ['one', 'Bearer alice'],
    ['an empty one', ''],
    ['two', ['Bearer alice', 'Bearer bob']],
  ] as const) {
    it(`L4: a request with Authorization, ${form}, shares nothing that does not say it may be shared`, async () => {
      const headers = { 'Cache-Control': 'max-age=60' }
      const { ask } = await site({ '/me': () => ({ headers }), '/all': () => ({}) })
      const asking = { headers: { Authorization: value } }
      expectOwnRuns(await ask('/me', asking), await ask('/me', asking), await ask('/me'))
      const stored = await ask('/me')
      expectOwnRuns(stored, await ask('/me', asking))
      expectOneRun(stored, await ask('/me'))
      expectOneRun(await ask('/all', asking), await ask('/all'))
    })
  }

  it('L5: a request with a cookie neither fills nor uses what only the route calls fresh', async () => {
    const { layer, who } = signIn(framework)
    const dash: Page = () => ({ headers: { 'Cache-Control': '' }, body: `dash of ${who()}` })
    const { ask } = await site({ '/dash': dash }, { before: [layer], route: { ttl: '1m' } })
    const texts = []
    for (const who of [alice, bob, {}, bob, {}]) texts.push((await ask('/dash', who)).text)
    expect(texts).to.deep.equal(['dash of alice', 'dash of bob', 'dash of nobody', 'dash of bob', 'dash of nobody'])
    expectOneRun(await ask('/dash'), await ask('/dash'))
  })

  it('L6: whatever says private, no-store or no-cache is not kept, nor what cannot be read', async () => {
    const fields: (string | string[])[] = [
      'private',
      'no-store',
      'no-cache',
      'private, max-age=60',
      'private="x", max-age=60',
      'public, max-age=60, PRIVATE=""',
      'public, max-age=60, no-cache="set-cookie"',
      ['public, max-age=60', 'private'],
      'Max-Age=60 \t,\t NO-STORE',
      'public, max-age=60, x="never closed, private',
      'public; max-age=60; private',
      'public, max-age=60, x="a\\", private',
      'public max-age=60 private',
    ]
    const { ask } = await site({
      '/priv': ({ target }) => ({ headers: { 'Cache-Control': fields[Number(target.split('?')[1])]! } }),
    })
    for (const index of fields.keys()) {
      const path = `/priv?${index}`
      expectOwnRuns(await ask(path), await ask(path), await ask(path, bob))
    }
  })

  for (const field of ['Authorization', 'Cookie']) {
    it(`L8: what varies by ${field} is not kept`, async () => {
      const { ask } = await site({ '/v': () => ({ headers: { Vary: `Accept, ${field}` } }) })
      const asking = { headers: { [field]: 'u=alice' } }
      expectOwnRuns(await ask('/v', asking), await ask('/v', asking), await ask('/v'), await ask('/v'))
    })
  }

  it('L9: what varies by everything is not kept', async () => {
    const fields: (string | string[])[] = ['*', ['Accept', '*'], 'Accept, *', 'Accept,*,X-A', ' * ', 'Accept, (broken)']
    const { ask } = await site({ '/v': ({ target }) => ({ headers: { Vary: fields[Number(target.split('?')[1])]! } }) })
    for (const index of fields.keys()) expectOwnRuns(await ask(`/v?${index}`), await ask(`/v?${index}`))
  })

  it('L18: documented, not prevented: a secret of one response in a page that says public', async () => {
    const page: Page = () => ({ body: `<input name="csrf" value="${canary()}">` })
    const { ask } = await site({ '/form': page })
    expect((await ask('/form')).text).to.equal((await ask('/form')).text)
  })

  it('L18: a nonce that an outer layer made keeps the page that uses it out', async () => {
    const giving = native(framework, {
      express(_req, res, next) {
        res.locals['nonce'] = canary()
        next()
      },
      koa(ctx, next) {
        ctx.state['nonce'] = canary()
        return next()
      },
    })
    const page: Page = {
      express: (_req, res) => res.send(`<script nonce="${res.locals['nonce']}">`),
      koa(ctx) {
        ctx.body = `<script nonce="${ctx.state['nonce']}">`
      },
    }
    const { ask } = await site({ '/form': page }, { before: [giving] })
    const [first, second] = [await ask('/form'), await ask('/form')]
    expect(runOf(second)).to.equal(2)
    expect(first.text).not.to.equal(second.text)
  })
})
