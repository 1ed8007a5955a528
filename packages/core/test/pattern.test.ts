// Redis's glob patterns, against an oracle, and in linear time.

import { performance } from 'node:perf_hooks'
import { expect } from 'chai'
import fc from 'fast-check'
import { checkPattern, compilePattern, escapeGlob, glob } from '../src/pattern.ts'
import { codeOf } from './support.ts'

// stringmatchlen() of Redis, recursive, over code points.
function oracle(pattern: readonly string[], subject: readonly string[]): boolean {
  const [p] = pattern
  if (p === undefined) return subject.length === 0
  if (p === '*') return oracle(pattern.slice(1), subject) || (subject.length > 0 && oracle(pattern, subject.slice(1)))
  const [s] = subject
  if (s === undefined) return false
  if (p === '?') return oracle(pattern.slice(1), subject.slice(1))
  if (p === '[') {
    let rest = pattern.slice(1)
    const not = rest[0] === '^'
    if (not) rest = rest.slice(1)
    let match = false
    for (;;) {
      if (rest[0] === '\\' && rest.length >= 2) {
        rest = rest.slice(1)
        if (rest[0] === s) match = true
      } else if (rest[0] === ']' || rest.length === 0) break
      else if (rest.length >= 3 && rest[1] === '-') {
        const [low, high] = [point(rest[0]!), point(rest[2]!)].sort((a, b) => a - b)
        rest = rest.slice(2)
        if (point(s) >= low! && point(s) <= high!) match = true
      } else if (rest[0] === s) match = true
      rest = rest.slice(1)
    }
    return match !== not && oracle(rest.slice(1), subject.slice(1))
  }
  const literal = p === '\\' && pattern.length >= 2 ? 1 : 0
  return pattern[literal] === s && oracle(pattern.slice(literal + 1), subject.slice(1))
}
const point = (character: string) => character.codePointAt(0)!

const cases: readonly [string, readonly string[], readonly string[]][] = [
  ['', [''], ['a']],
  ['*', ['', 'a', 'a\nb', '😀'], []],
  ['user:*', ['user:', 'user:1', 'user:1:posts'], ['user', 'xuser:1', 'User:1']],
  ['*:posts', [':posts', 'user:1:posts'], ['posts', 'user:1:posts:2']],
  ['user:*:posts', ['user:1:posts', 'user::posts'], ['user:posts', 'user:1:posts2']],
  ['a*a', ['aa', 'aba', 'aaa'], ['a', 'ab']],
  ['a**b', ['ab', 'axb'], ['a']],
  ['*ab*ab*', ['abab', 'xabyabz', 'aabaab'], ['ab', 'aba', 'abba']],
  ['h?llo', ['hello', 'h\nllo', 'h😀llo', 'h\ud800llo'], ['hllo', 'heello']],
  ['??', ['ab', '😀😀', '😀a'], ['a', '😀', 'abc']],
  ['*??', ['ab', 'x😀😀'], ['😀', 'a']],
  ['h[ae]llo', ['hallo', 'hello'], ['hillo', 'h[llo']],
  ['h[^e]llo', ['hallo', 'h^llo'], ['hello', 'hllo']],
  ['[a-c]', ['a', 'b', 'c'], ['d', '-', '']],
  ['[c-a]', ['a', 'b', 'c'], ['d']],
  ['[😀-😂]', ['😀', '😁', '😂'], ['😃', '\ud83d']],
  ['[]', [], ['', ']', 'a']],
  ['[^]', ['a', ']'], ['']],
  ['[\\]]', [']'], ['\\', 'a']],
  ['[a', ['a'], ['[a', 'b']],
  ['a\\*', ['a*'], ['ab', 'a\\*']],
  ['\\a\\?', ['a?'], ['aa']],
  ['a\\', ['a\\'], ['a']],
  ['\udc00*', ['\udc00', '\udc00a'], ['😀', '\ud83d\udc00']],
  ['*\ud83d', ['\ud83d', 'a\ud83d'], ['😀']],
  ['*\ude00*', ['a\ude00b'], ['😀']],
]

describe('a glob pattern', () => {
  for (const [pattern, right, wrong] of cases)
    it(JSON.stringify(pattern), () => {
      const matches = compilePattern(pattern)
      for (const subject of right) expect(matches(subject), subject).to.equal(true)
      for (const subject of wrong) expect(matches(subject), subject).to.equal(false)
    })

  const alphabet = ['a', 'b', 'c', '*', '*', '?', '[', ']', '^', '-', '\\', '😀', '\ud83d', '\ude00']
  const text = (from: readonly string[], maxLength: number) =>
    fc.array(fc.constantFrom(...from), { maxLength }).map(parts => parts.join(''))

  it('matches as Redis does', () => {
    fc.assert(
      fc.property(
        text(alphabet, 10),
        text(['a', 'b', 'c', '-', ']', '😀', '\ud83d', '\ude00'], 10),
        (pattern, subject) => {
          expect(compilePattern(pattern)(subject)).to.equal(oracle([...pattern], [...subject]))
        },
      ),
      { numRuns: 20_000 },
    )
  })

  it('escaped, any text matches itself alone', () => {
    fc.assert(
      fc.property(text(alphabet, 10), text(alphabet, 10), (a, b) => {
        expect(compilePattern(escapeGlob(a))(b)).to.equal(a === b)
        expect(compilePattern(glob`${a}:*`)(`${a}:${b}`)).to.equal(true)
      }),
      { numRuns: 5000 },
    )
  })

  it('as a template escapes its values, not its text', () => {
    expect(glob`user:${'*'}:*`).to.equal('user:\\*:*')
    expect(glob`*`).to.equal('*')
    expect(glob`a\*${1}`).to.equal('a\\*1')
    expect(glob`${1}${2n}`).to.equal('12')
  })

  it('is a string of at most 1024 bytes', () => {
    for (const pattern of ['x'.repeat(1025), 'ü'.repeat(513), undefined, null, 1, /a/])
      expect(codeOf(() => compilePattern(pattern as string))).to.equal('LARDER_INVALID_PATTERN')
    checkPattern('*'.repeat(1024))
    expect(() => compilePattern(1 as never)).to.throw(TypeError)
  })

  // The patterns that blow up a matcher that tries again.
  const evil: readonly [string, (n: number) => string][] = [
    ['*a*a*a*a*a*a*a*a*b', n => 'a'.repeat(n)],
    ['*[a]*[a]*[a]*[a]*[a]*b', n => 'a'.repeat(n)],
    ['*?a*?a*?a*?a*b', n => 'a'.repeat(n)],
    [`*${'a'.repeat(500)}b*`, n => 'a'.repeat(n)],
    [`*${'[a-z]'.repeat(100)}[0]*`, n => 'a'.repeat(n)],
  ]
  for (const [pattern, subject] of evil)
    it(`${pattern.slice(0, 24)} takes twice as long for twice the subject`, function () {
      // Other work of the machine can spoil one measurement.
      this.retries(3)
      const matches = compilePattern(pattern)
      const time = (text: string) => {
        let best = Number.POSITIVE_INFINITY
        for (let i = 0; i < 15; i++) {
          const startedAt = performance.now()
          matches(text)
          best = Math.min(best, performance.now() - startedAt)
        }
        return best
      }
      const n = 20_000
      const [once, twice] = [subject(n), subject(2 * n)]
      time(once)
      expect(time(twice) / time(once)).to.be.lessThan(2.5)
    })
})
