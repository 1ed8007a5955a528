// RFC 9111 §4.1 — Vary.

import { expect } from 'chai'
import fc from 'fast-check'
import { impliedVary, variantOf, varyNames } from '../../src/policy/vary.ts'
import { headerText, itIsTotalAndLinear } from '../http/hostile.ts'
import { response } from './facts.ts'

describe('RFC 9111 §4.1 nominated fields', () => {
  const cases: [string[], readonly string[] | '*'][] = [
    [[], []],
    [['Vary:'], []],
    [['Vary: , ,'], []],
    [['Vary: Foo'], ['foo']],
    [['Vary: foo, BAR'], ['bar', 'foo']],
    [
      ['Vary: foo,bar', 'vary: Baz'],
      ['bar', 'baz', 'foo'],
    ],
    [['Vary: foo, FOO, foo'], ['foo']],
    [['Vary: \tfoo ,'], ['foo']],
    [['Vary: *'], '*'],
    [['Vary: *, *'], '*'],
    [['Vary: *', 'Vary: *'], '*'],
    [['Vary: , *'], '*'],
    [['Vary:', 'Vary: *'], '*'],
    [['Vary: *, Foo'], '*'],
    [['Vary: Foo, *'], '*'],
    [['Vary: Foo', 'Vary: *'], '*'],
    [['Vary: foo bar'], '*'],
    [['Vary: foo;bar'], '*'],
    [['Vary: "foo"'], '*'],
    [['Vary: constructor, foo'], ['constructor', 'foo']],
    [['Vary: foo, __Proto__'], '*'],
    [['Vary: f\u00f6\u00f6'], '*'],
    [
      [`Vary: ${Array.from({ length: 64 }, (_, i) => `x${i}`).join()}`],
      Array.from({ length: 64 }, (_, i) => `x${i}`).sort(),
    ],
    [[`Vary: ${Array.from({ length: 65 }, (_, i) => `x${i}`).join()}`], '*'],
    [[`Vary: ${'a,'.repeat(2049)}`], '*'],
  ]
  for (const [lines, names] of cases) {
    it(`${lines.join(' | ').slice(0, 60)} → ${String(names).slice(0, 60)}`, () => {
      expect(varyNames(response(lines).headers)).to.deep.equal(names)
    })
  }
  it('leaves out what the caller covers', () => {
    const { headers } = response(['Vary: Accept-Encoding, Accept'])
    expect(varyNames(headers, new Set(['accept-encoding']))).to.deep.equal(['accept'])
  })
})

describe('RFC 9111 §4.1 same variant', () => {
  it('a field that is absent is absent, also where every object has something of its name', () => {
    expect(variantOf(['constructor'], {})).to.equal('constructor:-;')
    expect(variantOf(['__proto__'], {})).to.equal('__proto__:-;')
    expect(variantOf(['constructor'], { constructor: 'a' } as never)).to.equal('constructor:1:a;')
  })

  const cases: [string, string | string[], string | string[]][] = [
    ['x-trip', ' a ', 'a'],
    ['x-trip', ['1', '2'], '1, 2'],
    ['accept-language', 'fr', 'FR'],
    ['accept-language', 'en,de', 'en , de'],
    ['accept-language', 'en;q=0.5, fr', 'fr,en; q=0.50'],
    ['accept-language', 'fr;q=1.0', 'fr'],
    ['accept-language', ['fr', 'en;q=0.1'], 'fr, en;q=0.1'],
    ['accept-language', ',fr,', 'fr'],
    ['accept', 'text/HTML, */*;q=0.8', '*/*; q=0.8,text/html'],
    ['accept-encoding', 'gzip, br', 'gzip,br'],
  ]
  for (const [name, a, b] of cases) {
    it(`${name}: ${a} and ${b}`, () => {
      expect(variantOf([name], { [name]: a })).to.equal(variantOf([name], { [name]: b }))
    })
  }
})

