// Keys are injective: who asks for another thing, by any part that counts, never gets what is stored for this one.

import { expect } from 'chai'
import fc from 'fast-check'
import { field, type Lines } from './oracle.ts'
import { patience, runs } from './runs.ts'
import { createWorld, type WorldOptions } from './world.ts'

const CASES = 800

/** Pieces of what keys are made of, so that one part can pose as the end of another. */
const piece = fc.constantFrom(
  ...['a', 'b', '1', ':', ';', '-', '\n', 'k1:', 's1:', '\ns1:a', 'x-a:1:', 'x-b:-;', '\u0000', '\ud800', '', ' '],
)
const part = fc.array(piece, { maxLength: 4 }).map(pieces => pieces.join(''))
const pathPiece = fc.constantFrom(
  ...['a', 'b', '/', '%2f', '%2F', 'A', '?', '&', '=', '%26', ';', '+', '%20', '.a', '@', ':'],
)
const host = fc.constantFrom('h', 'h.example', 'H.example', 'h.example:80', 'h.example:8', '[::1]')
const pair = fc.constantFrom(
  ...[
    'a=1',
    'a=2',
    'b=1',
    'b',
    'a',
    '',
    '=',
    'c=1%26b=1',
    'c=1',
    'utm_x=1',
    'utm_x=2',
    '%61=1',
    'u+m=1',
    '%zz=1',
    'b=1;a=2',
  ],
)

/** Key, scope and two fields. In the last way the end of the one key is the beginning of the other's scope, as the key writes it. */
const parts = fc.oneof(
  alike(part, 4, 4),
  fc.tuple(part, part, part).map(([a, b, c]) => {
    const scope = `${b}\ns${c.length}:${c}`
    return [
      [a, scope, '', ''],
      [`${a}\ns${scope.length}:${b}`, c, '', ''],
    ] as const
  }),
)

interface Request {
  readonly target: string
  readonly lines: Lines
}

/** The two requests share one run. */
function share(options: Omit<WorldOptions, 'handler'>, first: Request, second: Request): boolean {
  const world = createWorld({
    ttl: '1m',
    ...options,
    handler(run) {
      run.head(200, [])
      run.end()
    },
  })
  expect(world.ask('GET', first.target, first.lines).answer!.status).to.equal(200)
  return world.ask('GET', second.target, second.lines).run === undefined
}

/** Two lists of pieces that are like each other more often than chance has it. */
function alike<T>(
  piece: fc.Arbitrary<T>,
  maxLength: number,
  minLength = 0,
): fc.Arbitrary<readonly [readonly T[], readonly T[]]> {
  const one = fc.array(piece, { minLength, maxLength })
  const shuffled = (first: readonly T[]) => {
    const least = Math.max(minLength, first.length - 1)
    return fc.tuple(fc.constant(first), fc.shuffledSubarray([...first], { minLength: least }))
  }
  const changed = fc.tuple(one, piece, fc.nat(maxLength)).map(([first, piece, at]) => {
    return [first, first.map((each, i) => (i === at ? piece : each))] as const
  })
  return fc.oneof(fc.tuple(one, one), one.chain(shuffled), changed)
}

describe('keys', () => {
  it('two hosts or targets that differ in one byte are two', function () {
    this.timeout(patience(CASES))
    const check = fc.property(fc.tuple(host, host), alike(pathPiece, 6), ([host1, host2], pieces) => {
      const [path1, path2] = pieces.map(each => `/${each.join('')}`) as [string, string]
      const isShared = share(
        {},
        { target: path1, lines: [['Host', host1]] },
        { target: path2, lines: [['Host', host2]] },
      )
      if (isShared) expect([host1, path1]).to.deep.equal([host2, path2])
    })
    fc.assert(check, runs(CASES))
  })

  it("keys and scopes of the user's own never pose as one another", function () {
    this.timeout(patience(CASES))
    const given =
      (name: string) =>
      ({ lines }: { readonly lines: Lines }) =>
        field(lines, name) ?? ''
    const check = fc.property(parts, fc.boolean(), fc.boolean(), ([first, second], hasKey, hasScope) => {
      const [one, other] = [first, second].map(([key, scope, a, b]) => ({
        target: '/a',
        lines: [
          ['X-Key', key],
          ['X-Scope', scope],
          ['X-A', a],
          ['X-B', b],
        ] as const,
      })) as unknown as readonly [Request, Request]
      const options = {
        vary: ['x-a', 'X-B'],
        ...(hasKey && { key: given('x-key') }),
        ...(hasScope && { scope: given('x-scope') }),
      }
      if (!share(options, one, other)) return
      const counted = (all: readonly string[]) => [hasKey && all[0], hasScope && all[1], trim(all[2]!), trim(all[3]!)]
      expect(counted(first)).to.deep.equal(counted(second))
    })
    fc.assert(check, runs(CASES))
  })

  it('queries that are sorted or cut differ wherever a parameter that counts does', function () {
    this.timeout(patience(CASES))
    const options = fc.record({
      sort: fc.boolean(),
      ignore: fc.constantFrom<readonly string[]>([], ['utm_*'], ['b']),
    })
    const check = fc.property(alike(pair, 5), options, (pairs, options) => {
      const [first, second] = pairs.map(each => each.join('&')) as [string, string]
      const isShared = share(
        { query: options },
        { target: `/a?${first}`, lines: [] },
        { target: `/a?${second}`, lines: [] },
      )
      if (isShared) expect(counted(first, options)).to.deep.equal(counted(second, options))
    })
    fc.assert(check, runs(CASES))
  })
})

function trim(value: string): string {
  return value.replace(/^[ \t]+|[ \t]+$/g, '')
}

/** What a handler can tell apart of a query: its parameters, those of one name in their order. */
function counted(query: string, { sort, ignore }: { readonly sort: boolean; readonly ignore: readonly string[] }) {
  let parameters: { readonly name: string; readonly pair: string }[]
  try {
    parameters = query
      .split('&')
      .map(pair => ({ name: decodeURIComponent(pair.split('=')[0]!.replaceAll('+', ' ')), pair }))
  } catch {
    return query
  }
  const isIgnored = (name: string) => ignore.some(each => (each === 'utm_*' ? name.startsWith('utm_') : each === name))
  const isAlone = (name: string) => parameters.filter(each => each.name === name).length === 1
  const left = parameters.filter(({ name }) => !isIgnored(name) || !isAlone(name))
  if (!sort) return left.map(({ pair }) => pair)
  const groups = new Map<string, string[]>()
  for (const { name, pair } of left) groups.set(name, [...(groups.get(name) ?? []), pair])
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1))
}
