// Which responses a cache may send in another content coding.

import { expect } from 'chai'
import { isCodable } from '../../src/policy/coding.ts'

const text = ['Content-Type', 'text/html; charset=utf-8']

describe('RFC 9110 §8.4 what may be encoded', () => {
  const cases: readonly (readonly [string, number, readonly string[], number, boolean])[] = [
    ['text', 200, text, 1000, true],
    ['JSON', 200, ['Content-Type', 'application/json'], 1000, true],
    ['JSON by its suffix', 200, ['Content-Type', 'application/problem+json'], 1000, true],
    ['SVG', 200, ['content-type', 'IMAGE/SVG+XML'], 1000, true],
    ['an image', 200, ['Content-Type', 'image/png'], 1000, false],
    ['events', 200, ['Content-Type', 'text/event-stream'], 1000, false],
    ['no type', 200, [], 1000, false],
    ['a name that only begins like one', 200, ['Content-Type', 'application/jsonp-not'], 1000, false],
    ['a short body', 200, text, 511, false],
    ['a body of which only the head is known', 200, text, Number.POSITIVE_INFINITY, true],
    ['what is encoded already', 200, [...text, 'Content-Encoding', 'gzip'], 1000, false],
    ['no-transform (§7.7)', 200, [...text, 'Cache-Control', 'public, No-Transform'], 1000, false],
    ['another status', 404, text, 1000, false],
  ]
  for (const [what, status, headers, length, expected] of cases) {
    it(`${what} → ${expected ? 'yes' : 'no'}`, () => {
      expect(isCodable({ status, headers }, length)).to.equal(expected)
    })
  }
})
