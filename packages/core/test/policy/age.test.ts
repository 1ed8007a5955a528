// RFC 9111 §4.2.3 and §5.1 — Age.

import { expect } from 'chai'
import fc from 'fast-check'
import { currentAge, initialAge } from '../../src/policy/age.ts'
import { at, NOON, response, SECOND } from './facts.ts'

const OLDEST = 2_147_483_647

describe('RFC 9111 §4.2.3 corrected initial age', () => {
  const cases: [string[], number, number][] = [
    [[], 0, 0],
    [[`Date: ${at(0)}`], 0, 0],
    [[`Date: ${at(-30)}`], 0, 30],
    [[`Date: ${at(30)}`], 0, 0],
    [['Date: foo'], 0, 0],
    [['Age: 30'], 0, 30],
    [['Age: 30'], 2, 32],
    [['Age: 30', `Date: ${at(-10)}`], 2, 32],
    [['Age: 30', `Date: ${at(-60)}`], 2, 60],
    [['Age: 30', `Date: ${at(60)}`], 0, 30],
    [[], 2, 2],
  ]
  for (const [lines, delay, seconds] of cases) {
    it(`${lines.join(' | ') || 'nothing'}, ${delay} s on the way → ${seconds}`, () => {
      expect(initialAge(response(lines), 5000, 5000 + delay * SECOND, NOON)).to.equal(seconds * SECOND)
    })
  }
  it('a Date of this very second is no age', () => {
    expect(initialAge(response([`Date: ${at(0)}`]), 0, 0, NOON + 999)).to.equal(0)
    expect(initialAge(response([`Date: ${at(0)}`]), 0, 0, NOON + 1000)).to.equal(1000)
  })
  it('a clock that went back gives no negative delay', () => {
    expect(initialAge(response(['Age: 5']), 9000, 1000, NOON)).to.equal(5 * SECOND)
  })
})

describe('RFC 9111 §5.1 the Age field', () => {
  const cases: [string[], number][] = [
    [['Age: 0'], 0],
    [['Age: 007'], 7],
    [['Age: 7200,0'], 7200],
    [['Age: 7200', 'Age: 0'], 7200],
    [['Age: 0, 7200'], 0],
    [['Age: 2147483648'], OLDEST],
    [['Age: 99999999999'], OLDEST],
    [['Age: -7200'], 0],
    [['Age: 7200.0'], 0],
    [['Age: abc'], 0],
    [['Age: abc', 'Age: 7200'], 0],
    [['Age:'], 0],
    [['Age: , 0'], 0],
    [['Age: 1 0'], 0],
  ]
  for (const [lines, seconds] of cases) {
    it(`${lines.join(' | ')} → ${seconds}`, () =>
      expect(initialAge(response(lines), 0, 0, NOON)).to.equal(seconds * SECOND))
  }
})

describe('RFC 9111 §4.2.3 current age', () => {
  const timing = { initialAgeMs: 5000, respondedAt: 1000 }
  it('is the age at the start and the time since', () => expect(currentAge(timing, 3500)).to.equal(7500))
  it('does not shrink when the clock goes back', () => expect(currentAge(timing, -99_999)).to.equal(5000))
  it('is never negative', () => expect(currentAge({ initialAgeMs: -1, respondedAt: 0 }, 0)).to.equal(0))
  it('never shrinks by a larger Age or an earlier Date', () => {
    const seconds = fc.nat({ max: 100_000 })
    fc.assert(
      fc.property(seconds, seconds, fc.integer({ min: -1000, max: 1000 }), seconds, (age, older, date, earlier) => {
        const before = initialAge(response([`Age: ${age}`, `Date: ${at(date)}`]), 0, 0, NOON)
        const after = initialAge(response([`Age: ${age + older}`, `Date: ${at(date - earlier)}`]), 0, 0, NOON)
        return after >= before
      }),
    )
  })
})
