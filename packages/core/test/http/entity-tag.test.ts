// RFC 9110 §8.8.3 — Entity tags.

import { expect } from 'chai'
import { isEntityTag, matchesList, strongMatch, weakMatch } from '../../src/http/entity-tag.ts'
import { itIsTotalAndLinear } from './hostile.ts'

describe('RFC 9110 §8.8.3.2 comparison', () => {
  const cases: [string, string, boolean, boolean][] = [
    ['W/"1"', 'W/"1"', false, true],
    ['W/"1"', 'W/"2"', false, false],
    ['W/"1"', '"1"', false, true],
    ['"1"', 'W/"1"', false, true],
    ['"1"', '"1"', true, true],
    ['""', '""', true, true],
    ['"A"', '"a"', false, false],
    ['1', '1', false, false],
    ['1', '"1"', false, false],
    ['w/"1"', 'w/"1"', false, false],
    ['W"1"', 'W"1"', false, false],
    ['"a b"', '"a b"', false, false],
    ['"a"b"', '"a"b"', false, false],
    ['', '', false, false],
    ['"\u00fc"', '"\u00fc"', true, true],
  ]
  for (const [a, b, strong, weak] of cases) {
    it(`${a} and ${b} → strong ${strong}, weak ${weak}`, () => {
      expect(strongMatch(a, b)).to.equal(strong)
      expect(weakMatch(a, b)).to.equal(weak)
    })
  }
})

describe('RFC 9110 §13.1.2 If-None-Match', () => {
  const cases: [string, string | undefined, boolean][] = [
    ['"a"', '"a"', true],
    ['"a"', '"b"', false],
    ['"a", "b", "c"', '"a"', true],
    ['"a", "b", "c"', '"b"', true],
    ['"a","b","c"', '"c"', true],
    [' "a"\t, ,"b" ', '"b"', true],
    ['W/"a", "b"', '"a"', true],
    ['"a"', 'W/"a"', true],
    ['"a,b"', '"a,b"', true],
    ['"a,b"', '"b"', false],
    ['"a,b"', '"a"', false],
    ['*', '"a"', true],
    [' * ', undefined, true],
    ['*', undefined, true],
    ['"*"', '"a"', false],
    ['*, "a"', '"b"', false],
    ['"a"', undefined, false],
    ['', '"a"', false],
    ['a', 'a', false],
    ['a', '"a"', false],
    ['"a', '"a"', false],
    ['"a" "b"', '"b"', false],
    ['b, "a"', '"a"', false],
    ['"b"x, "a"', '"a"', false],
    ['"\u00fc"', '"\u00fc"', true],
  ]
  for (const [field, tag, matches] of cases) {
    it(`${field} against ${tag} → ${matches}`, () => expect(matchesList(field, tag, weakMatch)).to.equal(matches))
  }
  it('compares strongly when asked to', () => {
    expect(matchesList('W/"a", "b"', '"a"', strongMatch)).to.equal(false)
    expect(matchesList('W/"a", "b"', '"b"', strongMatch)).to.equal(true)
  })
})

describe('matchesList', () => itIsTotalAndLinear(text => matchesList(text, '"a-z"', weakMatch), 'W/"x", '))

describe('isEntityTag', () => itIsTotalAndLinear(isEntityTag, 'W/"'))
