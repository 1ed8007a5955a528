// RFC 9110 §12.5.3 — Accept-Encoding.

import { expect } from 'chai'
import { acceptsCoding, preferredCoding } from '../../src/http/content-coding.ts'
import { itIsTotalAndLinear } from './hostile.ts'

describe('RFC 9110 §12.5.3 weights', () => {
  const cases: [string | undefined, string, number][] = [
    [undefined, 'identity', 1],
    [undefined, 'gzip', 0],
    ['', 'identity', 0.001],
    ['', 'gzip', 0],
    ['gzip', 'gzip', 1],
    ['GZip', 'gzip', 1],
    ['gzip', 'GZIP', 1],
    ['x-gzip', 'gzip', 1],
    ['gzip', 'x-gzip', 1],
    ['gzip', 'br', 0],
    ['gzip', 'identity', 0.001],
    ['gzip;q=0.5', 'gzip', 0.5],
    ['gzip ; q=0.5', 'gzip', 0.5],
    ['gzip;Q=0.123', 'gzip', 0.123],
    ['gzip;q=0', 'gzip', 0],
    ['gzip;q=0.000', 'gzip', 0],
    ['gzip;q=1.000', 'gzip', 1],
    ['*', 'br', 1],
    ['*;q=0.2', 'identity', 0.2],
    ['*;q=0', 'identity', 0],
    ['*;q=0, identity', 'identity', 1],
    ['identity;q=0', 'identity', 0],
    ['gzip;q=0, *', 'gzip', 0],
    ['br;q=0, gzip', 'br', 0],
    ['gzip, gzip;q=0', 'gzip', 0],
    ['gzip;q=1.1', 'gzip', 0],
    ['gzip;q=-1', 'gzip', 0],
    ['gzip;q=0.1234', 'gzip', 0],
    ['gzip;q=', 'gzip', 0],
    ['gzip;q=x', 'gzip', 0],
    ['gzip;level=9', 'gzip', 0],
    ['gzip br', 'gzip', 0],
    ['gzip br', 'br', 0],
    ['@, gzip', 'gzip', 1],
    [',,gzip,', 'gzip', 1],
    ['gzipped', 'gzip', 0],
    [`${'a,'.repeat(2500)}gzip`, 'gzip', 0],
  ]
  for (const [field, coding, weight] of cases) {
    it(`${field?.slice(0, 30)} for ${coding} → ${weight}`, () => expect(acceptsCoding(field, coding)).to.equal(weight))
  }
})

describe('RFC 9110 §12.5.3 choice', () => {
  const all = ['br', 'gzip', 'identity']
  const cases: [string | undefined, readonly string[], string | undefined][] = [
    [undefined, all, 'identity'],
    [undefined, ['gzip'], undefined],
    ['', all, 'identity'],
    ['gzip', all, 'gzip'],
    ['gzip, deflate, br, zstd', all, 'br'],
    ['gzip, br', ['gzip', 'br'], 'gzip'],
    ['gzip;q=0.5, br;q=0.4', all, 'gzip'],
    ['gzip;q=0.5, identity', all, 'identity'],
    ['br;q=0, gzip', all, 'gzip'],
    ['*;q=0', all, undefined],
    ['identity;q=0', all, undefined],
    ['identity;q=0, *', all, 'br'],
    ['bogus', all, 'identity'],
    ['gzip', [], undefined],
  ]
  for (const [field, available, coding] of cases) {
    it(`${field} from ${available} → ${coding}`, () => expect(preferredCoding(field, available)).to.equal(coding))
  }
})

describe('preferredCoding', () => {
  itIsTotalAndLinear(text => preferredCoding(text, ['br', 'zstd', 'gzip', 'identity']), 'gzip;q=0.5, ')
})
