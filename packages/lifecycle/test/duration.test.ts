// Durations: seconds, or a number with its unit.

import { expect } from 'chai'
import fc from 'fast-check'
import { durationMs } from '../src/duration.ts'
import { codeOf } from './support.ts'

const accepted: readonly [number | string, number][] = [
  [0, 0],
  [60, 60_000],
  [0.25, 250],
  [1.1, 1100],
  [0.1, 100],
  [3600, 3_600_000],
  [60_000, 60_000_000],
  [86_400, 86_400_000],
  [172_800, 172_800_000],
  [432_000, 432_000_000],
  [604_800, 604_800_000],
  [2_592_000, 2_592_000_000],
  [31_536_000, 31_536_000_000],
  [31_622_400, 31_622_400_000],
  [123_456, 123_456_000],
  ['250ms', 250],
  ['0s', 0],
  ['60s', 60_000],
  ['1.5h', 5_400_000],
  ['5m', 300_000],
  ['1d', 86_400_000],
  ['2w', 1_209_600_000],
  ['300000ms', 300_000],
  ['300000s', 300_000_000],
]

const refused: readonly unknown[] = [
  -1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  2 ** 31,
  '2147483648s',
  '',
  '60',
  '5 m',
  ' 5m',
  '5M',
  '-5m',
  '5min',
  '.5h',
  '5.h',
  '1e3s',
  'five minutes',
  null,
  undefined,
  true,
  {},
  [60],
  60n,
  new Date(0),
]

// As seconds: 3.5 days, 41.7 days, 20.8 days, 1000 days, 19 years.
const milliseconds = [300_000, 3_600_000, 1_800_000, 900_000, 120_000, 180_000, 100_000, 86_400_000, 604_800_000]

describe('a duration', () => {
  for (const [given, ms] of accepted)
    it(`${JSON.stringify(given)} is ${ms} ms`, () => expect(durationMs(given, 'ttl')).to.equal(ms))

  for (const given of refused)
    it(`${typeof given} ${String(given)} is none`, () =>
      expect(codeOf(() => durationMs(given as string, 'ttl'))).to.equal('LARDER_INVALID_DURATION'))

  for (const given of milliseconds)
    it(`the number ${given} can only be milliseconds`, () =>
      expect(() => durationMs(given, 'ttl')).to.throw(/looks like milliseconds: write '\d+[dhms]' or \d+/))

  it('the error names the option, what was given and what to write', () => {
    expect(() => durationMs(300_000, 'ttl')).to.throw(
      "ttl: 300000 given, expected seconds, and this looks like milliseconds: write '5m' or 300",
    )
    expect(() => durationMs('soon', 'coherenceBound')).to.throw("coherenceBound: 'soon' given")
  })

  it('every whole number of days below 1000 is seconds', () => {
    for (let days = 1; days < 1000; days++) expect(durationMs(days * 86_400, 'ttl')).to.equal(days * 86_400_000)
  })

  it('below 100,000 every number is seconds', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 99_999 }), n => durationMs(n, 'ttl') === n * 1000))
  })

  it('any string is a duration or an error with a code', () => {
    fc.assert(
      fc.property(fc.string(), text => {
        const code = codeOf(() => durationMs(text, 'ttl'))
        return code === undefined || code === 'LARDER_INVALID_DURATION'
      }),
    )
  })
})
