// RFC 9111 §4 — Constructing responses from caches.

import { expect } from 'chai'
import fc from 'fast-check'
import { type Decision, decide, type Reusable, type ReuseOptions } from '../../src/policy/reuse.ts'
import type { RequestFacts, Terms } from '../../src/policy/types.ts'
import { headerText } from '../http/hostile.ts'
import { HOUR, MINUTE, SECOND } from './facts.ts'

const get: RequestFacts = { method: 'GET', headers: {} }
const ignore: ReuseOptions = { preset: 'default', clientDirectives: 'ignore', staleOnly: false }
const obey: ReuseOptions = { ...ignore, clientDirectives: 'obey' }
const sparing: ReuseOptions = { ...ignore, staleOnly: true }
const byRfc: ReuseOptions = { ...obey, preset: 'rfc9111' }

const minute: Terms = {
  freshnessLifetimeMs: MINUTE,
  freshnessSource: 'max-age',
  staleWhileRevalidateMs: 0,
  staleIfErrorMs: 0,
  mustRevalidate: false,
  noCache: false,
  shareable: false,
}

function stored(terms: Partial<Terms> = {}, some: Partial<Reusable> = {}): Reusable {
  const timing = { initialAgeMs: 0, respondedAt: 0 }
  return { status: 200, headers: [], terms: { ...minute, ...terms }, timing, soft: false, ...some }
}

function asking(cacheControl: string): RequestFacts {
  return { method: 'GET', headers: { 'cache-control': cacheControl } }
}

describe('RFC 9111 §4 nothing stored', () => {
  it('is forwarded', () => {
    const decision = {
      action: 'forward',
      fwd: 'uri-miss',
      mayServeStaleOnErrorUntil: undefined,
      whenDisconnected: 'nothing',
      ageMs: 0,
    }
    for (const options of [ignore, obey, sparing]) expect(decide(get, undefined, options, 0)).to.deep.equal(decision)
  })
})

describe('RFC 9111 §4.2 freshness', () => {
  const cases: [number, Decision['action']][] = [
    [0, 'serve'],
    [59_999, 'serve'],
    [60_000, 'forward'],
    [60_001, 'forward'],
  ]
  for (const [age, action] of cases)
    it(`${age} ms of a minute → ${action}`, () => expect(decide(get, stored(), ignore, age).action).to.equal(action))

  it('tells age and what is left', () => {
    const timing = { initialAgeMs: 5 * SECOND, respondedAt: 1000 }
    const decision = decide(get, stored({}, { timing }), ignore, 11 * SECOND)
    expect(decision).to.deep.equal({ action: 'serve', stale: false, ageMs: 15 * SECOND, ttlMs: 45 * SECOND })
  })
  it('counts the age at the start', () => {
    const timing = { initialAgeMs: HOUR, respondedAt: 0 }
    expect(decide(get, stored({}, { timing }), ignore, 0)).to.include({ action: 'forward', fwd: 'stale', ageMs: HOUR })
  })
})

describe('RFC 9111 §4.3.1 validation', () => {
  const cases: [string[], Decision['action']][] = [
    [[], 'forward'],
    [['ETag', '"a"'], 'validate'],
    [['etag', 'W/"a"'], 'validate'],
    [['ETag', 'a'], 'forward'],
    [['Last-Modified', 'Thu, 01 Jan 1970 00:00:00 GMT'], 'validate'],
  ]
  for (const [headers, action] of cases) {
    it(`${headers.join(': ') || 'no validator'} → ${action}`, () => {
      expect(decide(get, stored({}, { headers }), ignore, HOUR)).to.include({ action, fwd: 'stale' })
    })
  }
  it('no-cache: always', () => {
    expect(decide(get, stored({ noCache: true }, { headers: ['ETag', '"a"'] }), ignore, 0)).to.include({
      action: 'validate',
      fwd: 'stale',
    })
    expect(decide(get, stored({ noCache: true }), sparing, 0)).to.include({ action: 'forward' })
  })
})

