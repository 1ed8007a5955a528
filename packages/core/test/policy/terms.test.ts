// RFC 9111 §4.2.1, §4.2.2 and §4.2.4 — Freshness lifetimes and stale windows.

import { expect } from 'chai'
import fc from 'fast-check'
import { readTerms } from '../../src/policy/terms.ts'
import type { FreshnessSource, PolicyOptions, Terms } from '../../src/policy/types.ts'
import { headerText } from '../http/hostile.ts'
import { at, byDefault, byRfc, DAY, HOUR, MINUTE, NOON, response, SECOND } from './facts.ts'

const MAX = 2_147_483_647 * SECOND

function terms(lines: readonly string[], options: PolicyOptions = byDefault, status = 200): Terms {
  return readTerms(response(lines, status), options, NOON)
}

describe('RFC 9111 §4.2.1 freshness lifetime', () => {
  const cases: [string[], FreshnessSource, number][] = [
    [[], 'none', 0],
    [['Cache-Control: public'], 'none', 0],
    [['Cache-Control: max-age=60'], 'max-age', 60],
    [['Cache-Control: max-age=0'], 'max-age', 0],
    [['Cache-Control: max-age=-3600'], 'max-age', 0],
    [['Cache-Control: max-age=60, s-maxage=30'], 's-maxage', 30],
    [['Cache-Control: s-maxage=60, max-age=0', `Expires: ${at(-10)}`], 's-maxage', 60],
    [['Cache-Control: max-age=60', 'Cache-Control: s-maxage=1'], 's-maxage', 1],
    [['Cache-Control: max-age=60', 'cache-control: max-age=10'], 'max-age', 10],
    [['Cache-Control: max-age=60', `Expires: ${at(-7200)}`, `Date: ${at(0)}`], 'max-age', 60],
    [['Cache-Control: max-age=60', 'Expires: 0'], 'max-age', 60],
    [['Cache-Control: max-age=0', `Expires: ${at(3600)}`], 'max-age', 0],
    [[`Expires: ${at(60)}`, `Date: ${at(0)}`], 'expires', 60],
    [[`Expires: ${at(60)}`], 'expires', 60],
    [[`Expires: ${at(60)}`, 'Date: foo'], 'expires', 60],
    [[`Expires: ${at(300)}`, `Date: ${at(400)}`], 'expires', 0],
    [[`Expires: ${at(20)}`, `Date: ${at(10)}`], 'expires', 10],
    [[`Expires: ${at(0)}`, `Date: ${at(0)}`], 'expires', 0],
    [[`Expires: ${at(-60)}`], 'expires', 0],
    [['Expires: 0'], 'expires', 0],
    [['Expires: -1'], 'expires', 0],
    [['Expires:'], 'expires', 0],
    [[`Expires: ${at(60)}`, `Expires: ${at(60)}`], 'expires', 0],
    [[`Last-Modified: ${at(-DAY / SECOND)}`, `Date: ${at(0)}`], 'none', 0],
  ]
  for (const [lines, source, seconds] of cases) {
    it(`${lines.join(' | ') || 'nothing'} → ${source} ${seconds}`, () => {
      expect(terms(lines)).to.include({ freshnessSource: source, freshnessLifetimeMs: seconds * SECOND })
    })
  }
  it('is 2^31 - 1 seconds at most', () => {
    expect(terms(['Cache-Control: max-age=99999999999']).freshnessLifetimeMs).to.equal(MAX)
    expect(terms(['Expires: Fri, 31 Dec 9999 23:59:59 GMT']).freshnessLifetimeMs).to.equal(MAX)
    expect(terms([], { ...byDefault, ttlMs: Infinity }).freshnessLifetimeMs).to.equal(MAX)
  })
})

