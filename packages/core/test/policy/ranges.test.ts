// RFC 9110 §13.1.5 and §14.2 — Range and If-Range.

import { expect } from 'chai'
import type { RequestHeaders } from '../../src/http/headers.ts'
import { selectRange } from '../../src/policy/ranges.ts'
import { at, response } from './facts.ts'

const part = { start: 0, end: 1 }

function select(asked: RequestHeaders, lines: readonly string[] = [], method = 'GET', status = 200) {
  return selectRange({ method, headers: asked }, response(lines, status), 10)
}

describe('RFC 9110 §14.2 Range', () => {
  it('of a stored 200, for GET', () => {
    expect(select({ range: 'bytes=0-1' })).to.deep.equal(part)
    expect(select({ range: 'bytes=10-' })).to.equal('unsatisfiable')
    expect(select({})).to.equal(undefined)
    expect(select({ range: 'bytes=0-1,3-4' })).to.equal(undefined)
    expect(select({ range: 'bytes=0-1' }, [], 'HEAD')).to.equal(undefined)
    expect(select({ range: 'bytes=0-1' }, [], 'GET', 404)).to.equal(undefined)
    expect(select({ range: 'bytes=0-1' }, ['Accept-Ranges: none'])).to.equal(undefined)
    expect(select({ range: 'bytes=0-1' }, ['Accept-Ranges: bytes'])).to.deep.equal(part)
  })

  for (const [accepted, isPart] of [
    [undefined, true],
    ['identity', true],
    ['identity;q=1, *;q=0', true],
    ['gzip;q=0, x-own', true],
    ['gzip', false],
    ['identity, br;q=0.1', false],
    ['*', false],
  ] as const) {
    it(`of a page that a layer in front may encode, for Accept-Encoding: ${accepted}`, () => {
      const asked = { range: 'bytes=0-1', 'accept-encoding': accepted }
      expect(select(asked)).to.deep.equal(isPart ? part : undefined)
      expect(select(asked, ['Content-Encoding: gzip'])).to.deep.equal(part)
      expect(selectRange({ method: 'GET', headers: asked }, response([]), 10, 'rfc9111')).to.deep.equal(part)
    })
  }
})

describe('RFC 9110 §13.1.5 If-Range', () => {
  const strong = [`Last-Modified: ${at(-1)}`, `Date: ${at(0)}`]
  const cases: [string, string[], boolean][] = [
    ['"a"', ['ETag: "a"'], true],
    [' "a" ', ['ETag: "a"'], true],
    ['"a"', ['ETag: "b"'], false],
    ['W/"a"', ['ETag: W/"a"'], false],
    ['"a"', ['ETag: W/"a"'], false],
    ['W/"a"', ['ETag: "a"'], false],
    ['"a", "b"', ['ETag: "a"'], false],
    ['*', ['ETag: "a"'], false],
    ['"a"', [], false],
    ['"a"', ['ETag: "a"', 'Vary: Accept-Encoding'], false],
    ['"a"', ['ETag: "a"', 'Vary: Accept-Language'], true],
    [at(-1), [...strong, 'Vary: Accept-Encoding'], false],
    [at(-1), strong, true],
    [at(0), strong, false],
    [at(-2), strong, false],
    [at(0), [`Last-Modified: ${at(0)}`, `Date: ${at(0)}`], false],
    [at(-1), [`Last-Modified: ${at(-1)}`], false],
    ['Monday, 01-Jun-26 11:59:59 GMT', strong, false],
    ['yesterday', ['Last-Modified: yesterday', `Date: ${at(0)}`], false],
    ['', ['Last-Modified:', `Date: ${at(0)}`], false],
  ]
  for (const [ifRange, lines, is] of cases) {
    it(`${ifRange} and ${lines.join(' | ') || 'nothing'} → ${is ? 'part' : 'whole'}`, () => {
      expect(select({ range: 'bytes=0-1', 'if-range': ifRange }, lines)).to.deep.equal(is ? part : undefined)
    })
  }
  it('unmet, asks for the whole even where the range could not be', () => {
    expect(select({ range: 'bytes=99-', 'if-range': '"b"' }, ['ETag: "a"'])).to.equal(undefined)
  })
})
