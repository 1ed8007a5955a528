// Class P — Codings, validators, ages and staleness: what RFC 9110, 9111 and 5861 leave room to get wrong.

import { brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib'
import { expect } from 'chai'
import type { Answer } from '../support/http.ts'
import { expectOneRun, expectOwnRuns, type Page, runOf, vectors } from './site.ts'

const text = 'a page that is worth compressing. '.repeat(40)
const html: Page = () => ({ headers: { 'Content-Type': 'text/html' }, body: text })

vectors('poisoning by protocol', (site, framework) => {
  it('control: what says nothing odd is kept as long as it says', async () => {
    const { ask, clock } = await site({ '/p': () => ({}) })
    const first = await ask('/p')
    clock.advance(59)
    const second = await ask('/p')
    expectOneRun(first, second)
    expect(second.header('age')).to.equal('59')
    clock.advance(2)
    expectOwnRuns(first, await ask('/p'))
  })

  for (const place of ['before', 'after'] as const) {
    it(`P20: compression ${place} the cache, and everybody gets what they can decode`, async () => {
      const { ask } = await site({ '/z': html }, { [place]: [framework.compressing()] })
      for (let round = 0; round < 2; round++) {
        for (const accepted of [
          'gzip',
          'identity',
          undefined,
          'br;q=0, gzip',
          'br',
          '*',
          'gzip;q=0',
          'GZIP ; q=1.000',
          ';;',
          'x',
        ]) {
          const answer = await ask('/z', accepted === undefined ? {} : { headers: { 'Accept-Encoding': accepted } })
          expect(decoded(answer), accepted).to.equal(text)
          const coding = answer.header('content-encoding') ?? 'identity'
          if (accepted === undefined || !/\*/.test(accepted))
            expect(['identity', ...acceptedBy(accepted)]).to.include(coding)
          if (coding !== 'identity') expect(answer.header('vary')).to.match(/accept-encoding/i)
        }
      }
    })
  }

  it('P20: a page that is encoded by itself goes to those who asked for that', async () => {
    const { ask } = await site({
      '/z': ({ field }) =>
        /gzip/.test(field('accept-encoding') ?? '')
          ? { headers: { 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding' }, body: gzipSync(text) }
          : { headers: { Vary: 'Accept-Encoding' }, body: text },
    })
    const zipped = await ask('/z', { headers: { 'Accept-Encoding': 'gzip' } })
    const plain = await ask('/z')
    expect([zipped.header('content-encoding'), plain.header('content-encoding')]).to.deep.equal(['gzip', undefined])
    expect([decoded(zipped), plain.text]).to.deep.equal([text, text])
    expectOneRun(plain, await ask('/z'))
  })

  it('P21: tags are compared weakly for a 304 and strongly for a part', async () => {
    const page =
      (tag: string): Page =>
      () => ({ headers: { ETag: tag }, body: text })
    const { ask } = await site({ '/strong': page('"v1"'), '/weak': page('W/"v1"') })
    const status = async (path: string, headers: Record<string, string>) => (await ask(path, { headers })).status
    for (const path of ['/strong', '/weak']) {
      await ask(path)
      expect(await status(path, { 'If-None-Match': 'W/"v1"' })).to.equal(304)
      expect(await status(path, { 'If-None-Match': '"v1"' })).to.equal(304)
      expect(await status(path, { 'If-None-Match': '"v2", "v1"' })).to.equal(304)
      expect(await status(path, { 'If-None-Match': '"v2"' })).to.equal(200)
      expect(await status(path, { 'If-None-Match': 'v1' })).to.equal(200)
      expect(await status(path, { Range: 'bytes=0-3', 'If-Range': 'W/"v1"' })).to.equal(200)
    }
    expect(await status('/strong', { Range: 'bytes=0-3', 'If-Range': '"v1"' })).to.equal(206)
    expect(await status('/weak', { Range: 'bytes=0-3', 'If-Range': '"v1"' })).to.equal(200)
  })

  for (const place of ['before', 'after'] as const) {
    it(`P21: compression ${place} the cache, and tags of the cache's own are weak`, async () => {
      const { ask } = await site({ '/z': html }, { [place]: [framework.compressing()] })
      for (const accepted of ['gzip', 'identity', 'gzip', 'identity']) {
        const tag = (await ask('/z', { headers: { 'Accept-Encoding': accepted } })).header('etag') ?? 'W/'
        expect(tag).to.match(/^W\//)
      }
    })

    it(`P21: compression ${place} the cache, and a part is a part of what it says`, async () => {
      const tagged: Page = () => ({ headers: { 'Content-Type': 'text/html', ETag: '"v1"' }, body: text })
      const { ask } = await site({ '/z': tagged }, { [place]: [framework.compressing()] })
      const wholes = new Map<string, Buffer>()
      for (const accepted of ['gzip', 'identity']) {
        const headers = { 'Accept-Encoding': accepted }
        for (let i = 0; i < 2; i++) wholes.set(accepted, (await ask('/z', { headers })).body)
      }
      for (const accepted of ['gzip', 'identity', undefined]) {
        const headers = { Range: 'bytes=0-19', ...(accepted && { 'Accept-Encoding': accepted }) }
        const part = await ask('/z', { headers })
        const coding = part.header('content-encoding') ?? 'identity'
        if (part.status === 200) expect(decoded(part)).to.equal(text)
        else expect(part.body.toString('latin1')).to.equal(wholes.get(coding)!.toString('latin1', 0, 20))
        // Whoever has the other coding of the page has the same tag.
        const resumed = await ask('/z', { headers: { ...headers, 'If-Range': '"v1"' } })
        if (place === 'after') expect(decoded(resumed)).to.equal(text)
      }
    })
  }

  const day = (offset: number) => new Date(Date.now() + offset * 86_400_000).toUTCString()
  const soon = (seconds: number) => new Date(Date.now() + seconds * 1000).toUTCString()
  /** What a page says, and for how many seconds it is kept: at the last of them it is, a minute later it is not. */
  const lifetimes: [headers: Record<string, string | string[]>, seconds: number][] = [
    [{ 'Cache-Control': 'max-age=2147483648' }, 2_147_483_000],
    [{ 'Cache-Control': 'max-age=99999999999999999999999' }, 2_147_483_000],
    [{ 'Cache-Control': 'max-age=1e9' }, 0],
    [{ 'Cache-Control': 'max-age=60.5' }, 0],
    [{ 'Cache-Control': 'max-age=0x60' }, 0],
    [{ 'Cache-Control': 'max-age=' }, 0],
    [{ 'Cache-Control': 'max-age' }, 0],
    [{ 'Cache-Control': 's-maxage=-1, max-age=60' }, 0],
    [{ 'Cache-Control': 'max-age="60"' }, 60],
    [{ 'Cache-Control': 'max-age=60, max-age=60' }, 60],
    [{ 'Cache-Control': ['max-age=60', 'max-age=0'] }, 0],
    [{ 'Cache-Control': 'max-age=600', Age: '-5' }, 600],
    [{ 'Cache-Control': 'max-age=600', Age: '540' }, 60],
    [{ 'Cache-Control': 'max-age=600', Age: '99999999999' }, 0],
    [{ 'Cache-Control': 'max-age=600', Date: day(-1) }, 0],
    [{ 'Cache-Control': 'max-age=600', Date: day(1) }, 600],
    [{ 'Cache-Control': '', Expires: soon(600), Date: day(1) }, 0],
    [{ 'Cache-Control': '', Expires: '0' }, 0],
    [{ 'Cache-Control': '', Expires: [soon(600), soon(900)] }, 0],
    [{ 'Cache-Control': 'max-age=0', Expires: soon(600) }, 0],
  ]
  for (const [headers, seconds] of lifetimes) {
    const said = Object.entries(headers)
      .map(([name, value]) => `${name}: ${String(value).replace(/\w{3}, \d\d .*? GMT/g, 'a date')}`)
      .join(' | ')
    it(`P22: ${said} → ${seconds} seconds`, async () => {
      const { ask, clock } = await site({ '/p': () => ({ headers }) })
      const first = await ask('/p')
      if (seconds > 0) {
        clock.advance(seconds - 2)
        const second = await ask('/p')
        expectOneRun(first, second)
        expect(Number(second.header('age'))).to.be.at.least(seconds - 3)
      }
      if (seconds < 2_000_000_000) {
        clock.advance(4)
        expect(runOf(await ask('/p'))).to.equal(2)
      }
    })
  }

  for (const [says, hours, isServed] of [
    ['max-age=10', 0.1, false],
    ['max-age=10, stale-if-error=7200', 1, true],
    ['max-age=10, stale-if-error=7200', 3, false],
    ['max-age=10, stale-if-error=315360000', 23, true],
    ['max-age=10, stale-if-error=315360000', 25, false],
    ['max-age=10, stale-while-revalidate=315360000, stale-if-error=315360000, must-revalidate', 1, false],
  ] as const) {
    it(`P23: ${says}, and failing for ${hours} hours → ${isServed ? 'stale' : 'the failure'}`, async () => {
      const { ask, clock } = await site({
        '/p': ({ run }) => (run === 1 ? { headers: { 'Cache-Control': `public, ${says}` } } : { status: 503 }),
      })
      await ask('/p')
      clock.advance(hours * 3600)
      const late = await ask('/p')
      expect(late.status).to.equal(isServed ? 200 : 503)
      if (isServed) expect(Number(late.header('age'))).to.be.closeTo(hours * 3600, 2)
    })
  }
})

function decoded({ body, header }: Answer): string {
  const coding = header('content-encoding') ?? 'identity'
  if (coding === 'gzip') return gunzipSync(body).toString()
  if (coding === 'br') return brotliDecompressSync(body).toString()
  expect(coding).to.equal('identity')
  return body.toString()
}

function acceptedBy(field: string | undefined): string[] {
  return (field ?? '')
    .split(',')
    .map(member => member.split(';').map(part => part.trim().toLowerCase()))
    .filter(([, weight]) => weight !== 'q=0')
    .map(([coding]) => coding!)
}
