// RFC 9111 §3 — Storing.

import { expect } from 'chai'
import { STORE_REFUSALS, type StoreRefusal, storeRefusal } from '../../src/policy/storing.ts'
import { readTerms } from '../../src/policy/terms.ts'
import type { PolicyOptions, RequestFacts } from '../../src/policy/types.ts'
import { at, byDefault, byRfc, HOUR, MINUTE, NOON, response } from './facts.ts'

const get: RequestFacts = { method: 'GET', headers: { host: 'h.example' } }
const withTtl = { ...byDefault, ttlMs: MINUTE }

interface Asked {
  readonly request?: RequestFacts
  readonly options?: PolicyOptions
  readonly status?: number
  readonly optedIn?: boolean
}

function refusal(lines: readonly string[], asked: Asked = {}): StoreRefusal | undefined {
  const { request = get, options = byDefault, status = 200, optedIn = false } = asked
  const facts = response(lines, status)
  return storeRefusal(request, facts, options, readTerms(facts, options, NOON), { optedIn })
}

const fresh = 'Cache-Control: max-age=60'

describe('RFC 9111 §3 by default', () => {
  const cases: [string[], StoreRefusal | undefined][] = [
    [[fresh], undefined],
    [[`Expires: ${at(60)}`], undefined],
    [['CDN-Cache-Control: max-age=60'], undefined],
    [[], 'no-freshness'],
    [['ETag: "a"'], 'no-freshness'],
    [['Cache-Control: max-age=0', 'ETag: "a"'], 'no-freshness'],
    [['Cache-Control: max-age=0, stale-while-revalidate=60'], undefined],
    [['Cache-Control: max-age=0, stale-if-error=60'], undefined],
    [['Cache-Control: max-age=60, no-store'], 'no-store'],
    [['Cache-Control: NO-STORE', fresh], 'no-store'],
    [['Cache-Control: max-age=60, no-store, must-understand'], 'no-store'],
    [['Cache-Control: max-age=60, private'], 'private'],
    [['Cache-Control: max-age=60, private="x"'], 'private'],
    [['Cache-Control: max-age=60, PRIVATE=""'], 'private'],
    [['Cache-Control: private="x", private', fresh], 'private'],
    [['Cache-Control: public, private, max-age=60'], 'private'],
    [['Cache-Control: max-age=60, no-cache'], 'no-cache'],
    [['Cache-Control: max-age=60, no-cache="set-cookie"'], 'no-cache'],
    [['Pragma: no-cache', `Expires: ${at(60)}`], 'no-cache'],
    [['Cache-Control: max-age=60, x="'], 'malformed'],
    [['Cache-Control: public; max-age=60'], 'malformed'],
    [['Cache-Control: private="x, max-age=60'], 'malformed'],
    [['CDN-Cache-Control: max-age=60', 'Cache-Control: no-store'], 'no-store'],
    [['CDN-Cache-Control: max-age=60', 'Cache-Control: private'], 'private'],
    [['CDN-Cache-Control: max-age=60', 'Cache-Control: "'], 'malformed'],
    [['CDN-Cache-Control: max-age=60', 'Cache-Control: no-cache'], undefined],
    [['CDN-Cache-Control: no-store', fresh], 'no-store'],
    [['CDN-Cache-Control: private', fresh], 'private'],
    [['CDN-Cache-Control: private="x"', fresh], 'private'],
    [['CDN-Cache-Control: no-cache', fresh], 'no-cache'],
    [[fresh, 'Set-Cookie: a=b'], 'set-cookie'],
    [['Cache-Control: public, max-age=60', 'set-cookie: a=b'], 'set-cookie'],
    [[fresh, 'Vary: *'], 'vary-star'],
    [[fresh, 'Vary: Accept', 'Vary: *'], 'vary-star'],
    [[fresh, 'Vary: Accept, *'], 'vary-star'],
    [[fresh, 'Vary: a b'], 'vary-star'],
    [[fresh, 'Vary: Accept, Cookie'], 'vary-credentials'],
    [[fresh, 'Vary: AUTHORIZATION'], 'vary-credentials'],
    [['Cache-Control: public, max-age=60', 'Vary: cookie'], 'vary-credentials'],
    [[fresh, 'Vary: Accept'], undefined],
    [[fresh, 'Content-Range: bytes 0-1/2'], 'content-range'],
    [[fresh, 'Content-Type: text/event-stream'], 'event-stream'],
    [[fresh, 'Content-Type: Text/Event-Stream; charset=utf-8'], 'event-stream'],
    [[fresh, 'Content-Type: text/event-streams'], undefined],
  ]
  for (const [lines, reason] of cases) {
    it(`${lines.join(' | ') || 'nothing'} → ${reason ?? 'stored'}`, () => expect(refusal(lines)).to.equal(reason))
  }

  it('ttl lets what says nothing be stored, and no veto be lifted', () => {
    expect(refusal([], { options: withTtl })).to.equal(undefined)
    expect(refusal(['Cache-Control: no-store'], { options: withTtl })).to.equal('no-store')
    expect(refusal(['Cache-Control: private'], { options: withTtl })).to.equal('private')
    expect(refusal(['Cache-Control: no-cache'], { options: withTtl })).to.equal('no-cache')
    expect(refusal(['Cache-Control: max-age=0'], { options: withTtl })).to.equal('no-freshness')
  })
  it('stale windows of the route keep what says nothing, not what is over', () => {
    const options = { ...byDefault, staleIfErrorMs: HOUR }
    expect(refusal([], { options })).to.equal(undefined)
    expect(refusal(['Cache-Control: max-age=0'], { options })).to.equal('no-freshness')
  })
})

