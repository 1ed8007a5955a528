// RFC 9875 — Cache groups.

import { expect } from 'chai'
import { cacheGroups, invalidatedGroups } from '../../src/policy/groups.ts'
import { itIsTotalAndLinear } from '../http/hostile.ts'

describe('RFC 9875 §2 Cache-Groups', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['"events"', ['events']],
    ['"events", "home"', ['events', 'home']],
    ['"events", "events"', ['events']],
    ['"events";a=1, "home"', ['events', 'home']],
    ['"a \\"quoted\\" one"', ['a "quoted" one']],
    ['', []],
    // Anything but a List of Strings spoils the field.
    ['events', []],
    ['"events", home', []],
    ['"events", 5', []],
    ['"events", ("home")', []],
    ['"broken', []],
    [`"${'x'.repeat(129)}", "short"`, ['short']],
  ]
  for (const [value, groups] of cases) {
    it(`${value.slice(0, 40)} → ${JSON.stringify(groups)}`, () => {
      expect(cacheGroups(['Cache-Groups', value])).to.deep.equal(groups)
    })
  }

  it('several lines are one list', () => {
    expect(cacheGroups(['Cache-Groups', '"a"', 'cache-groups', '"b"'])).to.deep.equal(['a', 'b'])
  })

  it('at least 32 groups of 32 characters', () => {
    const groups = Array.from({ length: 32 }, (_, i) => String(i).padStart(32, 'g'))
    expect(cacheGroups(['Cache-Groups', groups.map(group => `"${group}"`).join(', ')])).to.deep.equal(groups)
  })

  itIsTotalAndLinear(text => cacheGroups(['Cache-Groups', text]), '"a", ')
})

describe('RFC 9875 §3 Cache-Group-Invalidation', () => {
  const headers = ['Cache-Group-Invalidation', '"events"']
  for (const [method, status, groups] of [
    ['POST', 201, ['events']],
    ['PATCH', 204, ['events']],
    ['DELETE', 303, ['events']],
    ['UNKNOWN', 200, ['events']],
    ['POST', 400, []],
    ['POST', 500, []],
    ['GET', 200, []],
    ['HEAD', 200, []],
    ['OPTIONS', 200, []],
  ] as const) {
    it(`${method} ${status} → ${JSON.stringify(groups)}`, () => {
      expect(invalidatedGroups(method, status, headers)).to.deep.equal(groups)
    })
  }
})
