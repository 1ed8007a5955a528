// What layers in front of the cache add belongs to each answer: it is kept on hits and never stored.

import { expect } from 'chai'
import { expectSameAnswer, expectUntouched } from './compare.ts'
import { adapted as expressAdapted } from './express.ts'
import { type Fields, frameworks, type Middleware } from './frameworks.ts'
import { adapted as koaAdapted } from './koa.ts'
import { said, serving, stage } from './stage.ts'

const security = () => ({
  'Content-Security-Policy': "default-src 'self'",
  'x-frame-options': 'SAMEORIGIN',
  'X-Content-Type-Options': 'nosniff',
  'Reporting-Endpoints': ['a="/a"', 'b="/b"'],
})

/** Fields with `#` in a value, which stands for the number of the request. */
function counting(fields: Fields): () => Fields {
  let count = 0
  return () => {
    count++
    const number = (value: string) => value.replace('#', String(count))
    const numbered = ([name, value]: [string, string | string[]]): [string, string | string[]] => [
      name,
      typeof value === 'string' ? number(value) : value.map(number),
    ]
    return Object.fromEntries(Object.entries(fields).map(numbered))
  }
}

for (const framework of frameworks) {
  describe(`${framework.name}: layers in front of the cache`, () => {
    const serve = serving()
    const setting = (fields: Fields) => framework.setting(counting(fields))

    it('their fields stand on misses and hits as in the bare app', async () => {
      const app = framework.app()
      app.use(
        framework.setting(security),
        framework.handler(() => ({ headers: { 'X-Own': '1' }, body: 'x' })),
      )
      const bare = await (await serve(app)).ask()
      const { ask } = await stage(serve, framework, () => ({ headers: { 'X-Own': '1' }, body: 'x' }), {
        before: [framework.setting(security)],
      })
      const miss = await ask()
      expectUntouched(miss, bare)
      const hit = await ask()
      expect(said(hit)).to.equal('hit')
      expectSameAnswer(hit, miss)
    })

    it("a hit has its own request's fields", async () => {
      const { ask, runs } = await stage(serve, framework, () => ({ body: 'x' }), {
        before: [setting({ 'X-Request-Id': 'request-#', 'X-Two': ['a-#', 'b-#'] })],
      })
      for (const count of [1, 2, 3]) {
        const answer = await ask()
        expect(answer.header('x-request-id')).to.equal(`request-${count}`)
        expect(answer.header('x-two')).to.equal(`a-${count}, b-${count}`)
      }
      expect(runs()).to.equal(1)
    })

    it('a cookie that is set on the way in is given anew and never stored', async () => {
      const { ask, runs } = await stage(serve, framework, () => ({ body: 'x' }), {
        before: [setting({ 'Set-Cookie': ['sid=#', 'theme=#'] })],
      })
      for (const count of [1, 2, 3]) expect((await ask()).header('set-cookie')).to.equal(`sid=${count}, theme=${count}`)
      expect(runs()).to.equal(1)
    })

    it('a session that is set when the head goes out is given anew and never stored', async () => {
      const { ask, runs } = await stage(serve, framework, () => ({ body: 'x' }), {
        before: [framework.givingCookie('sid')],
      })
      const cookies = new Set<string>()
      for (const outcome of ['fwd=uri-miss; stored', 'hit', 'hit']) {
        const answer = await ask()
        expect(said(answer)).to.equal(outcome)
        expect(answer.header('set-cookie')).to.match(/^sid=/)
        cookies.add(answer.header('set-cookie')!)
      }
      expect(cookies.size).to.equal(3)
      expect(runs()).to.equal(1)
    })

    it('a 304 and a part of a hit have them too', async () => {
      const { ask } = await stage(serve, framework, () => ({ headers: { ETag: '"1"' }, body: '0123456789' }), {
        before: [setting({ 'X-Request-Id': '#' }), framework.givingCookie('sid')],
      })
      await ask()
      const unmodified = await ask('/', { headers: { 'If-None-Match': '"1"' } })
      expect([unmodified.status, unmodified.header('x-request-id')]).to.deep.equal([304, '2'])
      expect(unmodified.header('set-cookie')).to.match(/^sid=/)
      const part = await ask('/', { headers: { Range: 'bytes=0-1' } })
      expect([part.status, part.text, part.header('x-request-id')]).to.deep.equal([206, '01', '3'])
    })

    it("a handler's own cookie beside theirs is its client's alone", async () => {
      const { ask } = await stage(serve, framework, () => ({ body: 'x' }), {
        before: [setting({ 'Set-Cookie': ['outer=#'] })],
        after: [setting({ 'Set-Cookie': ['outer=1', 'alice=#'] })],
      })
      expect(said(await ask())).to.equal('fwd=uri-miss; detail=set-cookie')
      expect((await ask()).header('set-cookie')).to.include('alice=2')
    })

    it('what the handler takes off is off on a hit', async () => {
      const { ask } = await stage(serve, framework, () => ({ body: 'x' }), {
        before: [setting({ 'X-Outer': '#', 'X-Other': '#' })],
        after: [framework.removing('x-outer')],
      })
      const miss = await ask()
      expect(miss.header('x-outer')).to.equal(undefined)
      const hit = await ask()
      expect(said(hit)).to.equal('hit')
      expect(hit.header('x-outer')).to.equal(undefined)
      expect(hit.header('x-other')).to.equal('2')
    })

    it('what the handler changes is changed on a hit', async () => {
      const { ask } = await stage(serve, framework, () => ({ body: 'x' }), {
        before: [setting({ 'X-Outer': '#', Link: ['</#>'] })],
        after: [setting({ 'X-Outer': 'inner', Link: ['</1>', '</inner>'] })],
      })
      const miss = await ask()
      expectSameAnswer(await ask(), miss)
      const hit = await ask()
      expect(hit.header('x-outer')).to.equal('inner')
      expect(hit.header('link')).to.equal('</1>, </inner>')
    })

    it('a Vary of theirs and one of the handler stand together', async () => {
      const { ask } = await stage(serve, framework, () => ({ headers: { Vary: 'Origin, X-Tenant' }, body: 'x' }), {
        before: [setting({ Vary: 'Origin' })],
      })
      const miss = await ask()
      expectSameAnswer(await ask(), miss)
      expect((await ask()).header('vary')).to.equal('Origin, X-Tenant')
    })

    it('what a layer does with the answer on its way out happens to misses and hits alike', async () => {
      const { ask, runs } = await stage(serve, framework, () => ({ body: 'x' }), {
        before: [framework.family === 'koa' ? shouting : timing],
      })
      for (let turn = 0; turn < 3; turn++) {
        const answer = await ask()
        expect(framework.family === 'koa' ? answer.text : answer.header('x-time')).to.equal(
          framework.family === 'koa' ? 'x!' : 'yes',
        )
      }
      expect(runs()).to.equal(1)
    })
  })
}

const shouting: Middleware = koaAdapted(async (ctx, next) => {
  await next()
  ctx.body = `${String(ctx.body)}!`
})

const timing: Middleware = expressAdapted((_req, res, next) => {
  const { writeHead } = res
  res.writeHead = ((...args: unknown[]) => {
    res.setHeader('X-Time', 'yes')
    return writeHead.apply(res, args as never)
  }) as typeof writeHead
  next()
})