describe('RFC 9213 §2.2 CDN-Cache-Control in place of Cache-Control and Expires', () => {
  const cases: [string[], FreshnessSource, number][] = [
    [['CDN-Cache-Control: max-age=60'], 'cdn-cache-control', 60],
    [['CDN-Cache-Control: s-maxage=5, max-age=60'], 'cdn-cache-control', 5],
    [['CDN-Cache-Control: max-age=60', 'Cache-Control: max-age=1'], 'cdn-cache-control', 60],
    [['CDN-Cache-Control: max-age=1', 'Cache-Control: max-age=60'], 'cdn-cache-control', 1],
    [['CDN-Cache-Control: max-age=1', 'Cache-Control: s-maxage=60'], 'cdn-cache-control', 1],
    [['CDN-Cache-Control: max-age=0', `Expires: ${at(60)}`], 'cdn-cache-control', 0],
    [['CDN-Cache-Control: max-age=60', `Expires: ${at(-60)}`], 'cdn-cache-control', 60],
    [['CDN-Cache-Control: max-age=-1'], 'cdn-cache-control', 0],
    [['CDN-Cache-Control: max-age=99999999999'], 'cdn-cache-control', MAX / SECOND],
    [['CDN-Cache-Control: foo', 'Cache-Control: max-age=60', `Expires: ${at(60)}`], 'none', 0],
    [['CDN-Cache-Control: max-age=60;x=1'], 'cdn-cache-control', 60],
    [['CDN-Cache-Control: max-age=60, &&&&', 'Cache-Control: max-age=5'], 'max-age', 5],
    [['CDN-Cache-Control: max-age="60"', 'Cache-Control: max-age=5'], 'max-age', 5],
    [['CDN-Cache-Control: max-age=60.5', 'Cache-Control: max-age=5'], 'max-age', 5],
    [['CDN-Cache-Control: max-age', 'Cache-Control: max-age=5'], 'max-age', 5],
    [['CDN-Cache-Control: max-age =60', 'Cache-Control: max-age=5'], 'max-age', 5],
    [['CDN-Cache-Control: MaX-aGe=60', 'Cache-Control: max-age=5'], 'max-age', 5],
    [['CDN-Cache-Control: max-age=60, public=1', 'Cache-Control: max-age=5'], 'max-age', 5],
    [['CDN-Cache-Control: max-age=(60)', 'Cache-Control: max-age=5'], 'max-age', 5],
    [['CDN-Cache-Control: max-age=60, must-revalidate=?0', 'Cache-Control: max-age=5'], 'max-age', 5],
    [['CDN-Cache-Control:', 'Cache-Control: max-age=5'], 'max-age', 5],
    [[`CDN-Cache-Control: max-age=60${', x'.repeat(2000)}`, 'Cache-Control: max-age=5'], 'max-age', 5],
  ]
  for (const [lines, source, seconds] of cases) {
    it(`${lines.join(' | ').slice(0, 100)} → ${source} ${seconds}`, () => {
      expect(terms(lines)).to.include({ freshnessSource: source, freshnessLifetimeMs: seconds * SECOND })
    })
  }
  it('its no-cache counts, that of Cache-Control does not', () => {
    expect(terms(['CDN-Cache-Control: max-age=60, no-cache'])).to.include({ noCache: true })
    expect(terms(['CDN-Cache-Control: max-age=60, no-cache="x"'])).to.include({ noCache: true })
    expect(terms(['CDN-Cache-Control: max-age=60', 'Cache-Control: no-cache'])).to.include({ noCache: false })
  })
})

describe('ttl speaks for responses that say nothing', () => {
  const route = { ...byDefault, ttlMs: 5 * MINUTE }
  const cases: [string[], number, FreshnessSource][] = [
    [[], 200, 'ttl'],
    [['Cache-Control: public'], 200, 'ttl'],
    [['Cache-Control: must-revalidate'], 200, 'ttl'],
    [['CDN-Cache-Control: public', 'Cache-Control: max-age=5'], 200, 'ttl'],
    [['Cache-Control: max-age=0'], 200, 'max-age'],
    [['Expires: 0'], 200, 'expires'],
    [[], 203, 'ttl'],
    [[], 300, 'ttl'],
    [[], 301, 'ttl'],
    [[], 308, 'ttl'],
    [[], 204, 'none'],
    [[], 302, 'none'],
    [[], 404, 'none'],
    [[], 410, 'none'],
    [[], 500, 'none'],
    [['Cache-Control: public'], 404, 'none'],
  ]
  for (const [lines, status, source] of cases) {
    it(`${status} ${lines.join(' | ')} → ${source}`, () => {
      expect(terms(lines, route, status).freshnessSource).to.equal(source)
      if (source === 'ttl') expect(terms(lines, route, status).freshnessLifetimeMs).to.equal(5 * MINUTE)
    })
  }
  it('goes before a heuristic, and after everything explicit', () => {
    const rfc = { ...byRfc, ttlMs: MINUTE }
    expect(terms([`Last-Modified: ${at(-86400)}`], rfc)).to.include({ freshnessSource: 'ttl' })
    expect(terms([], rfc, 404)).to.include({ freshnessSource: 'ttl' })
    expect(terms([], rfc, 403)).to.include({ freshnessSource: 'none' })
    expect(terms(['Cache-Control: public'], rfc, 403)).to.include({ freshnessSource: 'ttl' })
  })
})

