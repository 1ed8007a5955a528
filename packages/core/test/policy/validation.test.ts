// RFC 9111 §4.3 — Validation.

import { expect } from 'chai'
import type { RequestHeaders } from '../../src/http/headers.ts'
import { conditionalFor, freshen, isNotModified, notModifiedHeaders, validates } from '../../src/policy/validation.ts'
import { itIsTotalAndLinear } from '../http/hostile.ts'
import { at, NOON, response } from './facts.ts'

function notModified(asked: RequestHeaders, lines: readonly string[], method = 'GET', status = 200): boolean {
  return isNotModified({ method, headers: asked }, response(lines, status), NOON)
}

describe('RFC 9111 §4.3.2 the client has it already', () => {
  const cases: [RequestHeaders, string[], boolean][] = [
    [{}, ['ETag: "a"'], false],
    [{ 'if-none-match': '"a"' }, ['ETag: "a"'], true],
    [{ 'if-none-match': '"b"' }, ['ETag: "a"'], false],
    [{ 'if-none-match': 'W/"a"' }, ['ETag: "a"'], true],
    [{ 'if-none-match': '"x", "a"' }, ['ETag: W/"a"'], true],
    [{ 'if-none-match': '*' }, ['ETag: "a"'], true],
    [{ 'if-none-match': '*' }, [], true],
    [{ 'if-none-match': 'a' }, ['ETag: a'], false],
    [{ 'if-none-match': '"a"' }, [], false],
    [{ 'if-none-match': '' }, ['ETag: "a"'], false],
    [{ 'if-none-match': '"a"' }, ['ETag: "a"', 'ETag: "a"'], false],
    [{ 'if-modified-since': at(-60) }, [`Last-Modified: ${at(-60)}`], true],
    [{ 'if-modified-since': at(-30) }, [`Last-Modified: ${at(-60)}`], true],
    [{ 'if-modified-since': at(-90) }, [`Last-Modified: ${at(-60)}`], false],
    [{ 'if-modified-since': at(-60) }, [`Date: ${at(-60)}`], true],
    [{ 'if-modified-since': at(-60) }, [`Date: ${at(0)}`], false],
    [{ 'if-modified-since': at(0) }, [`Last-Modified: ${at(-60)}`, `Date: ${at(60)}`], true],
    [{ 'if-modified-since': at(0) }, [], false],
    [{ 'if-modified-since': at(0) }, ['Last-Modified: long ago'], false],
    [{ 'if-modified-since': 'now' }, [`Last-Modified: ${at(-60)}`], false],
    [{ 'if-modified-since': 'Monday, 01-Jun-26 12:00:00 GMT' }, [`Last-Modified: ${at(0)}`], true],
    [{ 'if-none-match': '"b"', 'if-modified-since': at(0) }, ['ETag: "a"', `Last-Modified: ${at(-60)}`], false],
    [{ 'if-none-match': '"a"', 'if-modified-since': at(-90) }, ['ETag: "a"', `Last-Modified: ${at(-60)}`], true],
  ]
  for (const [asked, lines, has] of cases) {
    it(`${JSON.stringify(asked)} and ${lines.join(' | ') || 'nothing'} → ${has}`, () => {
      expect(notModified(asked, lines)).to.equal(has)
    })
  }
  it('RFC 9110 §13.2.1: only of a success, and only for GET and HEAD', () => {
    const asked = { 'if-none-match': '"a"' }
    expect(notModified(asked, ['ETag: "a"'], 'HEAD')).to.equal(true)
    expect(notModified(asked, ['ETag: "a"'], 'POST')).to.equal(false)
    for (const status of [301, 404, 410]) expect(notModified(asked, ['ETag: "a"'], 'GET', status)).to.equal(false)
  })
})

describe('RFC 9111 §4.3.1 the question to the handler', () => {
  const cases: [string[], Record<string, string>][] = [
    [[], {}],
    [['ETag: "a"'], { 'if-none-match': '"a"' }],
    [['ETag: W/"a"'], { 'if-none-match': 'W/"a"' }],
    [['ETag: a'], {}],
    [['ETag: "a"', 'ETag: "b"'], {}],
    [[`Last-Modified: ${at(0)}`], { 'if-modified-since': at(0) }],
    [['ETag: "a"', `Last-Modified: ${at(0)}`], { 'if-none-match': '"a"', 'if-modified-since': at(0) }],
  ]
  for (const [lines, fields] of cases) {
    it(`${lines.join(' | ') || 'nothing'} → ${JSON.stringify(fields)}`, () => {
      expect(conditionalFor(response(lines))).to.deep.equal(fields)
    })
  }
})

