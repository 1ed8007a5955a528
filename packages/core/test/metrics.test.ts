// Counters and response times.

import { performance } from 'node:perf_hooks'
import { expect } from 'chai'
import { createMetrics } from '../src/metrics.ts'

describe('metrics', () => {
  it('begin at nothing', () => {
    const snapshot = createMetrics({ entries: 0, bytes: 0 }).snapshot()
    expect(snapshot).to.include({ hits: 0, misses: 0, hitRatio: 0, entries: 0, bytes: 0 })
    expect(snapshot.responseTimes.get).to.deep.equal({ count: 0, meanMs: 0, p50Ms: 0, p95Ms: 0, p99Ms: 0 })
  })

  it('count, and read what is held when asked', () => {
    const held = { entries: 1, bytes: 10 }
    const metrics = createMetrics(held)
    metrics.count('hits')
    metrics.count('staleHits', 2)
    metrics.count('misses')
    held.bytes = 20
    expect(metrics.snapshot()).to.include({ hits: 1, staleHits: 2, misses: 1, entries: 1, bytes: 20 })
    expect(metrics.hitRatio()).to.equal(0.75)
  })

  it('give snapshots that do not change', () => {
    const metrics = createMetrics({ entries: 0, bytes: 0 })
    const before = metrics.snapshot()
    metrics.count('hits')
    expect(before.hits).to.equal(0)
    expect(() => Object.assign(before, { hits: 9 })).to.throw(TypeError)
    expect(() => Object.assign(before.responseTimes.get, { count: 9 })).to.throw(TypeError)
    expect(JSON.parse(JSON.stringify(before))).to.deep.equal(before)
  })

  it('time operations by percentile', () => {
    const metrics = createMetrics({ entries: 0, bytes: 0 })
    const took: number[] = []
    for (let ms = 1; ms <= 100; ms++) {
      const startedAt = performance.now() - ms
      took.push(metrics.time('get', startedAt))
      expect(took.at(-1)).to.be.within(ms, performance.now() - startedAt)
    }
    took.sort((a, b) => a - b)
    const { get, set } = metrics.snapshot().responseTimes
    expect(get.count).to.equal(100)
    expect(get.meanMs).to.be.closeTo(took.reduce((sum, ms) => sum + ms) / 100, get.meanMs / 100)
    expect(get.p50Ms).to.be.closeTo(took[49]!, get.p50Ms / 100)
    expect(get.p95Ms).to.be.closeTo(took[94]!, get.p95Ms / 100)
    expect(get.p99Ms).to.be.closeTo(took[98]!, get.p99Ms / 100)
    expect(set.count).to.equal(0)
  })

  it('survive a clock that makes no sense', () => {
    const metrics = createMetrics({ entries: 0, bytes: 0 })
    metrics.time('get', performance.now() + 1000)
    metrics.time('get', -1e15)
    expect(metrics.snapshot().responseTimes.get.count).to.equal(2)
  })
})
