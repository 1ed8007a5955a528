// RFC 9111 §3.1 — Storing header and trailer fields.

import { expect } from 'chai'
import { storableFields } from '../../src/policy/fields.ts'
import { itIsTotalAndLinear } from '../http/hostile.ts'
import { response } from './facts.ts'

describe('RFC 9111 §3.1 what is not stored', () => {
  const lines = [
    'Connection: close',
    'Keep-Alive: timeout=5',
    'Proxy-Authenticate: x',
    'Proxy-Authentication-Info: x',
    'Proxy-Authorization: x',
    'Proxy-Connection: x',
    'TE: trailers',
    'Trailer: x',
    'TRANSFER-ENCODING: chunked',
    'Upgrade: h2c',
    'Content-Length: 5',
    'Age: 5',
  ]
  const cookies = ['Set-Cookie: a=b', 'set-cookie2: a=b']
  const quotas = [
    'RateLimit: limit=10, remaining=9, reset=50',
    'RateLimit-Policy: 10;w=60',
    'X-RateLimit-Remaining: 9',
    'X-Rate-Limit-Limit: 10',
  ]
  for (const line of [...lines, ...cookies, ...quotas]) {
    it(line, () => expect(storableFields(response(['A: 1', line, 'B: 2']).headers)).to.deep.equal(['A', '1', 'B', '2']))
  }
  it('by the RFC (§7.3) cookies are, and quotas', () => {
    const { headers } = response([...cookies, ...quotas])
    expect(storableFields(headers, 'rfc9111')).to.deep.equal(headers)
    expect(storableFields(response(lines).headers, 'rfc9111')).to.deep.equal([])
  })
  it('nor what Connection names', () => {
    const { headers } = response(['Connection: a, B ,close', 'A: 1', 'b: 2', 'c: 3', 'connection: D', 'd: 4'])
    expect(storableFields(headers)).to.deep.equal(['c', '3'])
  })
  it('all else is, in its order and case', () => {
    const { headers } = response([
      'Date: x',
      'X-A: 1',
      'x-a: 2',
      'ETag: "a"',
      'Cache-Control: max-age=1',
      'Vary: X',
      'Proxy: 1',
    ])
    expect(storableFields(headers)).to.deep.equal([...headers])
  })
})

describe('RFC 9211 §2 of Cache-Status what others said', () => {
  const cases: [string, string | undefined][] = [
    ['larder; hit', undefined],
    ['larder', undefined],
    ['larder;hit, larder ; fwd=miss', undefined],
    ['origin; hit', 'origin; hit'],
    ['origin; hit, larder; fwd=uri-miss; stored', 'origin; hit'],
    ['larder; hit, edge; fwd=miss', 'edge; fwd=miss'],
    ['"larder, other"; hit, larder', '"larder, other"; hit'],
    ['a; detail="x\\", larder; hit", larder; hit', 'a; detail="x\\", larder; hit"'],
    ['larders; hit', 'larders; hit'],
    ['', undefined],
    [`origin; detail=${'x'.repeat(5000)}`, undefined],
  ]
  for (const [value, left] of cases) {
    it(`${value.slice(0, 60)} → ${left}`, () => {
      expect(storableFields(['Cache-Status', value])).to.deep.equal(left === undefined ? [] : ['Cache-Status', left])
    })
  }
})

describe('storableFields', () => {
  itIsTotalAndLinear(text => storableFields(['Connection', text, 'Cache-Status', text, 'x', text]), 'larder; hit, ')
})
