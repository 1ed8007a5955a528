// The engine: stamps, order, lifetimes and its end.

import { expect } from 'chai'
import { createEngine } from '../src/engine.ts'
import { createLocalLog } from '../src/invalidation/local-log.ts'
import { createClock } from './support.ts'

const day = 86_400_000

describe('the engine', () => {
  it('stamps what begins now with what it knows now', async () => {
    const clock = createClock()
    const engine = createEngine({ now: clock.now })
    await engine.invalidate({ kind: 'all', soft: false })
    const stamp = engine.stamp(['t:a'], '/a')
    expect(stamp).to.include({
      epoch: engine.log.epoch,
      position: 1,
      filledAt: clock.now(),
      subject: '/a',
      checkedAt: -1,
    })
    expect(engine.ledger.verdict(stamp, clock.now())).to.equal('valid')
    await engine.invalidate({ kind: 'names', names: ['t:a'], soft: false })
    expect(engine.ledger.verdict(stamp, clock.now())).to.equal('invalid')
  })

  it('a stamp that gets its tags later is judged by them', async () => {
    const engine = createEngine()
    const stamp = engine.stamp([], '/a')
    await engine.invalidate({ kind: 'names', names: ['t:a'], soft: false })
    const stored = { ...stamp, names: ['t:a'] }
    expect(engine.ledger.verdict(stored, engine.now())).to.equal('invalid')
  })

  it('numbers what begins', () => {
    const engine = createEngine()
    expect(engine.begin()).to.be.lessThan(engine.begin())
  })

  it('has a clock that starts from the time of day and never goes back', () => {
    const engine = createEngine()
    const first = engine.now()
    expect(Math.abs(first - Date.now())).to.be.lessThan(60_000)
    expect(engine.now()).to.be.at.least(first)
  })

  it('keeps what is older than a day valid when it was told that it may live as long', async () => {
    for (const told of [false, true]) {
      const clock = createClock()
      const engine = createEngine({ now: clock.now })
      if (told) engine.noteLifetime(7 * day)
      const stamp = engine.stamp(['t:a'], '/a')
      await engine.invalidate({ kind: 'names', names: ['t:other'], soft: false })
      clock.advance(2 * day)
      await engine.invalidate({ kind: 'names', names: ['t:other'], soft: false })
      expect(engine.ledger.verdict(stamp, clock.now())).to.equal(told ? 'valid' : 'invalid')
    }
  })

  it('empties its memory when a record of the log says everything, but not softly', async () => {
    const log = createLocalLog()
    const engine = createEngine({ log })
    engine.near.set('a', {}, 10)
    await log.append({ kind: 'all', soft: true })
    expect(engine.near.entries).to.equal(1)
    await log.append({ kind: 'all', soft: false })
    expect(engine.near.entries).to.equal(0)
  })

  it('closes once, and drops what it holds', async () => {
    const engine = createEngine()
    engine.near.set('a', {}, 10)
    expect(engine.closed).to.equal(false)
    await Promise.all([engine.close(), engine.close()])
    expect(engine.closed).to.equal(true)
    expect(engine.near.entries).to.equal(0)
  })
})