describe('RFC 9111 §4.1 other variant', () => {
  const cases: [string, string | undefined, string | undefined][] = [
    ['x-trip', undefined, ''],
    ['x-trip', 'a', 'A'],
    ['x-trip', 'a,b', 'a, b'],
    ['x-trip', 'en;q=0.5, fr', 'fr, en;q=0.5'],
    ['accept-language', undefined, ''],
    ['accept-language', 'fr', 'de'],
    ['accept-language', 'en, de', 'de, en'],
    ['accept-language', 'en;q=0.5', 'en;q=0.6'],
    ['accept-language', 'en;q=0', 'en'],
    ['accept-language', 'en;q=0.5, en', 'en, en;q=0.5'],
    ['accept', 'text/html;level=A', 'text/html;level=a'],
    ['accept', 'text/html;level=1', 'text/html'],
  ]
  for (const [name, a, b] of cases) {
    it(`${name}: ${a} and ${b}`, () => {
      expect(variantOf([name], { [name]: a })).to.not.equal(variantOf([name], { [name]: b }))
    })
  }
  it('a value cannot pose as two', () => {
    const rule = ['x-a', 'x-b']
    const one = { 'x-a': 'x:x-b:1:y;', 'x-b': undefined }
    const two = { 'x-a': 'x', 'x-b': 'y' }
    expect(variantOf(rule, one)).to.not.equal(variantOf(rule, two))
    expect(variantOf(rule, { 'x-a': 'x:b=y' })).to.not.equal(variantOf(rule, { 'x-a': 'x', 'x-b': 'y' }))
  })
  it('no rule, one variant', () => expect(variantOf([], { a: 'b' })).to.equal(''))
})

describe('S4 variants are injective', () => {
  const value = fc.option(fc.oneof(headerText(), fc.constantFrom('', '-', ';', '1:a;', 'x-b:-;')), { nil: undefined })
  it('over rules and values that nobody normalises', () => {
    const rule = fc.constantFrom(['x-a'], ['x-b'], ['x-a', 'x-b'], [])
    fc.assert(
      fc.property(rule, rule, value, value, value, value, (first, second, a, b, c, d) => {
        const said = (names: readonly string[], headers: Record<string, string | undefined>) =>
          JSON.stringify(names.map(name => [name, headers[name]?.replace(/^[ \t]+|[ \t]+$/g, '') ?? null]))
        const one = { 'x-a': a, 'x-b': b }
        const two = { 'x-a': c, 'x-b': d }
        expect(variantOf(first, one) === variantOf(second, two)).to.equal(said(first, one) === said(second, two))
      }),
      { numRuns: 2000 },
    )
  })
  it('over preferences: normalising twice is normalising once', () => {
    fc.assert(
      fc.property(headerText(), text => {
        const once = variantOf(['accept-language'], { 'accept-language': text })
        const normal = once.replace(/^accept-language:\d+:/, '').slice(0, -1)
        expect(variantOf(['accept-language'], { 'accept-language': normal })).to.equal(once)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('impliedVary', () => {
  const cases: [string[], readonly string[]][] = [
    [[], []],
    [['Access-Control-Allow-Origin: *'], []],
    [['access-control-allow-origin: https://good.example'], ['origin']],
    [['Access-Control-Allow-Origin: null'], ['origin']],
    [['Access-Control-Allow-Origin:'], ['origin']],
    [['Access-Control-Allow-Origin: *', 'Access-Control-Allow-Origin: https://good.example'], ['origin']],
  ]
  for (const [lines, names] of cases) {
    it(`${lines.join(' | ') || 'nothing'} → ${names}`, () => expect(impliedVary(response(lines))).to.deep.equal(names))
  }
})

describe('varyNames', () => itIsTotalAndLinear(text => varyNames(['Vary', text]), 'accept, '))

describe('variantOf', () => {
  itIsTotalAndLinear(text => variantOf(['accept-language', 'x'], { 'accept-language': text, x: text }), 'fr;q=0.5, ')
})
