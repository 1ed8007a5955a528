// One timer for all that may wait equally long.

import { performance } from 'node:perf_hooks'
import { expect } from 'chai'
import fc from 'fast-check'
import { createDeadlines, type Waiting } from '../../src/deadlines.ts'

describe('deadlines', () => {
  interface Told extends Waiting {
    readonly ended: Promise<'in time' | 'late'>
    isTold: boolean
  }

  function waiting(): Told {
    let tell: (how: 'in time' | 'late') => void
    const ended = new Promise<'in time' | 'late'>(resolve => {
      tell = resolve
    })
    return {
      ended,
      isTold: false,
      due(isLate) {
        expect(this.isTold).to.equal(false)
        this.isTold = true
        tell(isLate ? 'late' : 'in time')
      },
      dueAt: 0,
      older: undefined,
      newer: undefined,
    }
  }

  const standStill = (ms: number) => {
    const end = performance.now() + ms
    while (performance.now() < end);
  }

  it('ends each wait when its own time is over, not before', async () => {
    const deadlines = createDeadlines(40)
    const told: string[] = []
    const one = async (name: string) => {
      const begin = performance.now()
      const it = waiting()
      deadlines.add(it)
      await it.ended
      expect(performance.now() - begin, name).to.be.at.least(40)
      told.push(name)
    }
    const first = one('first')
    await new Promise(resolve => setTimeout(resolve, 20))
    await Promise.all([first, one('second')])
    expect(told).to.deep.equal(['first', 'second'])
    // The timer has been without work meanwhile.
    await one('third')
  })

  it('tells nobody who has left', async () => {
    const deadlines = createDeadlines(10)
    const [left, stays] = [waiting(), waiting()]
    deadlines.add(left)
    deadlines.add(stays)
    expect(deadlines.remove(left)).to.equal(true)
    expect(deadlines.remove(left)).to.equal(false)
    await stays.ended
    expect(left.isTold).to.equal(false)
    expect(deadlines.remove(stays)).to.equal(false)
  })

  it('says of what was due while the process stood still that nobody knows, and reads first what came meanwhile', async () => {
    const deadlines = createDeadlines(10)
    const [answered, silent] = [waiting(), waiting()]
    deadlines.add(answered)
    deadlines.add(silent)
    let isInTime: boolean | undefined
    setImmediate(() => {
      setImmediate(() => {
        isInTime = deadlines.remove(answered)
      })
    })
    standStill(100)
    expect(await silent.ended).to.equal('late')
    expect(isInTime).to.equal(true)
    expect(answered.isTold).to.equal(false)
    // And what comes then is measured anew.
    const next = waiting()
    const begin = performance.now()
    deadlines.add(next)
    await next.ended
    expect(performance.now() - begin).to.be.at.least(10)
  })

  it('goes on for whoever comes while it ends others', async () => {
    const deadlines = createDeadlines(5)
    const [first, second] = [waiting(), waiting()]
    const { due } = first
    first.due = isLate => {
      deadlines.add(second)
      due.call(first, isLate)
    }
    deadlines.add(first)
    await Promise.all([first.ended, second.ended])
  })

  it('keeps order and loses nobody, whoever leaves', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { maxLength: 60, size: 'max' }), steps => {
        const deadlines = createDeadlines(60_000)
        const all: Told[] = []
        const there = new Set<Told>()
        for (const step of steps) {
          // One of those that came so far leaves, perhaps again; otherwise one more comes.
          const leaver = all[step]
          if (leaver === undefined) {
            const it = waiting()
            all.push(it)
            there.add(it)
            deadlines.add(it)
          } else expect(deadlines.remove(leaver)).to.equal(there.delete(leaver))
        }
        const [oldest] = there
        if (oldest === undefined) return
        const found: Waiting[] = []
        for (let at = oldest as Waiting; at.dueAt !== Number.POSITIVE_INFINITY; at = at.newer!) found.push(at)
        expect(found).to.deep.equal([...there])
        for (const it of there) deadlines.remove(it)
      }),
    )
  })
})
