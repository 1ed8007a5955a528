// The small parts of the far tier: the store's clock, the rules that are remembered, the ears for leases.

import { expect } from 'chai'
import { createEars } from '../../src/far/ears.ts'
import { createRules, parseRule, ruleText } from '../../src/far/rules.ts'
import { createStoreClock } from '../../src/far/store-clock.ts'
import { createClock, settle } from '../support.ts'

describe('the clock of the store', () => {
  it('is that of this process until the store has told its own', () => {
    const clock = createStoreClock(() => 1000)
    expect(clock.isSet).to.equal(false)
    expect(clock.toStore(5)).to.equal(5)
    clock.set(9000, 1000)
    expect(clock.isSet).to.equal(true)
    expect(clock.toStore(1000)).to.equal(9000)
    expect(clock.toOwn(9000)).to.equal(1000)
  })

  it('takes what was told for the middle of the time that it took', () => {
    const own = createClock(1000)
    const clock = createStoreClock(own.now)
    own.advance(40)
    clock.set(5020, 1000)
    expect(clock.toStore(1000)).to.equal(5000)
  })

  const cases: readonly [string, number, number, 'kept' | 'jumped'][] = [
    ['as expected', 0, 0, 'kept'],
    ['a second ahead', 1000, 0, 'kept'],
    ['a second behind', -1000, 0, 'kept'],
    ['more than a second ahead', 1001, 0, 'jumped'],
    ['more than a second behind', -1001, 0, 'jumped'],
    ['a day behind', -86_400_000, 0, 'jumped'],
    // It may have been told at the beginning or the end of so long a call.
    ['no more off than a slow answer explains', 1500, 2000, 'kept'],
    ['more than a slow answer explains', 4500, 2000, 'jumped'],
  ]
  for (const [title, offMs, tookMs, outcome] of cases) {
    it(`${title} → ${outcome}`, () => {
      const own = createClock(1000)
      const clock = createStoreClock(own.now)
      expect(clock.set(5000, 1000)).to.equal('kept')
      own.advance(30_000)
      const askedAt = own.now()
      own.advance(tookMs)
      expect(clock.set(35_000 + tookMs / 2 + offMs, askedAt)).to.equal(outcome)
    })
  }

  it('that has jumped is believed from then on', () => {
    const own = createClock(1000)
    const clock = createStoreClock(own.now)
    clock.set(5000, 1000)
    expect(clock.set(905_000, 1000)).to.equal('jumped')
    expect(clock.set(905_000, 1000)).to.equal('kept')
    expect(clock.toStore(1000)).to.equal(905_000)
  })
})

describe('the rules that are remembered', () => {
  it('read back as they were written', () => {
    for (const rule of [[], ['accept'], ["!#$%&'*+-.^_`|~", 'accept', 'x-a']]) {
      expect(parseRule(ruleText(rule))).to.deep.equal(rule)
    }
  })

  const none = [
    'a b',
    'a\nb c',
    '\n',
    'a\n',
    '\na',
    'a\n\nb',
    'a\r\nb',
    'a:b',
    'é',
    'a\0',
    '{"a":1}',
    'X',
    'b\na',
    'a\na',
  ]
  for (const text of [...none, Array.from({ length: 65 }, (_, i) => `x-${i + 100}`).join('\n'), 'x'.repeat(70_000)]) {
    it(`do not know ${JSON.stringify(text.slice(0, 20))} for one`, () => {
      expect(parseRule(text)).to.equal(undefined)
    })
  }

  it('are none for a key that was never seen, and for one that is no longer told apart', () => {
    const rules = createRules()
    expect(rules.get('k')).to.deep.equal([])
    rules.set('k', ['accept'])
    expect(rules.get('k')).to.deep.equal(['accept'])
    rules.set('k', [])
    expect(rules.get('k')).to.deep.equal([])
  })

  it('stay the same object as long as they say the same', () => {
    const rules = createRules()
    rules.set('k', ['accept'])
    const before = rules.get('k')
    rules.set('k', ['accept'])
    expect(rules.get('k')).to.equal(before)
  })

  it('are bounded, in number and in length', () => {
    const rules = createRules()
    for (let i = 0; i < 30_000; i++) rules.set(`k${i}`, ['accept'])
    expect(rules.get('k0')).to.deep.equal([])
    expect(rules.get('k29999')).to.deep.equal(['accept'])
    for (let i = 0; i < 100; i++) rules.set(`${i}${'x'.repeat(1024 * 1024)}`, ['accept'])
    expect(rules.get('k29999')).to.deep.equal([])
  })
})

describe('ears', () => {
  it('hear how a lease ended, each of them, also when it ended before they waited', async () => {
    const ears = createEars()
    const [one, other, elsewhere] = [ears.hear('a'), ears.hear('a'), ears.hear('b')]
    const waits = one.wait(1000)
    ears.tell('a', 'apart')
    expect(await waits).to.equal('apart')
    expect(await other.wait(1000)).to.equal('apart')
    expect(await elsewhere.wait(1)).to.equal('timeout')
  })

  it('hear anew once they are cleared', async () => {
    const ears = createEars()
    const ear = ears.hear('a')
    ears.tell('a', 'failed')
    ear.clear()
    expect(await ear.wait(1)).to.equal('timeout')
    ears.tell('a', 'stored')
    expect(await ear.wait(1000)).to.equal('stored')
  })

  it('end their wait when they are closed, and hear no more', async () => {
    const ears = createEars()
    const ear = ears.hear('a')
    const waits = ear.wait(60_000)
    ear.close()
    expect(await waits).to.equal('timeout')
    ears.tell('a', 'stored')
    expect(await ear.wait(0)).to.equal('timeout')
  })

  it('all end with the tier', async () => {
    const ears = createEars()
    const waits = ['a', 'a', 'b'].map(lease => ears.hear(lease).wait(60_000))
    ears.close()
    expect(await Promise.all(waits)).to.deep.equal(['timeout', 'timeout', 'timeout'])
    ears.tell('a', 'stored')
    await settle()
  })

  it('wait no longer than a timer can, and no shorter than nothing', async () => {
    const ears = createEars()
    const ear = ears.hear('a')
    expect(await ear.wait(-5)).to.equal('timeout')
    const waits = ear.wait(Number.MAX_SAFE_INTEGER)
    // A timer that overflows is one of a millisecond.
    await new Promise(resolve => setTimeout(resolve, 10))
    ears.tell('a', 'stored')
    expect(await waits).to.equal('stored')
  })
})
