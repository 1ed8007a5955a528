// What flags switch, and what events and metrics tell: each request once, with its reason, and no secret.

import { expect } from 'chai'
import { type CacheEvent, onCacheEvent } from '../../src/events.ts'
import type { Mode } from '../../src/flags.ts'
import { settle } from '../support.ts'
import { type Bed, beds, counting, type Fields, told, until } from './bed.ts'

const page: Fields = { 'Cache-Control': 'public, max-age=60' }

describe('flags', () => {
  const bedFor = beds()
  function switched(options = {}) {
    const state = { mode: 'on' as Mode | 'maybe' | 'throw' }
    const flags = {
      mode(): Mode {
        if (state.mode === 'throw') throw new Error('flag')
        return state.mode as Mode
      },
    }
    return { state, bed: bedFor({ engine: { flags }, handler: counting(page), ...options }) }
  }

  it('bypass: nothing is used, nothing is stored; what was purged meanwhile stays purged', async () => {
    const { state, bed } = switched()
    expect(bed.ask('/a').body).to.equal('run 1')
    state.mode = 'bypass'
    expect(told(bed.ask('/a'))).to.equal('fwd=bypass; detail=flag')
    expect(told(bed.ask('/b'))).to.equal('fwd=bypass; detail=flag')
    await bed.cache.clear()
    state.mode = 'on'
    expect(bed.ask('/a').body).to.equal('run 4')
    expect(bed.ask('/b').body).to.equal('run 5')
  })

  it('read-only: what is stored is used, nothing is stored', () => {
    const { state, bed } = switched()
    bed.ask('/a')
    state.mode = 'read-only'
    expect(told(bed.ask('/a'))).to.equal('hit')
    expect(told(bed.ask('/b'))).to.equal('fwd=uri-miss; detail=read-only')
    expect(told(bed.ask('/b'))).to.equal('fwd=uri-miss; detail=read-only')
  })

  it('stale-only: what is stored is used although it has expired, and nothing is refreshed', async () => {
    const { state, bed } = switched({ staleWhileRevalidate: '1h' })
    bed.ask('/a')
    bed.clock.advance(61_000)
    state.mode = 'stale-only'
    expect(told(bed.ask('/a'))).to.equal('hit; detail=stale-allowed')
    expect(told(bed.ask('/b'))).to.equal('fwd=uri-miss; detail=stale-only')
    await settle()
    expect(bed.runs).to.have.length(2)
  })

  it('a flag that throws or says something else leaves the last mode', () => {
    const { state, bed } = switched()
    state.mode = 'throw'
    bed.ask('/a')
    expect(told(bed.ask('/a'))).to.equal('hit')
    state.mode = 'bypass'
    bed.ask('/a')
    state.mode = 'maybe'
    expect(told(bed.ask('/a'))).to.equal('fwd=bypass; detail=flag')
  })

  for (const mode of ['bypass', 'read-only', 'stale-only'] as const) {
    it(`what began before '${mode}' and ends after it is not stored`, () => {
      const { state, bed } = switched({ handler: undefined })
      const before = bed.get('/before')
      const halfway = bed.get('/halfway')
      halfway.run!.head(200, page)
      state.mode = mode
      before.run!.send(200, page, 'b')
      halfway.run!.end('h')
      expect([before.answer?.body, halfway.answer?.body]).to.deep.equal(['b', 'h'])
      state.mode = 'on'
      for (const target of ['/before', '/halfway']) bed.get(target).run!.send(200, page, 'new')
      expect(bed.runs).to.have.length(4)
    })
  }

  it('a cache that was closed answers and keeps nothing, since it hears of no purge', async () => {
    const { bed } = switched()
    bed.ask('/a')
    bed.handle(undefined)
    const under = bed.get('/b')
    await bed.cache.close()
    under.run!.send(200, page, 'b')
    bed.handle(counting(page))
    for (const target of ['/a', '/b']) expect(told(bed.ask(target))).to.equal('fwd=bypass; detail=flag')
    expect(bed.cache.getMetrics().entries).to.equal(0)
  })
})

