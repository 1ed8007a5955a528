// The switch: answers at once, never throws.

import { expect } from 'chai'
import { functionFlags, modes, staticFlags } from '../src/flags.ts'

describe('flags', () => {
  for (const mode of modes)
    it(`stand at '${mode}'`, () => {
      expect(staticFlags(mode).mode()).to.equal(mode)
      expect(functionFlags(() => mode).mode()).to.equal(mode)
    })

  it("begin with 'on' and keep the last good mode", () => {
    const answers: (() => unknown)[] = [
      () => {
        throw new Error('no flag')
      },
      () => 'nonsense',
      () => 'bypass',
      () => undefined,
      () => Promise.resolve('on'),
      () => {
        throw undefined
      },
      () => 'read-only',
    ]
    const flags = functionFlags(() => answers.shift()?.())
    const read = Array.from({ length: answers.length }, () => flags.mode())
    expect(read).to.deep.equal(['on', 'on', 'bypass', 'bypass', 'bypass', 'bypass', 'read-only'])
  })
})
