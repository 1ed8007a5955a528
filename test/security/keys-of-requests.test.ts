// Class K — No two requests share a page by what else they say: content, method, request fields.

import type { IncomingMessage } from 'node:http'
import { METHODS } from 'node:http'
import { expect } from 'chai'
import { canary, expectNowhere, expectOneRun, expectOwnRuns, type Page, runOf, vectors } from './site.ts'

const plain: Page = () => ({})

vectors('keys beside the target', (site, framework) => {
  it('control: fields that nobody reads part no pages', async () => {
    const { ask } = await site({ '/': plain })
    const first = await ask('/')
    for (const headers of [
      { 'User-Agent': 'x' },
      { Accept: 'text/html', 'Accept-Language': 'de', 'Accept-Encoding': 'br' },
      { 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-For': '10.0.0.1' },
    ]) {
      expectOneRun(first, await ask('/', { headers }))
    }
  })

  it('K15: a GET with content passes by, both ways', async () => {
    const { ask } = await site({ '/x': plain })
    const fat = { headers: { 'Content-Type': 'application/json' }, body: '{"a":"evil"}' }
    const chunked = { headers: { 'Transfer-Encoding': 'chunked', 'Content-Length': [] }, body: '1\r\nx\r\n0\r\n\r\n' }
    const first = await ask('/x?a=1', fat)
    const stored = await ask('/x?a=1')
    expectOwnRuns(first, stored, await ask('/x?a=1', fat), await ask('/x?a=1', chunked))
    expectOneRun(stored, await ask('/x?a=1'))
  })

  it('K16: the method is the one on the wire', async () => {
    const page: Page = visit => ({ body: `${visit.method} run ${visit.run}` })
    const { ask } = await site({}, { rest: page })
    const names = ['X-HTTP-Method-Override', 'X-Method-Override', 'X-HTTP-Method']
    for (const name of names) {
      const posted = await ask('/m', { method: 'POST', headers: { [name]: 'GET' } })
      const stored = await ask('/m')
      const odd = { headers: { [name]: 'DELETE' } }
      expectOwnRuns(posted, stored, await ask('/m', odd), await ask('/m', odd))
      expectOneRun(stored, await ask('/m'))
    }
    expectOwnRuns(await ask('/m?_method=DELETE'), await ask('/m'))
  })

  it('K17: a HEAD that comes first does not leave an empty page', async () => {
    const { ask } = await site({ '/p': () => ({ body: 'the whole page' }) })
    const early = await ask('/p', { method: 'HEAD' })
    const page = await ask('/p')
    const late = await ask('/p', { method: 'HEAD' })
    expect([early.body.length, page.text, late.body.length]).to.deep.equal([0, 'the whole page', 0])
    expectOwnRuns(early, page)
    expectOneRun(page, late, await ask('/p'))
    expect(late.header('content-length')).to.equal('14')
  })

  it('K18: only GET fills, and only GET and HEAD are answered', async () => {
    const { ask } = await site({}, { rest: plain })
    for (const method of METHODS.filter(each => !['GET', 'HEAD', 'CONNECT'].includes(each))) {
      const target = `/m?${method}`
      const first = await ask(target, { method })
      const stored = await ask(target)
      expectOwnRuns(first, stored, await ask(target, { method }))
    }
  })

  it('K18: an unsafe method that succeeds ends what is kept of its target and its locations', async () => {
    const page: Page = visit => {
      if (visit.method !== 'POST') return {}
      if (visit.target === '/fails') return { status: 403 }
      return {
        status: 201,
        headers: { Location: 'http://larder.example/new', 'Content-Location': 'http://other.example/far' },
      }
    }
    const { ask } = await site({}, { rest: page })
    const targets = ['/list', '/new', '/far', '/fails']
    const before: number[] = []
    for (const target of targets) before.push(runOf(await ask(target)))
    await ask('/list', { method: 'POST' })
    await ask('/fails', { method: 'POST' })
    const after: number[] = []
    for (const target of targets) after.push(runOf(await ask(target)))
    expect(after.map((run, index) => run === before[index])).to.deep.equal([false, false, true, true])
  })

  for (const name of [
    'X-Forwarded-Host',
    'X-Forwarded-Proto',
    'X-Forwarded-Scheme',
    'X-Forwarded-Port',
    'X-Forwarded-Prefix',
    'Forwarded',
    'X-Host',
    'X-Original-URL',
    'X-Rewrite-URL',
    'X-Forwarded-For',
    'X-Real-IP',
  ]) {
    it(`K19: ${name} that a page reads comes to nobody else`, async () => {
      const { ask } = await site({ '/': visit => ({ body: `for ${visit.field(name) ?? 'all'}` }) })
      const odd = canary()
      const evil = await ask('/', { headers: { [name]: odd } })
      expect(evil.text).to.equal(`for ${odd}`)
      const victim = await ask('/')
      expect(victim.text).to.equal('for all')
      expectNowhere(odd, victim, await ask('/'), await ask('/', { headers: { [name]: canary() } }))
    })
  }

  it('K19: nor what the framework makes of forwarded fields when it trusts them', async () => {
    const page: Page = {
      express: (req, res) => res.send(`${req.protocol}://${req.hostname} ${req.secure}`),
      koa(ctx) {
        ctx.body = `${ctx.protocol}://${ctx.host} ${ctx.hostname} ${ctx.secure} ${ctx.origin}`
      },
    }
    const address: Page = {
      express: (req, res) => res.send(`${req.ip} ${req.ips}`),
      koa(ctx) {
        ctx.body = `${ctx.ip} ${ctx.ips}`
      },
    }
    const { ask, app } = await site({ '/': page, '/ip': address })
    const trusting = app.native as { set?(name: string, value: boolean): void; proxy?: boolean }
    if (framework.family === 'express') trusting.set!('trust proxy', true)
    else trusting.proxy = true
    const headers = {
      'X-Forwarded-Host': 'evil.example',
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-For': '203.0.113.9',
    }
    expect((await ask('/', { headers })).text).to.include('https://evil.example')
    const victim = await ask('/')
    expect(victim.text).to.include('http://larder.example')
    expectNowhere('evil', victim, await ask('/'))
    expect((await ask('/ip', { headers })).text).to.include('203.0.113.9')
    expectNowhere('203.0.113.9', await ask('/ip'), await ask('/ip'))
  })

  for (const name of [
    'X-Trip',
    'User-Agent',
    'Accept',
    'Referer',
    'Origin',
    'DNT',
    'X-Requested-With',
    'Sec-GPC',
    'Via',
  ]) {
    it(`K20: ${name} that a page reads parts the pages`, async () => {
      const { ask } = await site({ '/h': visit => ({ body: `for ${visit.field(name) ?? 'all'}` }) })
      const odd = canary()
      await ask('/h', { headers: { [name]: odd } })
      const victim = await ask('/h')
      expect(victim.text).to.equal('for all')
      expectNowhere(odd, victim, await ask('/h', { headers: { [name]: canary() } }))
      expectOneRun(victim, await ask('/h'))
      expect((await ask('/h', { headers: { [name]: odd } })).text).to.equal(`for ${odd}`)
    })
  }

  it('K20: documented, not prevented: ids of a request and fields of its connection that a page shows', async () => {
    for (const name of ['X-Request-Id', 'Traceparent', 'Cache-Control', 'Pragma', 'Connection', 'TE']) {
      const { ask } = await site({ '/h': visit => ({ body: `for ${visit.field(name) ?? 'all'}` }) })
      const odd = canary()
      await ask('/h', { headers: { [name]: odd } })
      expect((await ask('/h')).text).to.equal(`for ${odd}`)
    }
  })

  for (const [how, read] of [
    ['all fields at once', req => JSON.stringify(req.headers)],
    ['the lines of each field', req => JSON.stringify(req.headersDistinct)],
    ['the lines as they came', req => req.rawHeaders.join()],
  ] as readonly (readonly [string, (req: IncomingMessage) => string])[]) {
    const page = (says: string): Page => ({
      express(req, res) {
        if (says === '') res.removeHeader('Cache-Control')
        res.send(read(req))
      },
      koa(ctx) {
        if (says === '') ctx.remove('Cache-Control')
        ctx.body = read(ctx.req)
      },
    })
    const asking = { headers: { 'X-Trip': canary() } }

    it(`K20: a page that reads ${how} is not kept on the route's word`, async () => {
      const { ask } = await site({ '/h': page('') }, { route: { ttl: '1m' } })
      expectOwnRuns(await ask('/h', asking), await ask('/h', asking), await ask('/h'))
    })

    if (how === 'all fields at once') {
      it(`K20: documented, not prevented: one that reads ${how} and says itself that it is fresh`, async () => {
        const { ask } = await site({ '/h': page('public') })
        expectOneRun(await ask('/h', asking), await ask('/h'))
      })
    } else {
      it(`K20: nor on its own word a page that reads ${how}`, async () => {
        const { ask } = await site({ '/h': page('public') })
        expectOwnRuns(await ask('/h', asking), await ask('/h', asking), await ask('/h'))
      })
    }
  }

  it('K21: no value of one field can pose as two', async () => {
    const { ask } = await site({ '/v': () => ({ headers: { Vary: 'X-A, X-B' } }) })
    const answers = []
    for (const headers of [
      { 'X-A': 'x:b=y' },
      { 'X-A': 'x', 'X-B': 'y' },
      { 'X-A': 'x;x-b:1:y' },
      { 'X-A': 'x;x-b:1:y;' },
      { 'X-A': 'x, y' },
      { 'X-A': '', 'X-B': '' },
      { 'X-A': '' },
      { 'X-A': '-' },
      {},
      { 'X-A': '-;x-b:-' },
    ]) {
      answers.push(await ask('/v', { headers: headers as Record<string, string> }))
    }
    expectOwnRuns(...answers)
  })
})
