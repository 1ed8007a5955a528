// Options are checked once, with a message that says what to write.

import { expect } from 'chai'
import fc from 'fast-check'
import { describeValue } from '../src/describe-value.ts'
import type { LarderTypeError } from '../src/errors.ts'
import {
  anyOf,
  checkOptions,
  hasMethods,
  isBoolean,
  isDuration,
  isFunction,
  isInteger,
  isObject,
  isString,
  isStringArray,
  type OptionRule,
  oneOf,
} from '../src/options.ts'
import { codeOf } from './support.ts'

const shape = { ttl: isDuration, maxBytes: isInteger(1), tags: anyOf(isStringArray, isFunction), public: isBoolean }
const check = (given: unknown) => checkOptions('responseCache()', given, shape)
const messageOf = (given: unknown) => {
  try {
    check(given)
  } catch (error) {
    return (error as LarderTypeError).message
  }
  return undefined
}

describe('options', () => {
  it('may be right, absent or undefined', () => {
    check({})
    check({ ttl: 60, maxBytes: 1, tags: ['a'], public: false })
    check({ tags: () => [], ttl: undefined })
    check(Object.create(null))
  })

  for (const given of [undefined, null, 1, 'ttl', [], new Map(), new (class Options {})()])
    it(`are no ${describeValue(given)}`, () => expect(codeOf(() => check(given))).to.equal('LARDER_INVALID_OPTION'))

  it('with an unknown name ask for the nearest', () => {
    expect(messageOf({ tll: 60 })).to.equal("responseCache(): unknown option 'tll': did you mean 'ttl'?")
    expect(messageOf({ maxbytes: 60 })).to.include("did you mean 'maxBytes'?")
    expect(messageOf({ staleness: 60 })).to.include('known are ttl, maxBytes, tags, public')
    expect(codeOf(() => check({ tll: undefined }))).to.equal('LARDER_UNKNOWN_OPTION')
    for (const name of ['toString', 'constructor', '__proto__', 'hasOwnProperty'])
      expect(
        codeOf(() => check(JSON.parse(`{"${name}":1}`))),
        name,
      ).to.equal('LARDER_UNKNOWN_OPTION')
  })

  it('with a wrong value say which, what was given and what is expected', () => {
    expect(messageOf({ maxBytes: -5 })).to.equal(
      'responseCache(): maxBytes: -5 given, expected a whole number from 1 up',
    )
    expect(messageOf({ tags: [1] })).to.equal(
      'responseCache(): tags: an array of 1 given, expected an array of strings, or a function',
    )
    expect(messageOf({ public: 'yes' })).to.equal("responseCache(): public: 'yes' given, expected true or false")
  })

  it('with a wrong duration have the code of a duration', () => {
    expect(codeOf(() => check({ ttl: 300_000 }))).to.equal('LARDER_INVALID_DURATION')
    expect(messageOf({ ttl: 300_000 })).to.include("write '5m' or 300")
  })

  const rules: readonly [string, OptionRule, readonly unknown[], readonly unknown[]][] = [
    ['isBoolean', isBoolean, [true, false], [0, 'true', null]],
    ['isFunction', isFunction, [() => 1, class {}], [{}, null]],
    ['isString', isString, ['a'], ['', 1, null]],
    ['isObject', isObject, [{}, []], [null, 'a', () => 1]],
    ['isStringArray', isStringArray, [[], ['a']], ['a', [1], ['a', null], null]],
    ['isInteger(1, 3)', isInteger(1, 3), [1, 2, 3], [0, 4, 1.5, '2', 2n, Number.NaN, null]],
    ['oneOf', oneOf('a', 'b'), ['a', 'b'], ['c', null, 1]],
    ['hasMethods', hasMethods('get'), [new Map()], [{}, null, { get: 1 }]],
    ['isDuration', isDuration, ['1s', 5], ['1', -1, null]],
  ]
  for (const [name, rule, right, wrong] of rules)
    it(name, () => {
      for (const value of right) expect(rule(value, 'x'), describeValue(value)).to.equal(undefined)
      for (const value of wrong) expect(rule(value, 'x'), describeValue(value)).to.be.a('string')
    })

  it('any value can be described: on one line, short, without running its code', () => {
    const trap = {
      toString: () => expect.fail('ran'),
      toJSON: () => expect.fail('ran'),
      [Symbol.toPrimitive]: () => expect.fail('ran'),
    }
    expect(describeValue(trap)).to.equal('an object')
    expect(describeValue('a\nb')).to.equal("'a\\nb'")
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true }), value => {
        const text = describeValue(value)
        return !text.includes('\n') && text.length < 300
      }),
    )
  })
})
