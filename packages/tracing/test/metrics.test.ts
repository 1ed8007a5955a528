// Core's events as metrics: what is counted, in which unit, under which labels, and under how few.

import { channel } from 'node:diagnostics_channel'
import { type CacheEvent, createCache, eventChannel } from '@larder/core'
import { expect } from 'chai'
import { type Collector, startCollector } from '../../../test/support/otlp-collector.ts'
import { otlp } from '../src/export/otlp.ts'
import { MOST_LABEL_SETS } from '../src/metrics/names.ts'
import { traced, value } from './support.ts'

const cache = 'larder.cache.name'

describe('metrics of caches', () => {
  let collector: Collector
  before(async () => {
    collector = await startCollector()
  })
  after(() => collector.close())
  beforeEach(() => collector.clear())

  /** Run something under tracing, and have its metrics. */
  const collect = (run: () => Promise<void> | void) => traced({ exporters: [otlp({ url: collector.url })] }, run)
  const publish = (...events: CacheEvent[]) => {
    for (const event of events) channel(eventChannel).publish(event)
  }
  const ofCaches = () => collector.points().filter(({ metric }) => metric.startsWith('larder.'))

  it('of application data: look-ups, durations, invalidations, evictions, what memory holds', async () => {
    await collect(async () => {
      const made = createCache({ name: 'data', maxBytes: 20_000 })
      await made.set('a', 'x', 60)
      await made.get('a')
      await made.get('a')
      await made.get('b')
      await made.getOrSet('c', () => 'x', 60)
      await made.invalidateTags(['t'])
      await made.invalidatePattern('u*')
      for (let i = 0; i < 5; i++) await made.set(`large-${i}`, 'x'.repeat(4_000), 60)
      await new Promise(resolve => setTimeout(resolve, 5))
    })
    const labels = { [cache]: 'data' }
    const lookups = (status: string) =>
      value(collector, 'larder.cache.lookups', { ...labels, 'larder.cache.status': status })?.value
    expect([lookups('hit'), lookups('miss'), lookups('stale')]).to.deep.equal([2, 2, undefined])
    const duration = (operation: string) =>
      value(collector, 'larder.cache.operation.duration', { ...labels, 'larder.cache.operation': operation })
    expect(duration('get')).to.include({ count: 3, unit: 's' })
    expect(duration('get')!.value).to.be.within(0, 1)
    expect(duration('set')?.count).to.equal(6)
    for (const kind of ['names', 'pattern'])
      expect(
        value(collector, 'larder.cache.invalidations', { ...labels, 'larder.cache.invalidation.kind': kind })?.value,
      ).to.equal(1)
    expect(value(collector, 'larder.cache.evictions', labels)?.value).to.be.greaterThan(0)
    expect(value(collector, 'larder.cache.entries', labels)!.value).to.be.within(1, 6)
    expect(value(collector, 'larder.cache.size', labels)).to.include({ unit: 'By' })
    expect(value(collector, 'larder.cache.size', labels)!.value).to.be.within(5_000, 20_000)
    expect(value(collector, 'larder.cache.hit_ratio', labels)?.value).to.equal(0.5)
    expect(value(collector, 'larder.cache.log.lag', labels)?.value).to.equal(0)
  })

  it('of the far store, its breaker, refreshes and faults', async () => {
    const far = { type: 'far', cache: 'far', operation: 'get', durationMs: 3 } as const
    await collect(() =>
      publish(
        { ...far, outcome: 'hit' },
        { ...far, outcome: 'timeout' },
        { ...far, outcome: 'error' },
        { ...far, operation: 'probe', outcome: 'done' },
        { type: 'breaker', cache: 'far', state: 'open' },
        { type: 'refresh', cache: 'far', outcome: 'started' },
        { type: 'refresh', cache: 'far', outcome: 'failed' },
        { type: 'fault', cache: 'far', operation: 'fill', code: undefined },
      ),
    )
    for (const outcome of ['hit', 'timeout', 'error'])
      expect(value(collector, 'larder.cache.far.operations', { 'larder.cache.outcome': outcome })?.value).to.equal(1)
    const duration = value(collector, 'larder.cache.far.operation.duration', { 'larder.cache.operation': 'get' })
    expect(duration?.count).to.equal(3)
    expect(duration?.value).to.be.closeTo(0.009, 1e-9)
    const other = value(collector, 'larder.cache.far.operation.duration', { 'larder.cache.operation': '_OTHER' })
    expect(other?.count).to.equal(1)
    for (const [state, expected] of [
      ['open', 1],
      ['half-open', 0],
      ['closed', 0],
    ] as const)
      expect(
        value(collector, 'larder.cache.breaker.state', { 'larder.cache.breaker.state': state })?.value,
        state,
      ).to.equal(expected)
    expect(value(collector, 'larder.cache.refreshes', { 'larder.cache.outcome': 'failed' })?.value).to.equal(1)
    expect(value(collector, 'larder.cache.refreshes', { 'larder.cache.outcome': 'started' })).to.equal(undefined)
    expect(value(collector, 'larder.cache.faults', { 'larder.cache.operation': 'fill' })?.value).to.equal(1)
  })

  it('a cache that is closed holds nothing any more', async () => {
    await collect(async () => {
      const made = createCache({ name: 'closed' })
      await made.set('a', 'x', 60)
      await made.close()
    })
    expect(value(collector, 'larder.cache.entries', { [cache]: 'closed' })).to.equal(undefined)
  })

  it('at most 50 label sets, of everything that one cache can tell', async () => {
    await collect(() => {
      createCache({ name: 'all' })
      publish(...everything('all'))
    })
    const sets = ofCaches().map(({ metric, attributes }) => `${metric} ${JSON.stringify(attributes)}`)
    expect(new Set(sets).size).to.equal(sets.length)
    expect(sets.length).to.be.within(30, MOST_LABEL_SETS)
  })

  it('at most 50 label sets of one metric, whatever caches are called and however many there are', async () => {
    await collect(() => {
      for (let i = 0; i < 500; i++) {
        createCache({ name: `cache-${i}` })
        publish(...everything(`cache-${i}`))
      }
    })
    const byMetric = new Map<string, number>()
    for (const { metric } of ofCaches()) byMetric.set(metric, (byMetric.get(metric) ?? 0) + 1)
    expect(byMetric.size).to.be.greaterThan(10)
    for (const [metric, sets] of byMetric) expect(sets, metric).to.be.at.most(MOST_LABEL_SETS)
    const names = new Set(ofCaches().map(({ attributes }) => attributes[cache]))
    expect(names).to.include('_OTHER')
    expect(names.size).to.be.at.most(6)
  })

  it('no reason, method or code of an event is ever a label', async () => {
    await collect(() =>
      publish(
        {
          type: 'request',
          cache: 'default',
          outcome: 'miss',
          reason: 'read-req.canary',
          method: 'CANARY',
          status: 299,
          stored: false,
          collapsed: false,
          age: undefined,
          durationMs: 1,
        },
        { type: 'fault', cache: 'default', operation: 'fill', code: 'CANARY' },
      ),
    )
    expect(ofCaches()).not.to.have.length(0)
    expect(collector.text().toLowerCase()).not.to.include('canary')
  })

  it('an event that cannot be meant is no exception of the application', async () => {
    await collect(() => publish({ type: 'life', cache: 'x', phase: 'opened', measure: 7 } as never, null as never))
  })

  it('when tracing has ended nobody listens any more', async () => {
    await collect(() => {
      expect(channel(eventChannel).hasSubscribers).to.equal(true)
    })
    expect(channel(eventChannel).hasSubscribers).to.equal(false)
  })
})

