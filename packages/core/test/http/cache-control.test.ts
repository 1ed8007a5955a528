// RFC 9111 §5.2 — Cache-Control.

import { expect } from 'chai'
import fc from 'fast-check'
import { type CacheControl, parseCacheControl } from '../../src/http/cache-control.ts'
import { headerText, itIsTotalAndLinear } from './hostile.ts'

const MAX = 2_147_483_647

/** The directives that were found: those that are not false. */
function found(value: string | undefined): Partial<CacheControl> {
  return Object.fromEntries(Object.entries(parseCacheControl(value)).filter(([, said]) => said !== false))
}

describe('RFC 9111 §5.2 directives', () => {
  const cases: [string | undefined, Partial<CacheControl>][] = [
    [undefined, {}],
    ['', {}],
    [' , ,\t', {}],
    ['no-store', { noStore: true }],
    ['No-StOrE', { noStore: true }],
    ['private', { private: true }],
    ['PRIVATE', { private: true }],
    ['public', { public: true }],
    ['no-cache, must-revalidate', { noCache: true, mustRevalidate: true }],
    ['proxy-revalidate,must-understand', { proxyRevalidate: true, mustUnderstand: true }],
    ['immutable ,\tno-transform', { immutable: true, noTransform: true }],
    ['only-if-cached', { onlyIfCached: true }],
    ['max-age=60', { maxAge: 60 }],
    ['MaX-aGe=60', { maxAge: 60 }],
    ['s-maxage=60, max-age=1', { sMaxage: 60, maxAge: 1 }],
    ['stale-while-revalidate=5, stale-if-error=6', { staleWhileRevalidate: 5, staleIfError: 6 }],
    ['min-fresh=7, max-stale=8', { minFresh: 7, maxStale: 8 }],
    ['max-stale', { maxStale: Infinity }],
    ['foobar, max-age=60', { maxAge: 60 }],
    ['community="UCI", max-age=60', { maxAge: 60 }],
    [' max-age=60 ', { maxAge: 60 }],
    [',max-age=60,,', { maxAge: 60 }],
    ['extension="max-age=3600, public", max-age=1', { maxAge: 1 }],
    ['extension="no-store", max-age=1', { maxAge: 1 }],
    ['x="\\"", max-age=1', { maxAge: 1 }],
    ['x="a\\\\", max-age=1', { maxAge: 1 }],
    ['nostore, no_store, xno-store', {}],
  ]
  for (const [value, directives] of cases)
    it(`${value} → ${JSON.stringify(directives)}`, () => expect(found(value)).to.deep.equal(directives))
})

describe('RFC 9111 §5.2.2 qualified directives count as unqualified', () => {
  for (const value of [
    'private=""',
    'private="x"',
    'PRIVATE="x, y"',
    'private=x',
    'private=',
    'private="a", private',
  ]) {
    it(value, () => expect(found(value)).to.deep.equal({ private: true }))
  }
  for (const value of ['no-cache=""', 'no-cache="set-cookie"', 'no-cache=a', 'No-Cache=']) {
    it(value, () => expect(found(value)).to.deep.equal({ noCache: true }))
  }
  it('no-store with an argument', () => expect(found('no-store="x"')).to.deep.equal({ noStore: true }))
  for (const value of ['public="x"', 'public=', 'must-understand=1', 'immutable=yes']) {
    it(`${value} grants nothing`, () => expect(found(value)).to.deep.equal({}))
  }
})