describe('RFC 9111 §4.3.4 does the 304 speak of it', () => {
  const cases: [string[], string[], boolean][] = [
    [['ETag: "a"'], ['ETag: "a"'], true],
    [['ETag: "a"'], ['ETag: "b"'], false],
    [['ETag: W/"a"'], ['ETag: "a"'], false],
    [['ETag: "a"'], ['ETag: W/"a"'], true],
    [['ETag: W/"a"'], ['ETag: W/"a"'], true],
    [[], ['ETag: "a"'], false],
    [['ETag: "a"'], [], true],
    [[`Last-Modified: ${at(0)}`], [`Last-Modified: ${at(0)}`], true],
    [[`Last-Modified: ${at(0)}`], [`Last-Modified: ${at(1)}`], false],
    [[], [`Last-Modified: ${at(0)}`], false],
    [['ETag: "a"', `Last-Modified: ${at(0)}`], ['ETag: "a"', `Last-Modified: ${at(1)}`], true],
  ]
  for (const [stored, update, does] of cases) {
    it(`${stored.join(' | ') || 'nothing'} and 304 ${update.join(' | ') || 'bare'} → ${does}`, () => {
      expect(validates(response(stored), response(update))).to.equal(does)
    })
  }
})

describe('RFC 9111 §3.2 freshening', () => {
  const stored = ['Cache-Control: max-age=1', 'X-A: 1', 'X-A: 2', 'Content-Type: text/plain', 'ETag: "a"', 'Vary: X']
  const cases: [string[], string[]][] = [
    [[], stored],
    [['Cache-Control: max-age=9'], [...stored.slice(1), 'Cache-Control: max-age=9']],
    [['x-a: 3'], [stored[0]!, ...stored.slice(3), 'x-a: 3']],
    [
      ['X-A: 3', 'X-A: 4'],
      [stored[0]!, ...stored.slice(3), 'X-A: 3', 'X-A: 4'],
    ],
    [['New: 1'], [...stored, 'New: 1']],
    [['Content-Foo: 1'], [...stored, 'Content-Foo: 1']],
    [['Vary: Y'], [...stored.slice(0, 5), 'Vary: Y']],
    [['Content-Type: text/html'], [...stored.slice(0, 3), ...stored.slice(4), 'Content-Type: text/html']],
    [['Content-Length: 0', 'Content-Encoding: br', 'Content-Range: bytes 0-1/2', 'Content-MD5: x'], stored],
    [['Connection: x-b', 'X-B: 1', 'Keep-Alive: 1', 'Transfer-Encoding: chunked', 'Age: 5'], stored],
    [['Set-Cookie: a=b'], stored],
  ]
  for (const [update, result] of cases) {
    it(update.join(' | ') || 'nothing new', () => {
      expect(freshen(response(stored).headers, response(update).headers)).to.deep.equal(response(result).headers)
    })
  }
})

describe('RFC 9111 §7.3 a cookie in a 304', () => {
  it('takes the place of the stored one by the RFC alone', () => {
    const [old, more] = [response(['Set-Cookie: a=b', 'X-A: 1']).headers, response(['Set-Cookie: a=c']).headers]
    expect(freshen(old, more, 'rfc9111')).to.deep.equal(['X-A', '1', 'Set-Cookie', 'a=c'])
    expect(freshen(old, more)).to.deep.equal(old)
  })
})

describe('RFC 9110 §15.4.5 the fields of a 304', () => {
  const kept = [
    'Cache-Control: max-age=1',
    'Content-Location: /x',
    `Date: ${at(0)}`,
    'ETag: "a"',
    `Expires: ${at(1)}`,
    'Vary: X',
    'Age: 1',
    'Cache-Status: larder; hit',
    'Content-Security-Policy: x',
    'Access-Control-Allow-Origin: *',
  ]
  const dropped = [
    'Content-Type: text/plain',
    'content-length: 5',
    'Content-Encoding: br',
    'Content-Language: fr',
    'Content-Disposition: inline',
    'Accept-Ranges: bytes',
    `Last-Modified: ${at(0)}`,
  ]
  it('keeps and drops', () => {
    const { headers } = response([...dropped, ...kept])
    expect(notModifiedHeaders(headers)).to.deep.equal(response(kept).headers)
  })
  it('keeps Last-Modified where there is no entity tag', () => {
    const { headers } = response([`Last-Modified: ${at(0)}`])
    expect(notModifiedHeaders(headers)).to.deep.equal(headers)
  })
})

describe('isNotModified', () => {
  itIsTotalAndLinear(
    text => notModified({ 'if-none-match': text, 'if-modified-since': text }, ['ETag: "a-z"']),
    '"x", ',
  )
})
