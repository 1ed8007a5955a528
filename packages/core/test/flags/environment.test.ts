// A mode from the environment, read once.

import { expect } from 'chai'
import { environmentFlags } from '../../src/flags/environment.ts'
import { modes } from '../../src/flags.ts'
import { codeOf } from '../support.ts'

describe('environmentFlags', () => {
  for (const mode of modes)
    it(`LARDER_MODE=${mode}`, () => expect(environmentFlags({ LARDER_MODE: mode }).mode()).to.equal(mode))

  it("is 'on' where the variable is absent or empty", () => {
    expect(environmentFlags({}).mode()).to.equal('on')
    expect(environmentFlags({ LARDER_MODE: '' }).mode()).to.equal('on')
  })

  it('reads the variable that it is told to, once', () => {
    const env: Record<string, string> = { LARDER_MODE: 'bypass', PAGES_MODE: 'read-only' }
    const flags = environmentFlags(env, 'PAGES_MODE')
    env['PAGES_MODE'] = 'bypass'
    expect(flags.mode()).to.equal('read-only')
  })

  for (const value of ['off', 'true', 'ON', ' on', 'constructor'])
    it(`refuses '${value}', with the name and what is expected`, () => {
      const read = () => environmentFlags({ LARDER_MODE: value })
      expect(codeOf(read)).to.equal('LARDER_INVALID_FLAG')
      expect(read).to.throw(`LARDER_MODE: '${value}' given, expected 'on' or 'bypass' or 'read-only' or 'stale-only'`)
    })
})