describe('RFC 9111 §1.2.2 delta-seconds', () => {
  const cases: [string, number][] = [
    ['max-age=0', 0],
    ['max-age=003600', 3600],
    ['max-age="60"', 60],
    ['max-age=60, max-age=0', 0],
    ['max-age=0, max-age=60', 0],
    ['max-age=60, max-age=60', 60],
    ['max-age=60, max-age', 0],
    ['max-age', 0],
    ['max-age=', 0],
    ['max-age=""', 0],
    ['max-age=-1', 0],
    ['max-age=+1', 0],
    ['max-age=1.5', 0],
    ['max-age=3600.0', 0],
    ['max-age=1e9', 0],
    ['max-age=0x10', 0],
    ['max-age=a3600', 0],
    ['max-age=3600a', 0],
    ["max-age='3600'", 0],
    ['max-age="6 0"', 0],
    ['max-age="-1"', 0],
    ['max-age=2147483647', MAX],
    ['max-age=2147483648', MAX],
    ['max-age=99999999999', MAX],
    [`max-age=${'9'.repeat(400)}`, MAX],
  ]
  for (const [value, seconds] of cases) {
    it(`${value.slice(0, 40)} → ${seconds}`, () => {
      expect(parseCacheControl(value).maxAge).to.equal(seconds)
      expect(parseCacheControl(value.replaceAll('max-age', 's-maxage')).sMaxage).to.equal(seconds)
      expect(parseCacheControl(value.replaceAll('max-age', 'stale-while-revalidate')).staleWhileRevalidate).to.equal(
        seconds,
      )
      expect(parseCacheControl(value.replaceAll('max-age', 'stale-if-error')).staleIfError).to.equal(seconds)
    })
  }

  const requests: [string, Partial<CacheControl>][] = [
    ['min-fresh', { minFresh: MAX }],
    ['min-fresh=x', { minFresh: MAX }],
    ['min-fresh=1, min-fresh=9', { minFresh: 9 }],
    ['max-stale=x', { maxStale: 0 }],
    ['max-stale, max-stale=5', { maxStale: 5 }],
    ['max-stale=5, max-stale', { maxStale: 5 }],
  ]
  for (const [value, directives] of requests)
    it(`${value} → the stricter`, () => expect(found(value)).to.deep.equal(directives))
})

describe('RFC 9111 §4.2.1 a field that cannot be read is a no-store', () => {
  const faults = [
    '"',
    '"private',
    'private="x',
    'public, max-age=60, x="',
    'x="a\\',
    'x="a\\"',
    'x="a"b',
    'x="a" b',
    'max-age =60',
    'max-age= 60',
    'max-age 60',
    'public; max-age=60',
    'public max-age=60',
    '=60',
    'a=b=c',
    'max-age=60@',
    '(public)',
    'x="\u0000"',
    'x="\\\u0000"',
    'x="\u007f"',
    '\u00ff',
    'max-age=6\u00a00',
    `max-age=60${', x'.repeat(4096)}`,
  ]
  for (const value of faults) {
    it(JSON.stringify(value.slice(0, 40)), () => expect(found(value)).to.include({ malformed: true, noStore: true }))
  }
  it('reads nothing behind the fault', () => {
    expect(found('max-age=1, x=", public')).to.deep.equal({ maxAge: 1, malformed: true, noStore: true })
  })

  it('junk behind a good value never lets more be stored', () => {
    const junk = fc.constantFrom('"', ' x', '@', '=', ', =', ', x="', '\u0000', '; public', ', (')
    fc.assert(
      fc.property(fc.constantFrom('max-age=60', 'public, s-maxage=9', 'x'), junk, headerText(), (good, bad, rest) => {
        const { noStore, malformed } = parseCacheControl(good + bad + rest)
        return noStore || !malformed
      }),
    )
  })

  it('a veto is found wherever it stands among well-formed directives', () => {
    const other = fc.constantFrom('public', 'max-age=60', 'x="a, b"', 'y=z', 's-maxage=5', ' ')
    fc.assert(
      fc.property(
        fc.array(other),
        fc.array(other),
        fc.constantFrom('no-store', 'private', 'private="x"'),
        (a, b, veto) => {
          const { noStore, private: isPrivate } = parseCacheControl([...a, veto, ...b].join(','))
          return noStore || isPrivate
        },
      ),
    )
  })

  it('a repeated lifetime never grows', () => {
    const argument = fc.oneof(fc.nat().map(String), fc.constantFrom('', 'x', '-1', '1.5', '"9"', '99999999999'))
    fc.assert(
      fc.property(fc.array(argument, { minLength: 1 }), argument, (known, more) => {
        const before = parseCacheControl(known.map(text => `max-age=${text}`).join()).maxAge!
        const after = parseCacheControl([...known, more].map(text => `max-age=${text}`).join()).maxAge!
        return after <= before
      }),
    )
  })
})

describe('parseCacheControl', () => itIsTotalAndLinear(parseCacheControl, 'public, max-age=60, '))