describe('RFC 5861 §3 stale-while-revalidate', () => {
  const entry = stored({ staleWhileRevalidateMs: MINUTE })
  const cases: [number, Decision['action']][] = [
    [59, 'serve'],
    [60, 'serve-and-refresh'],
    [119, 'serve-and-refresh'],
    [120, 'forward'],
  ]
  for (const [age, action] of cases)
    it(`${age} s → ${action}`, () => expect(decide(get, entry, ignore, age * SECOND).action).to.equal(action))
  it('tells how stale', () => {
    expect(decide(get, entry, ignore, 90 * SECOND)).to.deep.equal({
      action: 'serve-and-refresh',
      ageMs: 90 * SECOND,
      ttlMs: -30 * SECOND,
    })
  })
  for (const veto of [{ mustRevalidate: true }, { noCache: true }]) {
    it(`not with ${Object.keys(veto)}`, () => {
      expect(decide(get, stored({ staleWhileRevalidateMs: MINUTE, ...veto }), ignore, 90 * SECOND).action).to.equal(
        'forward',
      )
    })
  }
})

describe('RFC 5861 §4 stale-if-error', () => {
  const cases: [Partial<Terms>, number, number | undefined][] = [
    [{}, 90, undefined],
    [{ staleIfErrorMs: MINUTE }, 60, 120],
    [{ staleIfErrorMs: MINUTE }, 119, 120],
    [{ staleIfErrorMs: MINUTE }, 120, undefined],
    [{ staleIfErrorMs: MINUTE, mustRevalidate: true }, 90, undefined],
    [{ staleIfErrorMs: MINUTE, noCache: true }, 90, undefined],
    [{ staleIfErrorMs: MINUTE, staleWhileRevalidateMs: 10 * SECOND }, 80, 120],
  ]
  for (const [terms, age, until] of cases) {
    it(`${JSON.stringify(terms)} at ${age} s → ${until}`, () => {
      const untilMs = until === undefined ? undefined : until * SECOND
      expect(decide(get, stored(terms), ignore, age * SECOND)).to.include({
        action: 'forward',
        mayServeStaleOnErrorUntil: untilMs,
      })
    })
  }
  it('counts from the age at the start', () => {
    const timing = { initialAgeMs: 30 * SECOND, respondedAt: 1000 }
    const decision = decide(get, stored({ staleIfErrorMs: MINUTE }, { timing }), ignore, 40 * SECOND)
    expect(decision).to.include({ mayServeStaleOnErrorUntil: 91 * SECOND })
  })
})

describe('RFC 9111 §4.2.4 a handler that breaks off', () => {
  const cases: [string, Partial<Terms>, string][] = [
    ['', {}, 'stale'],
    ['', { staleIfErrorMs: SECOND }, 'stale'],
    ['', { mustRevalidate: true }, 'gateway-timeout'],
    ['', { noCache: true }, 'gateway-timeout'],
    ['max-stale', { mustRevalidate: true }, 'gateway-timeout'],
    ['no-cache', {}, 'nothing'],
    ['max-age=60', {}, 'nothing'],
    ['min-fresh=60', { mustRevalidate: true }, 'nothing'],
  ]
  for (const [cacheControl, terms, stands] of cases) {
    it(`${cacheControl || 'no wish'}, ${JSON.stringify(terms)} → ${stands}`, () => {
      const request = cacheControl === '' ? get : asking(cacheControl)
      expect(decide(request, stored(terms), byRfc, HOUR)).to.include({ whenDisconnected: stands })
      expect(decide(request, stored(terms), obey, HOUR)).to.include({ whenDisconnected: 'nothing' })
    })
  }
  it('is its own affair when nothing is stored', () =>
    expect(decide(get, undefined, byRfc, 0)).to.include({ whenDisconnected: 'nothing' }))
})

