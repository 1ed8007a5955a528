// RFC 9213 — The structured field, whatever it holds. What it means is in terms.test.ts and storing.test.ts.

import { expect } from 'chai'
import { parseTargeted } from '../../src/policy/targeted.ts'
import { itIsTotalAndLinear } from '../http/hostile.ts'

describe('RFC 9213 §2.1 types', () => {
  const ignored = [
    '',
    ' ',
    'max-age=60,',
    'max-age=@60',
    'max-age=:AAAA:',
    'max-age=60, public="x"',
    'no-store=1',
    'Public',
    '=',
    'a=',
  ]
  for (const value of ignored) it(JSON.stringify(value), () => expect(parseTargeted(value)).to.equal(undefined))

  const read: [string, object][] = [
    ['max-age=60', { maxAge: 60 }],
    [' max-age=60 ', { maxAge: 60 }],
    ['max-age=60, max-age=5', { maxAge: 5 }],
    ['no-store', { noStore: true }],
    ['no-store=?1', { noStore: true }],
    ['private=token', { private: true }],
    ['no-cache=("a" "b")', { noCache: true }],
    ['public, unknown=12, other=(1 2);x', { public: true }],
    ['must-revalidate, proxy-revalidate', { mustRevalidate: true, proxyRevalidate: true }],
    ['stale-while-revalidate=1, stale-if-error=2', { staleWhileRevalidate: 1, staleIfError: 2 }],
    ['constructor=1, hasownproperty=2, max-age=3', { maxAge: 3 }],
  ]
  for (const [value, some] of read) it(value, () => expect(parseTargeted(value)).to.include(some))
})

describe('parseTargeted', () => itIsTotalAndLinear(parseTargeted, 'max-age=60, '))
