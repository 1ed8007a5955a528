// One frame as bytes: what went in comes out, and whatever is not just that is nothing.

import { crc32 } from 'node:zlib'
import { expect } from 'chai'
import fc from 'fast-check'
import { decodeFrame, encodeFrame, type Frame } from '../../src/store/codec.ts'

const instant = fc.double({ noNaN: true, noDefaultInfinity: true })
const frames: fc.Arbitrary<Frame> = fc.record({
  kind: fc.constantFrom('response', 'data'),
  position: fc.maxSafeNat(),
  filledAt: instant,
  expiresAt: instant,
  head: fc.array(fc.jsonValue({ maxDepth: 2 }), { maxLength: 6 }),
  body: fc.uint8Array({ maxLength: 300 }),
})

describe('frames', () => {
  it('come out as they went in', () => {
    fc.assert(
      fc.property(frames, frame => {
        const decoded = decodeFrame(encodeFrame(frame), frame.kind)
        expect({ ...decoded, body: Buffer.from(decoded!.body) }).to.deep.equal({
          ...frame,
          head: JSON.parse(JSON.stringify(frame.head)),
          body: Buffer.from(frame.body),
        })
      }),
      { numRuns: 2000 },
    )
  })

  it('of one kind are none of the other', () => {
    fc.assert(
      fc.property(frames, frame => {
        const other = frame.kind === 'data' ? 'response' : 'data'
        expect(decodeFrame(encodeFrame(frame), other)).to.equal(undefined)
      }),
    )
  })

  const frame = encodeFrame({
    kind: 'response',
    position: 7,
    filledAt: 1000.5,
    expiresAt: 2000,
    head: ['k', 'ü', { a: [1, null, true] }],
    body: Buffer.from('a body of some bytes'),
  })

  it('with any one byte changed are nothing', () => {
    for (let at = 0; at < frame.length; at++) {
      for (let value = 0; value < 256; value++) {
        if (frame[at] === value) continue
        const changed = Buffer.from(frame)
        changed[at] = value
        for (const kind of ['response', 'data'] as const) expect(decodeFrame(changed, kind)).to.equal(undefined)
      }
    }
  })

  it('cut anywhere, or with anything behind, are nothing', () => {
    for (let length = 0; length < frame.length; length++) {
      expect(decodeFrame(frame.subarray(0, length), 'response')).to.equal(undefined)
      expect(decodeFrame(Buffer.concat([frame, frame.subarray(0, length + 1)]), 'response')).to.equal(undefined)
      expect(decodeFrame(frame.subarray(length + 1), 'response')).to.equal(undefined)
    }
  })

  for (const version of [0, 2, 99, 255]) {
    it(`of version ${version} are nothing, though they are whole`, () => {
      const other = Buffer.from(frame)
      other[2] = version
      expect(decodeFrame(sealed(other), 'response')).to.equal(undefined)
    })
  }

  const numbers: readonly [string, number][] = [
    ['NaN', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['-Infinity', Number.NEGATIVE_INFINITY],
  ]
  for (const [title, number] of numbers) {
    for (const at of [16, 24, 32]) {
      it(`with ${title} at byte ${at} are nothing, though they are whole`, () => {
        const other = Buffer.from(frame)
        other.writeDoubleBE(number, at)
        expect(decodeFrame(sealed(other), 'response')).to.equal(undefined)
      })
    }
  }

  const heads = [
    '{}',
    '{"0":"k","length":1}',
    '{"__proto__":["k"]}',
    '"text"',
    '1',
    'null',
    '',
    '[',
    '[1,]',
    '\u0000',
    '[NaN]',
  ]
  for (const head of heads) {
    it(`with ${JSON.stringify(head)} for a head are nothing, though they are whole`, () => {
      const text = Buffer.from(head)
      const other = Buffer.concat([frame.subarray(0, 40), text])
      other.writeUInt32BE(text.length, 8)
      other.writeUInt32BE(0, 12)
      expect(decodeFrame(sealed(other), 'response')).to.equal(undefined)
      expect(({} as { polluted?: unknown }).polluted).to.equal(undefined)
    })
  }

  for (const [at, title] of [
    [8, 'head'],
    [12, 'body'],
  ] as const) {
    for (const length of [0, 1, 0x7fffffff, 0xffffffff]) {
      it(`whose ${title} says that it has ${length} bytes are nothing, though they are whole`, () => {
        const other = Buffer.from(frame)
        other.writeUInt32BE(length, at)
        expect(decodeFrame(sealed(other), 'response')).to.equal(undefined)
      })
    }
  }
})

/** With a checksum that is right. */
function sealed(frame: Buffer): Buffer {
  frame.writeUInt32BE(crc32(frame.subarray(8), frame[3]!), 4)
  return frame
}