describe('RFC 9111 §4.2.2 heuristic freshness', () => {
  const changed = `Last-Modified: ${at(-1000)}`
  const cases: [string[], number, number | undefined][] = [
    [[changed, `Date: ${at(0)}`], 200, 100],
    [[changed], 200, 100],
    [[changed, `Date: ${at(-500)}`], 200, 50],
    [[changed], 203, 100],
    [[changed], 204, 100],
    [[changed], 404, 100],
    [[changed], 405, 100],
    [[changed], 410, 100],
    [[changed], 414, 100],
    [[changed], 501, 100],
    [[changed], 201, undefined],
    [[changed], 202, undefined],
    [[changed], 302, undefined],
    [[changed], 403, undefined],
    [[changed], 502, undefined],
    [[changed], 599, undefined],
    [[changed, 'Cache-Control: public'], 599, 100],
    [[], 200, undefined],
    [['Last-Modified: long ago'], 200, undefined],
    [[`Last-Modified: ${at(1000)}`], 200, 0],
    [[`Last-Modified: ${at(-100_000_000)}`], 200, DAY / SECOND],
  ]
  for (const [lines, status, seconds] of cases) {
    it(`${status} ${lines.join(' | ')} → ${seconds}`, () => {
      const { freshnessSource, freshnessLifetimeMs } = terms(lines, byRfc, status)
      expect(freshnessSource).to.equal(seconds === undefined ? 'none' : 'heuristic')
      expect(freshnessLifetimeMs).to.equal((seconds ?? 0) * SECOND)
    })
  }
})

describe('RFC 5861 stale windows', () => {
  const route = { ...byDefault, ttlMs: MINUTE, staleWhileRevalidateMs: 10 * MINUTE, staleIfErrorMs: HOUR }
  const cases: [string[], number, number][] = [
    [[], 600, 3600],
    [['Cache-Control: max-age=60'], 600, 3600],
    [['Cache-Control: max-age=60, stale-while-revalidate=5'], 5, 3600],
    [['Cache-Control: max-age=60, stale-if-error=5'], 600, 5],
    [['Cache-Control: max-age=60, stale-while-revalidate=0, stale-if-error=0'], 0, 0],
    [['Cache-Control: max-age=60, stale-while-revalidate=x'], 0, 3600],
    [['Cache-Control: max-age=0, stale-while-revalidate=5'], 5, 0],
    [['Cache-Control: max-age=0'], 0, 0],
    [['Expires: 0'], 0, 0],
    [['Cache-Control: max-age=60, must-revalidate, stale-while-revalidate=5'], 0, 0],
    [['Cache-Control: max-age=60, proxy-revalidate'], 0, 0],
    [['Cache-Control: s-maxage=60, stale-while-revalidate=5'], 0, 0],
    [['Cache-Control: no-cache, stale-if-error=5'], 0, 0],
    [['Cache-Control: max-age=60, "'], 0, 0],
    [['CDN-Cache-Control: max-age=60, stale-while-revalidate=5', 'Cache-Control: must-revalidate'], 5, 3600],
    [['Cache-Control: max-age=60, stale-while-revalidate=604800, stale-if-error=604800'], DAY / SECOND, DAY / SECOND],
  ]
  for (const [lines, revalidate, error] of cases) {
    it(`${lines.join(' | ') || 'nothing'} → ${revalidate} ${error}`, () => {
      expect(terms(lines, route)).to.include({
        staleWhileRevalidateMs: revalidate * SECOND,
        staleIfErrorMs: error * SECOND,
      })
    })
  }
  it('are a day at most by default, and as long as they say by the RFC', () => {
    const week = { staleWhileRevalidateMs: 7 * DAY, staleIfErrorMs: 7 * DAY }
    expect(terms([], { ...byDefault, ...week })).to.include({ staleWhileRevalidateMs: DAY, staleIfErrorMs: DAY })
    expect(terms([], { ...byRfc, ...week })).to.include(week)
  })
})