describe('RFC 9111 §3 method', () => {
  for (const method of ['HEAD', 'POST', 'PUT', 'QUERY', 'OPTIONS', 'get', '']) {
    for (const options of [byDefault, byRfc]) {
      it(`${method || 'none'} by ${options.preset}`, () => {
        expect(refusal([fresh], { request: { method, headers: {} }, options })).to.equal('method')
      })
    }
  }
})

describe('RFC 9111 §3 status by default', () => {
  for (const status of [200, 203, 300, 301, 308]) {
    it(`${status} by ttl`, () => expect(refusal([], { options: withTtl, status })).to.equal(undefined))
  }
  for (const status of [204, 302, 303, 307, 404, 405, 410, 414, 451, 501]) {
    it(`${status} by its own word alone`, () => {
      expect(refusal([], { options: withTtl, status })).to.equal('status')
      expect(refusal(['Cache-Control: public'], { options: withTtl, status })).to.equal('status')
      expect(refusal([fresh], { status })).to.equal(undefined)
    })
  }
  const never = [100, 101, 103, 199, 201, 202, 205, 206, 207, 226, 299, 304, 305]
  const aboutTheRequest = [
    400, 401, 402, 403, 406, 407, 408, 409, 411, 412, 413, 415, 416, 417, 421, 422, 425, 426, 428, 429, 431,
  ]
  for (const status of [...never, ...aboutTheRequest, 499, 500, 502, 503, 504, 599, 0, 999]) {
    it(`${status} never`, () => {
      expect(refusal([], { options: withTtl, status })).to.equal('status')
      expect(refusal(['Cache-Control: public, max-age=60'], { status })).to.equal('status')
    })
  }
})

