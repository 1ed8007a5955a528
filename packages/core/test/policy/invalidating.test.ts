// RFC 9111 §4.4 — Invalidation.

import { expect } from 'chai'
import { invalidatedTargets } from '../../src/policy/invalidating.ts'
import { itIsTotalAndLinear } from '../http/hostile.ts'
import { response } from './facts.ts'

const ORIGIN = 'http://h.example'

function targets(lines: readonly string[], target = '/a/b?c', origin = ORIGIN): string[] {
  return invalidatedTargets('POST', 200, target, origin, response(lines).headers)
}

describe('RFC 9111 §4.4 method and status', () => {
  for (const method of ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY']) {
    it(`${method} is safe`, () => expect(invalidatedTargets(method, 200, '/', ORIGIN, [])).to.deep.equal([]))
  }
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'M-SEARCH', 'get', 'FOO']) {
    it(`${method} is not`, () => expect(invalidatedTargets(method, 200, '/', ORIGIN, [])).to.deep.equal([`${ORIGIN}/`]))
  }
  for (const [status, does] of [
    [199, false],
    [200, true],
    [204, true],
    [303, true],
    [399, true],
    [400, false],
    [500, false],
  ] as const) {
    it(`${status} → ${does}`, () =>
      expect(invalidatedTargets('POST', status, '/', ORIGIN, [])).to.have.length(does ? 1 : 0))
  }
})

describe('RFC 9111 §4.4 targets', () => {
  const own = '/a/b?c'
  const cases: [string[], string[]][] = [
    [[], [own]],
    [['Location: /x'], [own, '/x']],
    [['Location: /x?y#z'], [own, '/x?y']],
    [['Location: x'], [own, '/a/x']],
    [['Location: ?x'], [own, '/a/b?x']],
    [['Location: ../x'], [own, '/x']],
    [['Location: http://h.example/x'], [own, '/x']],
    [['Location: HTTP://H.EXAMPLE:80/x'], [own, '/x']],
    [['Location: http://h.example'], [own, '/']],
    [['Content-Location: /x'], [own, '/x']],
    [
      ['Location: /x', 'Content-Location: /y'],
      [own, '/x', '/y'],
    ],
    [
      ['Location: /x', 'Content-Location: /x'],
      [own, '/x'],
    ],
    [['Location: /x/../y'], [own, '/y', '/x/../y']],
    [['Location: /a/b?c'], [own]],
    [['Location:'], [own]],
    [['Location: http://evil.example/x'], [own]],
    [['Location: //evil.example/x'], [own]],
    [['Location: https://h.example/x'], [own]],
    [['Location: http://h.example:8080/x'], [own]],
    [['Location: http://h.example@evil.example/x'], [own]],
    [['Location: \\\\evil.example/x'], [own]],
    [['Location: javascript:alert(1)'], [own]],
    [['Location: http://[/x'], [own]],
    [[`Location: /${'x'.repeat(9000)}`], [own]],
  ]
  for (const [lines, paths] of cases) {
    it(`${lines.join(' | ').slice(0, 60) || 'nothing'} → ${paths}`, () => {
      expect(targets(lines)).to.have.members(paths.map(path => ORIGIN + path))
    })
  }
  it('the own target is not touched', () => {
    expect(targets([], '/x/../y?%2e#z')).to.deep.equal([`${ORIGIN}/x/../y?%2e#z`])
  })
  it('an origin that is no origin', () =>
    expect(targets(['Location: /x'], '/y', 'nonsense')).to.deep.equal(['nonsense/y']))
})

describe('invalidatedTargets', () =>
  itIsTotalAndLinear(
    text => targets([], '/', ORIGIN) && invalidatedTargets('POST', 200, '/', ORIGIN, ['Location', text]),
    '/',
  ))
