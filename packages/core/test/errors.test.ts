// The errors and their codes.

import { expect } from 'chai'
import { errorCodes, LarderError, type LarderErrorCode, LarderTypeError } from '../src/errors.ts'

describe('errors', () => {
  for (const [code, sentence] of Object.entries(errorCodes)) {
    it(`${code} is one sentence`, () => {
      expect(code).to.match(/^LARDER_[A-Z_]+$/)
      expect(sentence).to.match(/^[A-Z].*\.$/)
      expect(new LarderError(code as LarderErrorCode).message).to.equal(sentence)
    })
  }

  it('keep their cause and are named', () => {
    const cause = new Error('below')
    const error = new LarderError('LARDER_CLOSED', 'closed', { cause })
    expect(error).to.include({ code: 'LARDER_CLOSED', name: 'LarderError', cause })
    const typeError = new LarderTypeError('LARDER_INVALID_KEY', 'key', { cause })
    expect(typeError).to.be.instanceOf(TypeError)
    expect(typeError).to.include({ code: 'LARDER_INVALID_KEY', name: 'LarderTypeError', cause })
  })
})