/** One event of each kind that a cache can tell of. */
function everything(name: string): CacheEvent[] {
  const request = {
    type: 'request',
    cache: name,
    reason: undefined,
    method: 'GET',
    status: 200,
    stored: false,
    collapsed: false,
    age: 0,
    durationMs: 1,
  } as const
  const faults = ['key', 'tags', 'scope', 'skip', 'fill', 'refresh', 'far', 'flag', 'invalidate'] as const
  const farOutcomes = ['hit', 'miss', 'done', 'stored', 'refused', 'error', 'timeout', 'skipped'] as const
  const farOperations = ['get', 'set', 'remove', 'claim', 'release', 'probe'] as const
  return [
    ...(['hit', 'stale', 'miss', 'bypass'] as const).map(outcome => ({ ...request, outcome })),
    ...(['get', 'set', 'delete', 'mget', 'mset', 'getOrSet'] as const).flatMap(operation =>
      (['hit', 'stale', 'miss', 'bypass', 'set', 'deleted', 'refused'] as const).map(outcome => ({
        type: 'data' as const,
        cache: name,
        operation,
        outcome,
        durationMs: 1,
      })),
    ),
    ...(['started', 'stored', 'failed'] as const).map(outcome => ({ type: 'refresh' as const, cache: name, outcome })),
    ...(['names', 'pattern', 'all'] as const).map(kind => ({
      type: 'invalidation' as const,
      cache: name,
      kind,
      soft: false,
      names: 1,
    })),
    { type: 'eviction', cache: name, bytes: 1 },
    ...faults.map(operation => ({ type: 'fault' as const, cache: name, operation, code: undefined })),
    ...farOutcomes.flatMap(outcome =>
      farOperations.map(operation => ({ type: 'far' as const, cache: name, operation, outcome, durationMs: 1 })),
    ),
    { type: 'breaker', cache: name, state: 'open' },
  ]
}