describe('events and metrics of requests', () => {
  const bedFor = beds()
  let events: CacheEvent[] = []
  let stop = () => {}
  beforeEach(() => {
    events = []
    stop = onCacheEvent(event => events.push(event))
  })
  afterEach(() => stop())

  const requests = () => events.filter(event => event.type === 'request')
  const last = () => {
    const event = requests().at(-1)!
    return [event.outcome, event.reason, event.status, event.stored, event.collapsed]
  }

  it('each request once, with its outcome and reason', async () => {
    const bed = bedFor({ staleIfError: '1h', skip: ({ target }) => target === '/skip', maxBodyBytes: 100 })
    const ask = (target: string, headers: Fields = {}, status = 200, response: Fields = page, asked: Fields = {}) => {
      bed.get(target, asked).run?.send(status, { ...response, ...headers }, 'x')
      return last()
    }
    expect(ask('/a')).to.deep.equal(['miss', undefined, 200, true, false])
    expect(ask('/a')).to.deep.equal(['hit', undefined, 200, false, false])
    expect(ask('/p', { 'Cache-Control': 'private' })).to.deep.equal(['miss', 'private', 200, false, false])
    expect(ask('/e', {}, 500)).to.deep.equal(['miss', 'status', 500, false, false])
    expect(ask('/c', { 'Cache-Control': 'max-age=9' }, 200, page, { Cookie: 'u=1' })).to.deep.equal([
      'bypass',
      'credentials',
      200,
      false,
      false,
    ])
    expect(ask('/skip')).to.deep.equal(['bypass', 'skip', 0, false, false])
    expect(ask('//odd')).to.deep.equal(['bypass', 'target', 0, false, false])
    expect(ask('/l', { 'Content-Length': '101' })).to.deep.equal(['miss', 'too-large', 200, false, false])
    bed.request('HEAD', '/h').run!.send(200, page)
    expect(last()).to.deep.equal(['miss', 'head', 200, false, false])
    bed.clock.advance(61_000)
    expect(ask('/a', {}, 503)).to.deep.equal(['stale', 'stale-if-error', 200, false, false])
    bed.get('/f').run!.fail('thrown')
    expect(last()).to.deep.equal(['miss', 'thrown', 0, false, false])
    const [, follower] = [bed.get('/w'), bed.get('/w')]
    bed.runs.at(-1)!.send(200, page, 'x')
    expect(follower.answer?.body).to.equal('x')
    expect(last()).to.deep.equal(['hit', undefined, 200, false, true])
    const obedient = bedFor({ clientDirectives: 'obey' })
    expect(obedient.get('/', { 'Cache-Control': 'only-if-cached' }).answer?.status).to.equal(504)
    expect(last()).to.deep.equal(['miss', 'only-if-cached', 504, false, false])
  })

  it('a refresh is told when it starts and when it ends, and counts as no request', async () => {
    const bed = bedFor({ staleWhileRevalidate: '1h' })
    bed.get().run!.send(200, page, 'x')
    bed.clock.advance(61_000)
    bed.ask()
    await until(() => bed.runs.length === 2)
    bed.runs[1]!.send(500, {})
    bed.clock.advance(1001)
    bed.ask()
    await until(() => bed.runs.length === 3)
    bed.runs[2]!.send(200, page, 'x')
    const refreshes = events.filter(event => event.type === 'refresh').map(({ outcome }) => outcome)
    expect(refreshes).to.deep.equal(['started', 'failed', 'started', 'stored'])
    expect(requests()).to.have.length(3)
    expect(bed.cache.getMetrics().refreshes).to.equal(2)
  })

  it('purges, also those of unsafe requests, evictions, and what was to be stored but could not be', async () => {
    const bed = bedFor({ engine: { maxBytes: 4096, maxEntryBytes: 4096 }, handler: counting(page) })
    await bed.cache.invalidateTags(['a'])
    bed.request('POST', '/a')
    expect(events.map(({ type }) => type)).to.deep.equal(['life', 'invalidation', 'invalidation'])
    for (let i = 0; i < 5; i++) bed.ask(`/${i}`)
    expect(events.some(({ type }) => type === 'eviction')).to.equal(true)
    bed.handle(run => run.send(200, { ...page, 'Content-Length': '9' }, 'short'))
    bed.ask('/short')
    expect(events.at(-1)).to.deep.equal({ type: 'fault', cache: 'default', operation: 'fill', code: undefined })
  })

  it('hits, misses, stale hits and bypasses add up to the requests, whatever happens', async () => {
    const bed: Bed = bedFor({
      staleIfError: '10m',
      staleWhileRevalidate: '1m',
      fillTimeout: '20ms',
      skip: ({ target }) => target === '/skip',
    })
    let asked = 0
    const ask = (target: string, headers?: Fields) => {
      asked++
      return bed.get(target, headers)
    }
    for (let round = 0; round < 3; round++) {
      const clients = Array.from({ length: 4 }, () => ask('/a'))
      clients.find(({ run }) => run !== undefined)?.run?.send(200, page, 'a')
      for (const { run, answer } of clients) if (answer === undefined) run!.send(200, page, 'a')
      ask('/skip').run!.send(200, page)
      ask('/b', { Cookie: 'u=1' }).run!.send(200, {}, 'b')
      ask('/c').run!.fail('thrown')
      ask('/d').run!.send(500, {})
      asked++
      bed.request('HEAD', '/none').run!.send(200, page)
      const late = ask('/late')
      const thrown = ask('/thrown')
      await until(() => !bed.runs.includes(late.run!) || bed.flights === 0)
      late.run!.send(200, page, 'late')
      thrown.run!.fail('thrown')
      bed.clock.advance(90_000)
      await settle()
      for (const run of bed.runs.filter(run => run.background)) run.send(500, {})
    }
    const { hits, misses, staleHits, bypasses } = bed.cache.getMetrics()
    expect(hits + misses + staleHits + bypasses).to.equal(asked)
    expect(requests()).to.have.length(asked)
  })

  it('no key, target, tag, host, cookie or body is in any event', async () => {
    const canary = 'c4n4ry'
    const bed = bedFor({
      staleWhileRevalidate: '1h',
      tags: () => [`tag-${canary}`],
      key: ({ target }) => (target.includes('bad') ? (Promise.reject(new Error(canary)) as never) : canary + target),
    })
    const asked = { host: `${canary}.example`, Cookie: `u=${canary}`, 'X-Any': canary }
    for (const target of [`/${canary}?q=${canary}`, `/bad-${canary}`]) {
      for (const status of [200, 500, 404]) {
        const client = bed.get(target, asked)
        await until(() => client.run !== undefined || client.answer !== undefined)
        client.run?.send(status, { ...page, 'X-Canary': canary }, canary)
      }
    }
    bed.clock.advance(61_000)
    bed.request('POST', `/${canary}`, asked).run!.send(200, {})
    await bed.cache.invalidateTags([`tag-${canary}`])
    await bed.cache.invalidatePattern(`/${canary}*`)
    bed.get(`/${canary}`).run?.fail('thrown')
    await settle()
    expect(events.length).to.be.greaterThan(8)
    expect(JSON.stringify(events)).not.to.contain(canary)
  })
})