describe('soft invalidation', () => {
  it('makes a fresh response stale', () => {
    expect(decide(get, stored({}, { soft: true }), ignore, 0)).to.include({ action: 'forward', fwd: 'stale' })
  })
  it('lets it be served while it is refreshed', () => {
    const entry = stored({ staleWhileRevalidateMs: MINUTE }, { soft: true })
    expect(decide(get, entry, ignore, SECOND)).to.deep.equal({ action: 'serve-and-refresh', ageMs: SECOND, ttlMs: 0 })
  })
  it('lets it stand in for a failing handler', () => {
    const entry = stored({ staleIfErrorMs: MINUTE }, { soft: true })
    expect(decide(get, entry, ignore, SECOND)).to.include({ mayServeStaleOnErrorUntil: 2 * MINUTE })
  })
  it('is not what max-stale means', () => {
    expect(decide(asking('max-stale'), stored({}, { soft: true }), obey, 0)).to.include({ action: 'forward' })
  })
})

describe('staleOnly spares the handler', () => {
  const cases: [Partial<Terms>, number, Decision['action']][] = [
    [{}, 0, 'serve'],
    [{}, 90, 'forward'],
    [{ staleWhileRevalidateMs: MINUTE }, 90, 'serve'],
    [{ staleIfErrorMs: MINUTE }, 90, 'serve'],
    [{ staleIfErrorMs: MINUTE }, 120, 'forward'],
    [{ staleIfErrorMs: MINUTE, mustRevalidate: true }, 90, 'forward'],
  ]
  for (const [terms, age, action] of cases) {
    it(`${JSON.stringify(terms)} at ${age} s → ${action}`, () =>
      expect(decide(get, stored(terms), sparing, age * SECOND).action).to.equal(action))
  }
})

describe('RFC 9111 §5.2.1 client directives', () => {
  const directives = ['no-cache', 'max-age=0', 'max-age=5', 'min-fresh=3600', 'no-store', 'only-if-cached', '"']
  for (const directive of directives) {
    it(`${directive} is ignored by default`, () => {
      expect(decide(asking(directive), stored(), ignore, 10 * SECOND).action).to.equal('serve')
      expect(decide(asking(directive), undefined, ignore, 0).action).to.equal('forward')
    })
  }

  const cases: [string, number, Partial<Terms>, Decision['action'], string?][] = [
    ['no-cache', 0, {}, 'forward', 'request'],
    ['no-cache="x"', 0, {}, 'forward', 'request'],
    ['"', 0, {}, 'forward', 'request'],
    ['max-age=0', 0, {}, 'forward', 'request'],
    ['max-age=5', 5, {}, 'serve'],
    ['max-age=5', 6, {}, 'forward', 'request'],
    ['max-age=x', 1, {}, 'forward', 'request'],
    ['min-fresh=30', 30, {}, 'serve'],
    ['min-fresh=30', 31, {}, 'forward', 'request'],
    ['min-fresh', 0, {}, 'forward', 'request'],
    ['no-store', 10, {}, 'serve'],
    ['max-stale', 9999, {}, 'serve'],
    ['max-stale=30', 90, {}, 'serve'],
    ['max-stale=30', 91, {}, 'forward', 'stale'],
    ['max-stale=x', 61, {}, 'forward', 'stale'],
    ['max-stale', 90, { mustRevalidate: true }, 'forward', 'stale'],
    ['max-stale', 0, { noCache: true }, 'forward', 'stale'],
    ['max-age=600', 90, { staleWhileRevalidateMs: HOUR }, 'forward', 'stale'],
    ['max-age=600, max-stale=60', 90, {}, 'serve'],
    ['max-age=60, max-stale=60', 90, {}, 'forward', 'stale'],
    ['only-if-cached', 10, {}, 'serve'],
    ['only-if-cached', 90, {}, 'gateway-timeout'],
    ['only-if-cached, no-cache', 10, {}, 'gateway-timeout'],
    ['only-if-cached, max-stale', 90, {}, 'serve'],
    ['only-if-cached', 90, { staleWhileRevalidateMs: HOUR }, 'serve-and-refresh'],
  ]
  for (const [directive, age, terms, action, fwd] of cases) {
    it(`${directive} at ${age} s ${JSON.stringify(terms)} → ${action} ${fwd ?? ''}`, () => {
      const decision = decide(asking(directive), stored(terms), obey, age * SECOND)
      expect(decision).to.include(fwd === undefined ? { action } : { action, fwd })
    })
  }
  it('only-if-cached and nothing stored', () => {
    expect(decide(asking('only-if-cached'), undefined, obey, 0)).to.deep.equal({ action: 'gateway-timeout' })
  })
  it('max-stale serves as stale', () => {
    expect(decide(asking('max-stale'), stored(), obey, 90 * SECOND)).to.deep.equal({
      action: 'serve',
      stale: true,
      ageMs: 90 * SECOND,
      ttlMs: -30 * SECOND,
    })
  })
  it('whom a stored response does not suit is not given it on error either', () => {
    const decision = decide(asking('no-cache'), stored({ staleIfErrorMs: HOUR }), obey, 0)
    expect(decision).to.include({ mayServeStaleOnErrorUntil: undefined })
  })

  const pragma = { method: 'GET', headers: { pragma: 'no-cache' } }
  it('RFC 9111 §5.4 Pragma counts without Cache-Control', () => {
    expect(decide(pragma, stored(), obey, 0)).to.include({ action: 'forward', fwd: 'request' })
    expect(decide(pragma, stored(), ignore, 0)).to.include({ action: 'serve' })
    const both = { method: 'GET', headers: { pragma: 'no-cache', 'cache-control': 'max-age=60' } }
    expect(decide(both, stored(), obey, 0)).to.include({ action: 'serve' })
  })
})

