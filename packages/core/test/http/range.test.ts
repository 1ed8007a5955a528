// RFC 9110 §14 — Range.

import { expect } from 'chai'
import fc from 'fast-check'
import { parseRange } from '../../src/http/range.ts'
import { headerText, itIsTotalAndLinear } from './hostile.ts'

describe('RFC 9110 §14.1.2 byte ranges of 10,000 bytes', () => {
  const cases: [string, ReturnType<typeof parseRange>][] = [
    ['bytes=0-499', { start: 0, end: 499 }],
    ['bytes=500-999', { start: 500, end: 999 }],
    ['bytes=-500', { start: 9500, end: 9999 }],
    ['bytes=9500-', { start: 9500, end: 9999 }],
    ['bytes=0-0', { start: 0, end: 0 }],
    ['bytes=0-', { start: 0, end: 9999 }],
    ['bytes=-1', { start: 9999, end: 9999 }],
    ['bytes=-99999', { start: 0, end: 9999 }],
    ['bytes=9999-99999', { start: 9999, end: 9999 }],
    ['BYTES=0-1', { start: 0, end: 1 }],
    [' bytes=0-1\t', { start: 0, end: 1 }],
    ['bytes=10000-', 'unsatisfiable'],
    ['bytes=10000-10001', 'unsatisfiable'],
    ['bytes=99999999999999999999-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=5-4', undefined],
    ['bytes=-', undefined],
    ['bytes=', undefined],
    ['bytes', undefined],
    ['', undefined],
    ['bytes=0-1,2-3', undefined],
    ['bytes=0-1,', undefined],
    ['bytes=,0-1', undefined],
    ['bytes=0 - 1', undefined],
    ['bytes= 0-1', undefined],
    ['bytes=+0-1', undefined],
    ['bytes=0x0-1', undefined],
    ['bytes=1.0-2', undefined],
    ['bytes=a-b', undefined],
    ['items=0-1', undefined],
    ['xbytes=0-1', undefined],
    [`bytes=${'0-,'.repeat(1000)}0-`, undefined],
  ]
  for (const [value, range] of cases) {
    it(`${value.slice(0, 40)} → ${JSON.stringify(range)}`, () => expect(parseRange(value, 10_000)).to.deep.equal(range))
  }

  it('nothing of nothing', () => {
    expect(parseRange('bytes=0-', 0)).to.equal('unsatisfiable')
    expect(parseRange('bytes=-1', 0)).to.equal('unsatisfiable')
  })

  it('lies within the content', () => {
    const field = fc.oneof(
      headerText(),
      fc.tuple(fc.nat(), fc.nat()).map(([a, b]) => `bytes=${a}-${b}`),
      fc.nat().map(n => `bytes=-${n}`),
    )
    fc.assert(
      fc.property(field, fc.nat({ max: 100_000 }), (value, size) => {
        const range = parseRange(value, size)
        if (typeof range !== 'object') return true
        return 0 <= range.start && range.start <= range.end && range.end < size
      }),
    )
  })
})

describe('parseRange', () => itIsTotalAndLinear(text => parseRange(text, 10_000), 'bytes='))
