// RFC 9110 §5.6.7 — HTTP-date.

import { expect } from 'chai'
import fc from 'fast-check'
import { createHttpDate, formatHttpDate, parseHttpDate, parseImfFixdate } from '../../src/http/date.ts'
import { itIsTotalAndLinear } from './hostile.ts'

const NOW = Date.UTC(2026, 5, 1)
const EXAMPLE = Date.UTC(1994, 10, 6, 8, 49, 37)

describe('RFC 9110 §5.6.7 the three forms of a date', () => {
  const cases: [string, number | undefined][] = [
    ['Sun, 06 Nov 1994 08:49:37 GMT', EXAMPLE],
    ['Sunday, 06-Nov-94 08:49:37 GMT', EXAMPLE],
    ['Sun Nov  6 08:49:37 1994', EXAMPLE],
    ['Wed Nov 16 08:49:37 1994', Date.UTC(1994, 10, 16, 8, 49, 37)],
    [' Sun, 06 Nov 1994 08:49:37 GMT\t', EXAMPLE],
    ['Thu, 18 Aug 2050 02:01:18 GMT', Date.UTC(2050, 7, 18, 2, 1, 18)],
    ['Thu, 29 Feb 2024 00:00:00 GMT', Date.UTC(2024, 1, 29)],
    ['Sat, 31 Dec 2016 23:59:60 GMT', Date.UTC(2016, 11, 31, 23, 59, 59)],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['Fri, 31 Dec 9999 23:59:59 GMT', Date.UTC(9999, 11, 31, 23, 59, 59)],
  ]
  for (const [text, ms] of cases) it(`${text} → ${ms}`, () => expect(parseHttpDate(text, NOW)).to.equal(ms))

  it('the year 99 of the first century is not 1999', () => {
    expect(new Date(parseHttpDate('Thu, 01 Jan 0099 00:00:00 GMT', NOW)!).getUTCFullYear()).to.equal(99)
  })
})

describe('RFC 9111 §4.2 a cache reads dates in any case', () => {
  for (const text of [
    'THU, 18 Aug 2050 02:01:18 GMT',
    'Thu, 18 AUG 2050 02:01:18 GMT',
    'Thu, 18 Aug 2050 02:01:18 gMT',
  ]) {
    it(text, () => expect(parseHttpDate(text, NOW)).to.equal(Date.UTC(2050, 7, 18, 2, 1, 18)))
  }
})

describe('RFC 9110 §5.6.7 two-digit years', () => {
  const cases: [string, number, number][] = [
    ['26', NOW, 2026],
    ['76', NOW, 2076],
    ['77', NOW, 1977],
    ['94', NOW, 1994],
    ['00', NOW, 2000],
    ['10', Date.UTC(2080, 0), 2110],
    ['31', Date.UTC(2080, 0), 2031],
    ['99', Date.UTC(1999, 0), 1999],
    ['01', Date.UTC(1999, 0), 2001],
  ]
  for (const [digits, now, year] of cases) {
    it(`${digits} in ${new Date(now).getUTCFullYear()} → ${year}`, () => {
      expect(new Date(parseHttpDate(`Sunday, 06-Nov-${digits} 08:49:37 GMT`, now)!).getUTCFullYear()).to.equal(year)
    })
  }
})

describe('RFC 9111 §5.3 what is no date', () => {
  const cases = [
    '',
    '0',
    '-1',
    'now',
    '1767225600',
    'Thu, 18 Aug 2050 02:01:18 UTC',
    'Thu, 18 Aug 2050 02:01:18 +0000',
    'Thu, 18 Aug 2050 02:01:18',
    'Thu, 18 Aug 50 02:01:18 GMT',
    'Thu 18 Aug 2050 02:01:18 GMT',
    'Thu, 18  Aug  2050 02:01:18 GMT',
    'Thu, 18-Aug-2050 02:01:18 GMT',
    'Thu, 18 Aug 2050 02.01.18 GMT',
    'Thu, 18 Aug 2050 2:01:18 GMT',
    'Thu, 8 Aug 2050 02:01:18 GMT',
    'Xyz, 18 Aug 2050 02:01:18 GMT',
    'Thu, 18 Foo 2050 02:01:18 GMT',
    'Thu, 00 Aug 2050 02:01:18 GMT',
    'Thu, 32 Aug 2050 02:01:18 GMT',
    'Thu, 30 Feb 2050 02:01:18 GMT',
    'Wed, 29 Feb 2023 02:01:18 GMT',
    'Thu, 18 Aug 2050 24:01:18 GMT',
    'Thu, 18 Aug 2050 02:60:18 GMT',
    'Thu, 18 Aug 2050 02:01:61 GMT',
    'Thu, 18 Aug 2050 02:01:18 GMT, Thu, 18 Aug 2050 02:01:18 GMT',
    'Thu, 18 Aug 2050 02:01:18 GMT;',
    '2050-08-18T02:01:18Z',
    'Sun, 06-Nov-94 08:49:37 GMT',
    'Sun Nov 6 08:49:37 1994',
    'Sun Nov  6 08:49:37 1994 GMT',
  ]
  for (const text of cases) it(JSON.stringify(text), () => expect(parseHttpDate(text, NOW)).to.equal(undefined))

  it('the form that needs no clock is one alone', () => {
    expect(parseImfFixdate('Sun, 06 Nov 1994 08:49:37 GMT')).to.equal(EXAMPLE)
    expect(parseImfFixdate('Sunday, 06-Nov-94 08:49:37 GMT')).to.equal(undefined)
    expect(parseImfFixdate('Sun Nov  6 08:49:37 1994')).to.equal(undefined)
  })
})

describe('formatHttpDate', () => {
  it('writes what parseHttpDate reads', () => {
    fc.assert(
      fc.property(fc.integer({ min: -62_000_000_000, max: 253_402_300_799 }), seconds => {
        expect(parseHttpDate(formatHttpDate(seconds * 1000), NOW)).to.equal(seconds * 1000)
      }),
    )
  })
})

describe('parseHttpDate', () => itIsTotalAndLinear(text => parseHttpDate(text, NOW), 'Sun, 06 Nov 1994 08:49:37 GMT'))

it('the date of now is one text for all of a second, and never an older one', () => {
  let now = Date.UTC(1994, 10, 6, 8, 49, 37)
  const httpDate = createHttpDate(() => now)
  const first = httpDate()
  expect(first).to.equal('Sun, 06 Nov 1994 08:49:37 GMT')
  now += 999
  expect(httpDate()).to.equal(first)
  now += 1
  expect(httpDate()).to.equal('Sun, 06 Nov 1994 08:49:38 GMT')
  now -= 1
  expect(httpDate()).to.equal(first)
})
