// Bounds hold at every step, and nothing is left when everybody is gone.

import { expect } from 'chai'
import fc from 'fast-check'
import { createBed } from './bed.ts'

const numRuns = 100 * Number(process.env['TEST_RUNS'] ?? 1)

describe('memory of the response cache', () => {
  it('stays within maxBytes at every step, and counts at least the bytes of the bodies', () => {
    const step = fc.record({
      target: fc.nat(30).map(n => `/${n}`),
      size: fc.oneof(fc.nat(200), fc.nat(5000), fc.nat(30_000)),
      lang: fc.nat(4).map(String),
      vary: fc.boolean(),
      advance: fc.nat(40_000),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 2000, max: 60_000 }), (steps, maxBytes) => {
        const bed = createBed({ engine: { maxBytes }, maxBodyBytes: 20_000, maxVariants: 3 })
        for (const { target, size, lang, vary, advance } of steps) {
          const body = 'x'.repeat(size)
          bed.handle(run => {
            run.send(200, { 'Cache-Control': 'public, max-age=60', ...(vary ? { Vary: 'X-Lang' } : {}) }, body)
          })
          bed.ask(target, { 'X-Lang': lang })
          const { bytes, entries } = bed.cache.getMetrics()
          expect(bytes).to.be.at.most(maxBytes)
          if (entries === 0) expect(bytes).to.equal(0)
          const again = bed.ask(target, { 'X-Lang': lang })
          if (again.header('age') !== undefined) expect(bytes).to.be.at.least(again.body.length)
          bed.clock.advance(advance)
        }
        expect(bed.flights).to.equal(0)
      }),
      { numRuns },
    )
  })

  it('remembers what is not to be waited for only so far', () => {
    const bed = createBed({ handler: run => run.send(404, {}) })
    const long = 'x'.repeat(16_000)
    bed.ask('/first')
    for (let i = 0; i < 1000; i++) bed.ask(`/${i}?${long}`)
    bed.handle(undefined)
    bed.get('/first')
    bed.get('/first')
    // The mark is gone, so one waits for the other.
    const before = bed.runs.length
    bed.runs.at(-1)!.send(200, { 'Cache-Control': 'max-age=60' })
    expect(bed.runs).to.have.length(before)
    expect(bed.flights).to.equal(0)
  })

  it('a body that grows past its limit is let go at once, and goes on to its client', () => {
    const bed = createBed({ maxBodyBytes: 10 })
    const client = bed.get()
    client.run!.head(200, { 'Cache-Control': 'max-age=60' })
    for (let i = 0; i < 100; i++) client.run!.write('0123456789')
    client.run!.end()
    expect(client.answer?.body).to.have.length(1000)
    expect(bed.cache.getMetrics().entries).to.equal(0)
  })

  it('clearing gives all of it back', async () => {
    const bed = createBed({ handler: run => run.send(200, { 'Cache-Control': 'max-age=60' }, 'x'.repeat(1000)) })
    for (let i = 0; i < 50; i++) bed.ask(`/${i}`)
    expect(bed.cache.getMetrics().bytes).to.be.greaterThan(50_000)
    await bed.cache.clear()
    expect(bed.cache.getMetrics()).to.include({ bytes: 0, entries: 0 })
  })
})