describe('RFC 9111 §3 by the RFC', () => {
  const cases: [number, string[], StoreRefusal | undefined][] = [
    [200, [fresh], undefined],
    [200, [], 'no-freshness'],
    [200, ['ETag: "a"'], undefined],
    [200, ['ETag: a'], 'no-freshness'],
    [200, [`Last-Modified: ${at(0)}`], undefined],
    [200, ['Cache-Control: max-age=0', 'ETag: "a"'], undefined],
    [200, ['Cache-Control: max-age=60, no-cache'], undefined],
    [200, ['Cache-Control: no-cache', 'ETag: "a"'], undefined],
    [200, ['Cache-Control: no-cache'], 'no-freshness'],
    [200, ['Cache-Control: max-age=60, no-store'], 'no-store'],
    [200, ['Cache-Control: max-age=60, private'], 'private'],
    [200, ['Cache-Control: max-age=60, no-store, must-understand'], undefined],
    [599, ['Cache-Control: max-age=60, no-store, must-understand'], 'status'],
    [599, ['Cache-Control: max-age=60, must-understand'], 'status'],
    [599, [fresh], undefined],
    [299, [fresh], undefined],
    [400, [fresh], undefined],
    [500, [fresh], undefined],
    [302, [fresh], undefined],
    [302, ['ETag: "a"'], 'status'],
    [403, ['ETag: "a"'], 'status'],
    [404, ['ETag: "a"'], undefined],
    [403, ['Cache-Control: public', 'ETag: "a"'], undefined],
    [206, [fresh], 'status'],
    [304, [fresh], 'status'],
    [103, [fresh], 'status'],
    [200, ['CDN-Cache-Control: max-age=60', 'Cache-Control: no-store'], undefined],
    [200, ['CDN-Cache-Control: max-age=60, &&', 'Cache-Control: no-store'], 'no-store'],
    [200, [fresh, 'Vary: Cookie'], undefined],
    [200, [fresh, 'Vary: *'], 'vary-star'],
    [200, [fresh, 'Set-Cookie: a=b'], undefined],
    [200, [`Last-Modified: ${at(-3600)}`, 'Set-Cookie: a=b'], 'set-cookie'],
    [200, ['Cache-Control: private, max-age=60', 'Set-Cookie: a=b'], 'private'],
    [200, [fresh, 'Content-Range: bytes 0-1/2'], undefined],
    [200, ['Cache-Control: max-age=60, "'], 'malformed'],
  ]
  for (const [status, lines, reason] of cases) {
    it(`${status} ${lines.join(' | ')} → ${reason ?? 'stored'}`, () => {
      expect(refusal(lines, { options: byRfc, status })).to.equal(reason)
    })
  }
})

describe('RFC 9111 §3.5 Authorization', () => {
  for (const authorization of ['Bearer a', '']) {
    const request: RequestFacts = { method: 'GET', headers: { authorization } }
    const cases: [string, StoreRefusal | undefined, StoreRefusal | undefined][] = [
      ['max-age=60', 'authorization', 'authorization'],
      ['max-age=60, proxy-revalidate', 'authorization', 'authorization'],
      ['max-age=60, must-revalidate', 'authorization', undefined],
      ['max-age=60, public', undefined, undefined],
      ['s-maxage=60', undefined, undefined],
      ['max-age=60, public="x"', 'authorization', 'authorization'],
    ]
    for (const [value, byDefaultReason, byRfcReason] of cases) {
      it(`"${authorization}" and ${value}`, () => {
        expect(refusal([`Cache-Control: ${value}`], { request })).to.equal(byDefaultReason)
        expect(refusal([`Cache-Control: ${value}`], { request, options: byRfc })).to.equal(byRfcReason)
        expect(refusal([`Cache-Control: ${value}`], { request, optedIn: true })).to.equal(undefined)
      })
    }
  }
  it('looks at the request, not at the response', () => {
    expect(refusal([fresh, 'Authorization: x'])).to.equal(undefined)
  })
  it('a route that opted in parts variants by credentials, and keeps every other veto', () => {
    expect(refusal([fresh, 'Vary: Cookie'], { optedIn: true })).to.equal(undefined)
    expect(refusal(['Cache-Control: private, max-age=60'], { optedIn: true })).to.equal('private')
    expect(refusal([fresh, 'Set-Cookie: a=b'], { optedIn: true })).to.equal('set-cookie')
  })
})

describe('RFC 9111 §5.2.1.5 no-store in the request', () => {
  const request: RequestFacts = { method: 'GET', headers: { 'cache-control': 'no-store' } }
  it('is ignored by default', () => expect(refusal([fresh], { request })).to.equal(undefined))
  it('is obeyed on demand', () => {
    const options = { ...byDefault, clientDirectives: 'obey' } as const
    expect(refusal([fresh], { request, options })).to.equal('request-no-store')
    expect(refusal([fresh], { request: { method: 'GET', headers: { 'cache-control': '"' } }, options })).to.equal(
      'request-no-store',
    )
    expect(
      refusal([fresh], { request: { method: 'GET', headers: { 'cache-control': 'no-cache' } }, options }),
    ).to.equal(undefined)
  })
})

describe('STORE_REFUSALS', () => {
  it('names each reason once', () => expect(new Set(STORE_REFUSALS).size).to.equal(STORE_REFUSALS.length))
})