describe('RFC 9111 §5.2.2 what else the terms hold', () => {
  const cases: [string[], Partial<Terms>][] = [
    [[], { mustRevalidate: false, noCache: false, shareable: false }],
    [['Cache-Control: must-revalidate'], { mustRevalidate: true, shareable: false }],
    [['Cache-Control: proxy-revalidate'], { mustRevalidate: true, shareable: false }],
    [['Cache-Control: s-maxage=5'], { mustRevalidate: true, shareable: true }],
    [['Cache-Control: public'], { mustRevalidate: false, shareable: true }],
    [['Cache-Control: public="x"'], { shareable: false }],
    [['Cache-Control: max-age=5'], { shareable: false }],
    [['CDN-Cache-Control: max-age=5'], { shareable: true }],
    [['CDN-Cache-Control: public'], { shareable: true }],
    [['CDN-Cache-Control: foo', 'Cache-Control: public'], { shareable: false }],
    [['Cache-Control: no-cache'], { noCache: true }],
    [['Cache-Control: no-cache="set-cookie"'], { noCache: true }],
    [['Pragma: no-cache'], { noCache: true }],
    [['Pragma: No-Cache, x'], { noCache: true }],
    [['Pragma: no-cache', 'Cache-Control: max-age=5'], { noCache: false }],
    [['Pragma: other'], { noCache: false }],
  ]
  for (const [lines, some] of cases) it(lines.join(' | ') || 'nothing', () => expect(terms(lines)).to.include(some))
  it('must-revalidate shares by the RFC (§3.5), proxy-revalidate does not', () => {
    expect(terms(['Cache-Control: must-revalidate'], byRfc)).to.include({ shareable: true })
    expect(terms(['Cache-Control: proxy-revalidate'], byRfc)).to.include({ shareable: false })
  })
  it('Pragma in a response means nothing to the RFC', () => {
    expect(terms(['Pragma: no-cache'], byRfc)).to.include({ noCache: false })
  })
})

describe('S10 fresh life never grows', () => {
  it('by an earlier Date with its apparent age', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -9999, max: 9999 }),
        fc.nat({ max: 9999 }),
        fc.integer({ max: 9999 }),
        (date, earlier, expires) => {
          // What Expires − Date gains by an earlier Date, the apparent age takes: here the lifetime alone must not lose.
          const later = terms([`Date: ${at(date)}`, `Expires: ${at(expires)}`]).freshnessLifetimeMs
          const sooner = terms([`Date: ${at(date - earlier)}`, `Expires: ${at(expires)}`]).freshnessLifetimeMs
          return sooner <= later + earlier * SECOND
        },
      ),
    )
  })
  it('whatever the fields hold, beyond its bounds', () => {
    const names = ['Cache-Control', 'CDN-Cache-Control', 'Expires', 'Date', 'Last-Modified', 'Age', 'Pragma']
    const line = fc.tuple(fc.constantFrom(...names), headerText())
    const options = fc.constantFrom(byDefault, byRfc, { ...byDefault, ttlMs: MINUTE, staleIfErrorMs: HOUR })
    fc.assert(
      fc.property(fc.array(line), options, fc.constantFrom(200, 404, 500), (lines, preset, status) => {
        const read = readTerms({ status, headers: lines.flat() }, preset, NOON)
        for (const ms of [read.freshnessLifetimeMs, read.staleWhileRevalidateMs, read.staleIfErrorMs]) {
          expect(ms).to.be.within(0, MAX)
        }
        if (read.mustRevalidate || read.noCache) expect(read.staleWhileRevalidateMs + read.staleIfErrorMs).to.equal(0)
      }),
    )
  })
})
