// Who traces a request from outside is told once what became of it, and whose run it was; what breaks there is nobody's failure.

import { expect } from 'chai'
import { createCache } from '../../src/cache.ts'
import { type CacheEvent, onCacheEvent } from '../../src/events.ts'
import type { Replay } from '../../src/exchange.ts'
import type { RequestTrace } from '../../src/request-trace.ts'
import { type Bed, beds, counting, type Fields, until } from './bed.ts'

const page: Fields = { 'Cache-Control': 'public, max-age=60' }

interface Traced extends RequestTrace {
  readonly replayed: Replay | undefined
  readonly told: RequestTrace['told']
  readonly news: { readonly event: CacheEvent; readonly other: RequestTrace | undefined }[]
}

describe('the trace of a request', () => {
  const bedFor = beds()
  let traces: Traced[] = []
  beforeEach(() => {
    traces = []
  })
  const traced = (options = {}): Bed => bedFor({ trace, ...options })

  function trace(replayed: Replay | undefined): Traced {
    const made: Traced = {
      spanContext: { traceId: String(traces.length), spanId: '1', traceFlags: 1 },
      replayed,
      news: [],
      told: (event, other) => void made.news.push({ event, other }),
      failed() {},
    }
    traces.push(made)
    return made
  }

  const said = ({ news }: Traced) =>
    news.map(({ event }) => (event.type === 'request' ? [event.outcome, event.reason, event.age] : [event.type]))

  it('is told each request once, with the age of what went out, though no other listens', () => {
    const bed = traced({ handler: counting(page), skip: ({ target }: { target: string }) => target === '/skip' })
    bed.ask()
    bed.clock.advance(7_900)
    bed.ask()
    bed.get('/skip')
    expect(traces.map(said)).to.deep.equal([
      [['miss', undefined, undefined]],
      [['hit', undefined, 7]],
      [['bypass', 'skip', undefined]],
    ])
  })

  it('is told whose run a collapsed request got', () => {
    const bed = traced()
    bed.get()
    bed.get()
    bed.get()
    bed.runs[0]!.send(200, page, 'x')
    const [leader, ...followers] = traces
    expect(leader!.news.map(({ other }) => other)).to.deep.equal([undefined])
    for (const { news } of followers) {
      expect(news).to.have.length(1)
      expect(news[0]!.event).to.include({ outcome: 'hit', collapsed: true })
      expect(news[0]!.other).to.equal(leader)
    }
  })

  it('is told which request caused a refresh, and its copy knows it when it comes', async () => {
    const bed = traced({ staleWhileRevalidate: '1h' })
    bed.get().run!.send(200, page, 'x')
    bed.clock.advance(61_000)
    bed.ask()
    await until(() => bed.runs.length === 2)
    bed.runs[1]!.send(200, page, 'y')
    const [, stale, copy] = traces
    expect(said(stale!)).to.deep.equal([['stale', 'stale-while-revalidate', 61]])
    expect(copy!.replayed?.cause).to.equal(stale)
    expect(copy!.news).to.have.length(1)
    expect(copy!.news[0]!.event).to.include({ type: 'refresh', outcome: 'stored' })
    expect(copy!.news[0]!.other).to.equal(stale)
  })

  it('may break: the request is answered and told to all others', () => {
    const events: CacheEvent[] = []
    const stop = onCacheEvent(event => void events.push(event))
    const broken = (): RequestTrace => ({
      spanContext: { traceId: '', spanId: '', traceFlags: 0 },
      told() {
        throw new Error('broken')
      },
      failed() {},
    })
    const bed = bedFor({ trace: broken, handler: counting(page) })
    try {
      expect(bed.ask().body).to.equal('run 1')
      expect(bed.ask().body).to.equal('run 1')
    } finally {
      stop()
    }
    const requests = events.filter(event => event.type === 'request')
    expect(requests.map(({ outcome }) => outcome)).to.deep.equal(['miss', 'hit'])
  })
})

describe('what a cache measures', () => {
  it('is told when it is made and when it is closed, and can be asked in between', async () => {
    const events: CacheEvent[] = []
    const stop = onCacheEvent(event => void events.push(event))
    try {
      const cache = createCache({ name: 'measured' })
      const [opened] = events
      if (opened?.type !== 'life') throw new Error('not told')
      expect(opened).to.include({ type: 'life', cache: 'measured', phase: 'opened' })
      expect(opened.measure()).to.deep.equal({ entries: 0, bytes: 0, hitRatio: 0, lagMs: 0 })
      await cache.set('a', 'x', 60)
      await cache.get('a')
      const held = opened.measure()
      expect(held).to.include({ entries: 1, hitRatio: 1, lagMs: 0 })
      expect(held.bytes).to.be.greaterThan(0)
      await cache.close()
      expect(events.at(-1)).to.deep.equal({ ...opened, phase: 'closed' })
    } finally {
      stop()
    }
  })
})