describe('S2 each reuse is allowed', () => {
  const ms = fc.integer({ min: 0, max: 200_000 })
  const anyTerms = fc.record({
    freshnessLifetimeMs: ms,
    freshnessSource: fc.constant('max-age' as const),
    staleWhileRevalidateMs: ms,
    staleIfErrorMs: ms,
    mustRevalidate: fc.boolean(),
    noCache: fc.boolean(),
    shareable: fc.boolean(),
  })
  const anyStored = fc.record({
    status: fc.constant(200),
    headers: fc.constantFrom([], ['ETag', '"a"']),
    terms: anyTerms,
    timing: fc.record({ initialAgeMs: ms, respondedAt: ms }),
    soft: fc.boolean(),
  })
  const anyOptions = fc.record({
    preset: fc.constantFrom('default' as const, 'rfc9111' as const),
    clientDirectives: fc.constantFrom('ignore' as const, 'obey' as const),
    staleOnly: fc.boolean(),
  })

  it('whatever is stored and asked', () => {
    fc.assert(
      fc.property(headerText(), anyStored, anyOptions, ms, (cacheControl, entry, options, now) => {
        const decision = decide(asking(cacheControl), entry, options, now)
        const { terms, timing } = entry
        const age = timing.initialAgeMs + Math.max(0, now - timing.respondedAt)
        const overdue = age - terms.freshnessLifetimeMs
        const fresh = overdue < 0 && !entry.soft
        if ('ageMs' in decision) expect(decision.ageMs).to.equal(age)
        if (decision.action === 'serve' && !decision.stale) expect(fresh && !terms.noCache).to.equal(true)
        if (decision.action === 'serve-and-refresh' || (decision.action === 'serve' && decision.stale)) {
          expect(terms.mustRevalidate || terms.noCache).to.equal(false)
        }
        if (decision.action === 'serve-and-refresh') expect(overdue).to.be.below(terms.staleWhileRevalidateMs)
        if (decision.action === 'validate' || decision.action === 'forward') {
          expect(decision.mayServeStaleOnErrorUntil ?? now + 1).to.be.above(now)
        }
      }),
      { numRuns: 2000 },
    )
  })
})
