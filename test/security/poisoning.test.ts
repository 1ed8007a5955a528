// Class P — Nobody can spoil a page for all: what a request provokes is not kept, or is kept for its like.

import { createHash } from 'node:crypto'
import { expect } from 'chai'
import type { AskOptions } from '../support/http.ts'
import { canary, expectNowhere, expectOneRun, expectOwnRuns, type Page, vectors } from './site.ts'

const whole = 'the whole page, of forty characters, no.'

vectors('poisoning', site => {
  it('control: a page that nothing provokes is kept', async () => {
    const { ask } = await site({ '/p': () => ({ body: whole }) })
    const answers = [await ask('/p'), await ask('/p')]
    expectOneRun(...answers)
    expect(answers[1]!.text).to.equal(whole)
  })

  /** The page is well for whoever comes after `odd` has been asked, twice. */
  async function survives(page: Page, odd: AskOptions, target = '/p'): Promise<void> {
    const { ask } = await site({ '/p': page }, { rest: page })
    for (let i = 0; i < 2; i++) await ask(target, odd)
    for (let i = 0; i < 2; i++) {
      const plain = await ask('/p')
      expect([plain.status, plain.text]).to.deep.equal([200, whole])
    }
  }

  for (const status of [400, 413, 431, 404, 200]) {
    it(`P1: a field that the page finds too long, and answers with ${status}, harms its sender alone`, () =>
      survives(({ field }) => ((field('x-big')?.length ?? 0) > 8000 ? { status, body: 'too long' } : { body: whole }), {
        headers: { 'X-Big': 'A'.repeat(15_000) },
      }))
  }

  for (const status of [400, 404, 410]) {
    it(`P2: bytes that the page cannot read, and answers with ${status}, harm their sender alone`, () =>
      survives(({ field }) => (field('x-m') === undefined ? { body: whole } : { status, body: 'odd' }), {
        headers: { 'X-M': '\xff\x80\t' },
      }))
  }

  it('P2: what Node itself refuses never comes to the cache', async () => {
    const { ask } = await site({ '/p': () => ({ body: whole }) })
    for (const headers of [{ 'X-M': 'a\x07' }, { 'X-M': 'a\x00' }, { 'X-Big': 'A'.repeat(17_000) }]) {
      expect((await ask('/p', { headers })).status).to.be.within(400, 431)
    }
    expect((await ask('/p')).text).to.equal(whole)
  })

  it('P3: a failure is not kept, whatever it says of itself', async () => {
    const { ask } = await site({
      '/p': ({ run, target }) => (run % 2 === 1 ? { status: Number(target.split('?')[1]), body: 'failed' } : {}),
    })
    for (const status of [
      400, 401, 402, 403, 406, 408, 409, 413, 415, 422, 425, 428, 429, 431, 500, 502, 503, 504, 507,
    ]) {
      const [first, second] = [await ask(`/p?${status}`), await ask(`/p?${status}`)]
      expect([first.status, second.status]).to.deep.equal([status, 200])
      expectOwnRuns(first, second)
    }
  })

  it("P3: nor is any on the route's word", async () => {
    const { ask } = await site(
      {
        '/p': ({ run, target }) => ({
          status: run % 2 === 1 ? Number(target.split('?')[1]) : 200,
          headers: { 'Cache-Control': '' },
        }),
      },
      { route: { ttl: '1m' } },
    )
    for (const status of [404, 405, 410, 414, 451, 500, 501, 503]) {
      expect((await ask(`/p?${status}`)).status).to.equal(status)
      expect((await ask(`/p?${status}`)).status).to.equal(200)
    }
  })

  const tag = `"${createHash('sha1').update(whole).digest('hex')}"`
  const tagged: Page = {
    express: (_req, res) => res.set('ETag', tag).set('Last-Modified', 'Mon, 06 Jan 2025 10:00:00 GMT').send(whole),
    koa(ctx) {
      ctx.set({ ETag: tag, 'Last-Modified': 'Mon, 06 Jan 2025 10:00:00 GMT' })
      ctx.body = whole
      if (ctx.fresh) ctx.status = 304
    },
  }
  for (const [what, headers] of [
    ['If-None-Match: *', { 'If-None-Match': '*' }],
    ['If-None-Match with its very tag', { 'If-None-Match': tag }],
    ['If-Modified-Since in the future', { 'If-Modified-Since': 'Fri, 01 Jan 2100 00:00:00 GMT' }],
  ] as const) {
    it(`P4: ${what} before anybody else leaves no empty page`, () => survives(tagged, { headers }))
  }

  const parts: Page = ({ field }) => {
    const range = /^bytes=(\d+)-(\d+)$/.exec(field('range') ?? '')
    if (range === null) return { body: whole }
    const [start, end] = [Number(range[1]), Number(range[2])]
    if (start >= whole.length) return { status: 416, headers: { 'Content-Range': `bytes */${whole.length}` }, body: '' }
    return {
      status: 206,
      headers: { 'Content-Range': `bytes ${start}-${end}/${whole.length}` },
      body: whole.slice(start, end + 1),
    }
  }
  for (const range of ['bytes=0-2', 'bytes=900-901', 'bytes=0-0,5-9', 'lines=1-2']) {
    it(`P5: Range: ${range} before anybody else leaves the page whole`, () =>
      survives(parts, { headers: { Range: range } }))
  }

  it('P5: a part that nobody asked for is not kept', async () => {
    const { ask } = await site({
      '/p': ({ run }) =>
        run < 3
          ? { status: run === 1 ? 206 : 200, headers: { 'Content-Range': 'bytes 0-2/40' }, body: 'the' }
          : { body: whole },
    })
    await ask('/p')
    await ask('/p')
    expect((await ask('/p')).text).to.equal(whole)
  })

  for (const headers of [{ 'If-Match': '"no"' }, { 'If-Unmodified-Since': 'Mon, 01 Jan 1990 00:00:00 GMT' }]) {
    it(`P6: ${Object.keys(headers)} that does not hold harms its sender alone`, () =>
      survives(
        ({ field }) =>
          (field('if-match') ?? field('if-unmodified-since')) ? { status: 412, body: '' } : { body: whole },
        { headers },
      ))
  }

  for (const [what, odd] of [
    ['content that cannot be parsed', { headers: { 'Content-Type': 'application/json' }, body: '{x}' }],
    ['a charset that nobody knows', { headers: { 'Content-Type': 'application/json; charset=bogus' }, body: '{}' }],
    [
      'a coding that nobody knows',
      { headers: { 'Content-Encoding': 'bogus', 'Content-Type': 'application/json' }, body: '{}' },
    ],
    ['a coding that nobody knows, of no content', { headers: { 'Content-Encoding': 'bogus' } }],
  ] as const) {
    it(`P7: ${what} harms its sender alone`, () =>
      survives(({ field }) => {
        if (field('content-encoding') === 'bogus' || field('content-type')?.includes('bogus')) return { status: 415 }
        return field('content-length') === '3' ? { status: 400 } : { body: whole }
      }, odd))
  }

  for (const name of ['Content-Type', 'Content-Encoding', 'Content-Language', 'If-Moon']) {
    it(`P7: ${name} without any content, which the page reads, harms its sender alone`, () =>
      survives(({ field }) => ({ body: field(name) === undefined ? whole : 'of another type' }), {
        headers: { [name]: 'application/json' },
      }))
  }

  for (const [what, answered] of [
    ['P8: a redirect', { status: 301, headers: { Location: 'https://larder.example/p' } }],
    ['P8: a temporary redirect that says it is fresh', { status: 302, headers: { Location: '/p' } }],
    ['P9: an empty answer', { status: 204, body: undefined }],
    ['P9: an empty page', { body: '' }],
    ['P9: a page not found', { status: 404, body: 'none' }],
  ] as const) {
    it(`${what}, provoked by a field, is for those who send that field`, () =>
      survives(visit => (visit.field('x-forwarded-proto') === 'http' ? answered : { body: whole }), {
        headers: { 'X-Forwarded-Proto': 'http' },
      }))
  }

  it("P8, P9: temporary redirects and empty answers are not kept on the route's word", async () => {
    const { ask } = await site(
      {
        '/p': ({ target }) => ({
          status: Number(target.split('?')[1]),
          headers: { 'Cache-Control': '', Location: '/q' },
          body: '',
        }),
      },
      { route: { ttl: '1m' } },
    )
    for (const status of [302, 303, 307, 204, 205]) expectOwnRuns(await ask(`/p?${status}`), await ask(`/p?${status}`))
  })

  it('P10: a 304 of a page that has nothing stored is passed on and not kept', () =>
    survives(({ run }) => (run < 3 ? { status: 304, body: undefined } : { body: whole }), {
      headers: { 'If-None-Match': '"theirs"' },
    }))

  it('P10: a 304 for another tag than the stored one does not revive it', async () => {
    const { ask, clock } = await site({
      '/p': ({ run }) =>
        run === 2 ? { status: 304, headers: { ETag: '"other"' }, body: undefined } : { headers: { ETag: `"v${run}"` } },
    })
    await ask('/p')
    clock.advance(61)
    await ask('/p')
    expect((await ask('/p')).text).to.equal('run 3')
  })

  it('P17: fields of one connection are not replayed', async () => {
    const { ask } = await site({
      '/p': () => ({
        headers: {
          Connection: 'X-Hop, close',
          'X-Hop': 'hop',
          'Keep-Alive': 'timeout=99',
          'Proxy-Authenticate': 'Basic',
          'Proxy-Connection': 'close',
          TE: 'trailers',
          Upgrade: 'h2c',
          'X-Stays': 'stays',
        },
      }),
    })
    const [first, second] = [await ask('/p', { headers: { Connection: 'close' } }), await ask('/p')]
    expectOneRun(first, second)
    for (const name of ['x-hop', 'proxy-authenticate', 'proxy-connection', 'te', 'upgrade']) {
      expect(second.header(name), name).to.equal(undefined)
    }
    expect([second.header('connection'), second.header('keep-alive')]).to.deep.equal(['keep-alive', 'timeout=5'])
    expect([second.header('x-stays'), second.header('age')]).to.deep.equal(['stays', '0'])
    expect(Date.parse(second.header('date')!)).to.be.closeTo(Date.now(), 5000)
  })

  it('P18: Connection cannot take a field away from the cache', async () => {
    const { ask } = await site(
      { '/me': ({ run }) => ({ headers: { 'Cache-Control': '' }, body: `run ${run}` }), '/': () => ({}) },
      { route: { ttl: '1m' } },
    )
    const hiding = { headers: { Connection: 'cookie, host', Cookie: 'u=alice' } }
    expectOwnRuns(await ask('/me', hiding), await ask('/me', hiding), await ask('/me'))
    const evil = await ask('/', { headers: { Connection: 'host', Host: 'evil.example' } })
    expectOwnRuns(evil, await ask('/'))
  })

  it('P25: nothing that the cache says holds the target, a key or a tag', async () => {
    const secret = canary()
    const { ask } = await site(
      { '/p': () => ({}) },
      { route: { tags: [secret], key: () => secret, scope: () => secret } },
    )
    for (const odd of [{}, {}, { headers: { Authorization: secret } }, { method: 'HEAD' }]) {
      expectNowhere(secret, await ask(`/p?token=${secret}`, odd))
    }
    const names = (await ask(`/p?token=${secret}`)).headers.map(([name]) => name.toLowerCase())
    expect(names.filter(name => /key|debug|x-cache/.test(name))).to.deep.equal([])
  })
})
