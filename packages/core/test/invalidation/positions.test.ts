// The last position of each name: never too early a one.

import { expect } from 'chai'
import fc from 'fast-check'
import { createPositions } from '../../src/invalidation/positions.ts'

describe('positions', () => {
  it('are exact up to their bound', () => {
    const positions = createPositions(100)
    for (let i = 0; i < 100; i++) positions.set(`t:${i}`, i)
    for (let i = 0; i < 100; i++) expect(positions.get(`t:${i}`)).to.equal(i)
    expect(positions.get('t:other')).to.equal(Number.NEGATIVE_INFINITY)
    expect(positions.size).to.equal(100)
  })

  it('never fall back', () => {
    const positions = createPositions(10)
    positions.set('t:a', 5)
    positions.set('t:a', 3)
    expect(positions.get('t:a')).to.equal(5)
  })

  it('keep a name that comes back after it was folded at its later position', () => {
    const positions = createPositions(1)
    positions.set('t:a', 1)
    positions.set('t:b', 2)
    positions.set('t:a', 3)
    expect(positions.get('t:a')).to.equal(3)
    expect(positions.get('t:b')).to.be.at.least(2)
  })

  it('hold at most what they may, and answer at least the last position', () => {
    const names = fc.array(fc.string({ minLength: 1, maxLength: 2, unit: fc.constantFrom('a', 'b', '日', '\0') }), {
      maxLength: 100,
      size: 'max',
    })
    fc.assert(
      fc.property(names, fc.integer({ min: 1, max: 5 }), (names, most) => {
        const positions = createPositions(most)
        const last = new Map<string, number>()
        names.forEach((name, i) => {
          positions.set(name, i)
          last.set(name, i)
          expect(positions.size).to.be.at.most(most)
        })
        for (const [name, position] of last) expect(positions.get(name)).to.be.at.least(position)
      }),
      { numRuns: 1000 },
    )
  })

  it('forget up to a position, and everything', () => {
    const positions = createPositions(10)
    for (const position of [1, 2, 3]) positions.set(`t:${position}`, position)
    positions.forget(2)
    expect([1, 2, 3].map(position => positions.get(`t:${position}`))).to.deep.equal([
      Number.NEGATIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      3,
    ])
    positions.clear()
    expect(positions.get('t:3')).to.equal(Number.NEGATIVE_INFINITY)
  })
})
