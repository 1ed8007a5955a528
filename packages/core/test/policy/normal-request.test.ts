// RFC 9112 §3.2 — Which requests have a key that can be read in one way only.

import { expect } from 'chai'
import type { RequestHeaders } from '../../src/http/headers.ts'
import { type RequestRefusal, requestRefusal } from '../../src/policy/normal-request.ts'
import { itIsTotalAndLinear } from '../http/hostile.ts'

function refusal(target: string, headers: RequestHeaders = {}, rawHeaders: string[] = ['Host', 'h.example']) {
  return requestRefusal({ method: 'GET', target, headers: { host: 'h.example', ...headers }, rawHeaders })
}

describe('RFC 9112 §3.2.1 plain targets', () => {
  const targets = [
    '/',
    '/page',
    '/PAGE/',
    '/a//b',
    '/a.b',
    '/.well-known/x',
    '/...',
    '/..a',
    '/a..',
    '/%2e%2ea',
    '/.%2e.',
    '/a%2fb',
    '/%00.css',
    '/%2',
    '/%',
    '/profile;x=1.css',
    '/x?a=/../b',
    '/x?..',
    '/x?/./',
    '/x?a=1&a=2',
    '/x??',
    '/@evil',
    '/a:b',
    '/"<>^`{|}~',
  ]
  for (const target of targets) it(target, () => expect(refusal(target)).to.equal(undefined))
})

describe('RFC 9112 §3.2 targets that pass the cache by', () => {
  const targets = [
    '',
    '*',
    'page',
    '?x',
    'http://evil.example/x',
    'http://h.example/x',
    'h.example:80',
    '//evil.example/page',
    '///',
    '/\\evil.example',
    '\\evil',
    '/x\\..\\page',
    '/x?\\',
    '/.',
    '/..',
    '/./',
    '/../',
    '/x/../page',
    '/x/./page',
    '/x/..',
    '/x/.',
    '/x/..?y',
    '/x/.?',
    '/x/%2e%2e/page',
    '/x/%2E%2e',
    '/x/.%2e/page',
    '/x/%2e./page',
    '/%2e',
    '/%2e?x',
    '/echo?f#evil',
    '/#',
    '/a b',
    '/a\tb',
    '/a\r\nb',
    '/a\u0000b',
    '/a\u007f',
    '/caf\u00e9',
    '/x?\u00ff',
  ]
  for (const target of targets) it(JSON.stringify(target), () => expect(refusal(target)).to.equal('target'))

  it('nothing that a URL parser would take elsewhere is let through', () => {
    const parts = ['/', '.', '..', '%2e', '%2E', 'a', '?', '#', '\\', ';', '%', '2e']
    const origin = 'http://h.example'
    const walk = (target: string, depth: number): void => {
      if (refusal(target) === undefined) {
        const url = new URL(origin + target)
        const query = target.indexOf('?')
        expect(url.host, target).to.equal('h.example')
        expect(url.pathname, target).to.equal(query < 0 ? target : target.slice(0, query))
      }
      if (depth > 0) for (const part of parts) walk(target + part, depth - 1)
    }
    walk('/', 4)
  })
})

describe('RFC 9110 §7.2 Host', () => {
  const good = ['h.example', 'h.example:8080', '127.0.0.1:80', '[::1]:80', 'a-b_c', 'LOCALHOST']
  for (const host of good) it(host, () => expect(refusal('/', { host })).to.equal(undefined))
  const bad = [
    '',
    'h/p',
    'a@evil',
    'h?x',
    'h#x',
    'h x',
    'h,evil',
    'h\\evil',
    'h%2e',
    'h\u00f6st',
    'h;',
    '*',
    'h{',
    '`',
    '^',
    'h~',
  ]
  for (const host of bad) it(JSON.stringify(host), () => expect(refusal('/', { host })).to.equal('host'))

  it('none, several, or two lines of which Node shows one', () => {
    expect(refusal('/', { host: undefined })).to.equal('host')
    expect(refusal('/', { host: ['a', 'b'] })).to.equal('host')
    expect(refusal('/', {}, ['Host', 'h.example', 'Host', 'evil'])).to.equal('host')
    expect(refusal('/', {}, ['host', 'h.example', 'A', 'b', 'hOsT', 'h.example'])).to.equal('host')
    expect(refusal('/', {}, ['Host', 'h.example', 'X', 'Host', 'Hosts', 'x'])).to.equal(undefined)
  })
})

describe('K15, K16: what a key does not cover', () => {
  const cases: [RequestHeaders, RequestRefusal | undefined][] = [
    [{ 'content-length': '0' }, undefined],
    [{ 'content-length': '12' }, 'body'],
    [{ 'content-length': '00' }, 'body'],
    [{ 'content-length': '' }, 'body'],
    [{ 'transfer-encoding': 'chunked' }, 'body'],
    [{ 'transfer-encoding': '' }, 'body'],
    [{ 'content-type': 'application/json' }, undefined],
    [{ 'x-http-method-override': 'DELETE' }, 'override'],
    [{ 'x-method-override': '' }, 'override'],
    [{ 'x-http-method': 'GET' }, 'override'],
    [{ connection: 'keep-alive' }, undefined],
    [{ connection: 'close' }, undefined],
    [{ connection: 'Keep-Alive, cookie' }, undefined],
    [{ connection: 'Upgrade' }, 'upgrade'],
    [{ connection: 'keep-alive, upgrade, HTTP2-Settings' }, 'upgrade'],
    [{ upgrade: 'h2c' }, 'upgrade'],
  ]
  for (const [headers, reason] of cases) {
    it(`${JSON.stringify(headers)} → ${reason}`, () => expect(refusal('/', headers)).to.equal(reason))
  }
})

describe('requestRefusal', () => {
  itIsTotalAndLinear(text => refusal(`/${text}`, { host: text, connection: text }, ['Host', text]), '/a')
})
