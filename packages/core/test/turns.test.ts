// Taking turns: so many at once, the others in their order.

import { expect } from 'chai'
import { createTurns } from '../src/turns.ts'
import { gate, settle } from './support.ts'

describe('turns', () => {
  const begun: number[] = []
  beforeEach(() => void begun.splice(0))

  function start(inTurn: ReturnType<typeof createTurns>, count: number) {
    return Array.from({ length: count }, (_, i) => {
      const { passed, open: pass, fail } = gate()
      const done = inTurn(() => {
        begun.push(i)
        return passed.then(() => i)
      })
      return { done, pass, fail }
    })
  }

  it('are taken by so many at once, then by the next whenever one ends, in their order', async () => {
    const [a, b, c, d] = start(createTurns(2, 9), 4)
    expect(begun).to.deep.equal([0, 1])
    b!.pass()
    expect(await b!.done).to.equal(1)
    await settle()
    expect(begun).to.deep.equal([0, 1, 2])
    for (const each of [a, c, d]) each!.pass()
    expect(await Promise.all([a!.done, c!.done, d!.done])).to.deep.equal([0, 2, 3])
    expect(begun).to.deep.equal([0, 1, 2, 3])
  })

  it('are handed on by what fails too', async () => {
    const [a, b] = start(createTurns(1, 9), 2)
    a!.fail(new Error('away'))
    expect(await a!.done.catch((error: Error) => error.message)).to.equal('away')
    b!.pass()
    expect(await b!.done).to.equal(1)
  })

  it('are not waited for where too many wait, and are as many as before afterwards', async () => {
    const inTurn = createTurns(1, 1)
    const first = start(inTurn, 3)
    expect(begun).to.deep.equal([0, 2])
    for (const { pass } of first) pass()
    await Promise.all(first.map(({ done }) => done))
    begun.splice(0)
    const second = start(inTurn, 2)
    expect(begun).to.deep.equal([0])
    for (const { pass } of second) pass()
    await Promise.all(second.map(({ done }) => done))
  })
})
