// Values come back as they went in, or do not go in.

import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import fc from 'fast-check'
import type { LarderTypeError } from '../src/errors.ts'
import { decodeValue, encodedBytes, encodeValue } from '../src/values.ts'

const roundTrip = (value: unknown) => decodeValue(encodeValue(value))
const refusal = (value: unknown) => {
  try {
    encodeValue(value)
  } catch (error) {
    expect(error).to.be.instanceOf(TypeError)
    expect((error as LarderTypeError).code).to.equal('LARDER_UNSERIALIZABLE_VALUE')
    return (error as LarderTypeError).message
  }
  return undefined
}

describe('values', () => {
  it('that JSON keeps come back', () => {
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        expect(JSON.stringify(roundTrip(value))).to.equal(JSON.stringify(value))
      }),
      { numRuns: 2000 },
    )
  })

  it('any string comes back, alone and inside', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        expect(roundTrip(text)).to.equal(text)
        expect((roundTrip([text]) as string[])[0]).to.equal(text)
      }),
    )
    expect(roundTrip('\ud800')).to.equal('\ud800')
    expect(roundTrip({ '\ud800': '\udfff' })).to.deep.equal({ '\ud800': '\udfff' })
  })

  it('anything else is refused, whatever it is, by a code', () => {
    fc.assert(
      fc.property(
        fc.anything({
          withBigInt: true,
          withDate: true,
          withMap: true,
          withSet: true,
          withTypedArray: true,
          withSparseArray: true,
        }),
        value => {
          if (refusal(value) === undefined && !(value instanceof Uint8Array))
            expect(JSON.stringify(roundTrip(value))).to.equal(JSON.stringify(value))
        },
      ),
      { numRuns: 5000 },
    )
  })

  class User {
    name = 'a'
  }
  const cycle: Record<string, unknown> = { inner: [] }
  ;(cycle.inner as unknown[]).push(cycle)
  let deep: unknown = 1
  for (let i = 0; i < 1002; i++) deep = [deep]

  const refused: readonly [unknown, string][] = [
    [undefined, '$ is undefined'],
    [[1, undefined], '$[1] is undefined'],
    // biome-ignore lint/suspicious/noSparseArray: the hole is the case.
    [[1, , 2], '$[1] is a hole'],
    [() => 1, '$ is a function'],
    [{ a: { b: () => 1 } }, '$.a.b is a function'],
    [Symbol('a'), '$ is a symbol'],
    [{ n: 1n }, '$.n is a bigint'],
    [Number.NaN, '$ is NaN'],
    [{ a: Number.POSITIVE_INFINITY }, '$.a is Infinity'],
    [{ user: { createdAt: new Date(0) } }, '$.user.createdAt is a Date'],
    [new Map(), '$ is a Map'],
    [{ 'a b': new Set() }, '$["a b"] is a Set'],
    [/a/, '$ is a RegExp'],
    [new Error('a'), '$ is a Error'],
    [new User(), '$ is an instance of User'],
    [new (class List extends Array {})(), '$ is an instance of List'],
    [Object.create({ inherited: 1 }), '$ is an instance of Object'],
    [new String('a'), '$ is a String'],
    [Promise.resolve(1), '$ is a Promise'],
    [{ body: Buffer.from('a') }, '$.body is a Uint8Array'],
    [new Float64Array(2), '$ is a Float64Array'],
    [new ArrayBuffer(2), '$ is a ArrayBuffer'],
    [cycle, '$.inner[0] is a cycle'],
    [deep, 'is deeper than 1000 levels'],
    [{ toJSON: () => 1 }, '$.toJSON is a function'],
  ]
  for (const [value, start] of refused)
    it(`refuses: ${start}`, () => {
      const message = refusal(value)
      expect(message).to.include(start)
      expect(message).to.match(/: \S+/)
      expect(message!.length).to.be.lessThan(300)
    })

  it('says what to do with a date', () => expect(refusal({ at: new Date() })).to.include('use date.toISOString()'))

  it('drops undefined properties and the sign of zero, as JSON does', () => {
    expect(roundTrip({ a: undefined, b: 1 })).to.deep.equal({ b: 1 })
    expect(Object.is(roundTrip(-0), 0)).to.equal(true)
    expect(Object.is(roundTrip([-0]), -0)).to.equal(false)
  })

  it('takes objects without a prototype, of another realm, and the same one twice', () => {
    const bare = Object.assign(Object.create(null), { a: 1 })
    expect(roundTrip(bare)).to.deep.equal({ a: 1 })
    expect(roundTrip(runInNewContext('({ a: [1, { b: 2 }] })'))).to.deep.equal({ a: [1, { b: 2 }] })
    const shared = { a: 1 }
    expect(roundTrip([shared, shared])).to.deep.equal([{ a: 1 }, { a: 1 }])
  })

  it('takes a thousand levels', () => {
    let value: unknown = 1
    for (let i = 0; i < 1000; i++) value = { a: value }
    expect(JSON.stringify(roundTrip(value))).to.equal(JSON.stringify(value))
  })

  it('keeps an own __proto__ and pollutes nothing', () => {
    const value = JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}')
    const back = roundTrip(value) as object
    expect(Object.keys(back)).to.deep.equal(['__proto__', 'constructor'])
    expect(Object.getPrototypeOf(back)).to.equal(Object.prototype)
    expect(({} as Record<string, unknown>).polluted).to.equal(undefined)
  })

  it('keeps bytes, of the class in which they came', () => {
    const buffer = roundTrip(Buffer.from('ab'))
    expect(Buffer.isBuffer(buffer) && buffer.toString()).to.equal('ab')
    const array = roundTrip(new Uint8Array([1, 2]))
    expect(Buffer.isBuffer(array)).to.equal(false)
    expect(array).to.deep.equal(new Uint8Array([1, 2]))
    expect(roundTrip(Buffer.alloc(0))).to.have.length(0)
    expect(roundTrip(Buffer.from('abcdef').subarray(2, 4))?.toString()).to.equal('cd')
  })

  it('shares nothing with whoever set it or got it', () => {
    const value = { list: [1] }
    const encoded = encodeValue(value)
    value.list.push(2)
    const first = decodeValue(encoded) as typeof value
    first.list.push(3)
    expect(decodeValue(encoded)).to.deep.equal({ list: [1] })

    const bytes = Buffer.from('ab')
    const held = encodeValue(bytes)
    bytes[0] = 0
    ;(decodeValue(held) as Buffer)[1] = 0
    expect((decodeValue(held) as Buffer).toString()).to.equal('ab')
  })

  it('are counted in bytes', () => {
    expect(encodedBytes(encodeValue(Buffer.alloc(100)))).to.be.within(100, 300)
    expect(encodedBytes(encodeValue('ü'.repeat(10)))).to.equal(10)
    expect(encodedBytes(encodeValue('日'.repeat(10)))).to.equal(20)
    expect(encodedBytes(encodeValue({ a: 1 }))).to.equal(7)
  })
})
