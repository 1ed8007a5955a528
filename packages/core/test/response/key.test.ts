// No two requests share a key by accident: keys are injective over raw parts.

import { expect } from 'chai'
import fc from 'fast-check'
import { resourceKey, selectQuery } from '../../src/key.ts'
import { requestRefusal } from '../../src/policy/normal-request.ts'
import { beds, counting } from './bed.ts'

const numRuns = 1000 * Number(process.env['TEST_RUNS'] ?? 1)

/** Texts from which collisions would be made. */
const tricky = fc.oneof(
  fc.string(),
  fc.string({ unit: fc.constantFrom('/', '?', '&', '=', ';', '\n', ':', 'k', 's', '1', '2', '%', '\u0000', 'é') }),
)
const plain = (characters: string) => fc.string({ unit: fc.constantFrom(...characters), maxLength: 12 })
const origin = fc
  .tuple(
    fc.constantFrom('http', 'https'),
    plain('ab.:-[]_1').filter(host => host !== ''),
  )
  .map(([scheme, host]) => `${scheme}://${host}`)
const target = plain('ab?&=;%/\'"<>{}|^`+').map(rest => `/${rest}`)
const parts = fc.record({
  origin,
  target,
  custom: fc.option(tricky, { nil: undefined }),
  scope: fc.option(tricky, { nil: undefined }),
})

describe('resource keys', () => {
  it('differ whenever origin, target or custom key, or scope differ', () => {
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        // A custom key stands in the place of the target.
        const asked = (part: typeof a) => [
          part.origin,
          part.custom ?? part.target,
          part.custom !== undefined,
          part.scope,
        ]
        const key = (part: typeof a) => resourceKey(part.origin, part.target, undefined, part.custom, part.scope)
        expect(key(a) === key(b)).to.equal(JSON.stringify(asked(a)) === JSON.stringify(asked(b)))
      }),
      { numRuns },
    )
  })

  it('differ for parts that were moved from one to its neighbour', () => {
    fc.assert(
      fc.property(origin, target, tricky, tricky, fc.nat(20), (origin, target, custom, scope, at) => {
        const whole = `${custom}\ns${scope.length}:${scope}`
        const keys = new Set([
          resourceKey(origin, target, undefined, custom, scope),
          resourceKey(origin, target, undefined, whole, undefined),
          resourceKey(origin, target, undefined, whole, ''),
          resourceKey(origin, target, undefined, undefined, whole),
          resourceKey(`${origin}${target.slice(1, at)}x`, target, undefined, undefined, whole),
        ])
        expect(keys.size).to.equal(5)
      }),
      { numRuns },
    )
  })

  it('hold no line feed in the parts that are not counted', () => {
    for (const odd of ['/a\nb', '/a\rb', '/a b', '/a\u0000']) {
      const request = { method: 'GET', target: odd, headers: { host: 'h' }, rawHeaders: ['Host', 'h'] }
      expect(requestRefusal(request)).to.equal('target')
    }
  })
})

describe('selected queries', () => {
  const pair = fc.oneof(
    plain('ab=%&;+'),
    fc.constantFrom('a=1', 'a=2', 'b=1', 'utm_source=x', 'utm_=', 'a%26b=1', '%61=1', 'a[]=1', '', '%zz', 'a=%0a'),
  )
  const withQuery = fc.array(pair, { maxLength: 6 }).map(pairs => (pairs.length === 0 ? '/p' : `/p?${pairs.join('&')}`))
  const names = fc.array(fc.constantFrom('a', 'b', 'utm_source', 'a&b', 'utm_*'), { maxLength: 3 })
  const options = fc.record({ allow: names, ignore: names, sort: fc.boolean() }, { requiredKeys: [] })

  it('without an option are the raw target', () => {
    fc.assert(
      fc.property(withQuery, raw => {
        expect(selectQuery(raw, {})).to.equal(raw)
      }),
      { numRuns },
    )
  })

  it('are the same again when they are selected again', () => {
    fc.assert(
      fc.property(withQuery, options, (raw, query) => {
        // One that counted because it occurred twice still does.
        expect(selectQuery(selectQuery(raw, query), query)).to.equal(selectQuery(raw, query))
      }),
      { numRuns },
    )
  })

  it('are equal only where the parameters that count are equal, in their order by name', () => {
    fc.assert(
      fc.property(withQuery, withQuery, options, (a, b, query) => {
        if (selectQuery(a, query) !== selectQuery(b, query)) return
        expect(counted(a, query)).to.deep.equal(counted(b, query))
      }),
      { numRuns: numRuns * 5 },
    )
  })

  it('keep the order of equal names when they are sorted', () => {
    expect(selectQuery('/p?b=2&a=2&b=1&a=1', { sort: true })).to.equal('/p?a=2&a=1&b=2&b=1')
  })

  for (const odd of ['/p?%zz&utm_a=1', `/p?${'a&'.repeat(300)}utm_a=1`]) {
    it(`stay raw when they are odd: ${odd.slice(0, 20)}`, () => {
      expect(selectQuery(odd, { ignore: ['utm_*'] })).to.equal(odd)
    })
  }

  it('never cloak a parameter behind an ignored one (K9)', () => {
    const query = { ignore: ['utm_*'] }
    expect(selectQuery('/js?cb=ok&utm_content=x;cb=evil', query)).to.equal('/js?cb=ok')
    expect(selectQuery('/js?cb=ok&utm_content=x&utm_content=y', query)).to.contain('utm_content=y')
    expect(selectQuery('/js?cb=ok&UTM_content=x', query)).to.contain('UTM_content')
    expect(selectQuery('/js?cb=ok%26utm_a=1', query)).to.equal('/js?cb=ok%26utm_a=1')
  })

  /** By another way: what a handler that parses the raw query sees of the parameters that count. */
  function counted(raw: string, { allow, ignore, sort }: { allow?: string[]; ignore?: string[]; sort?: boolean }) {
    const [, search] = raw.split(/\?(.*)/s)
    if (search === undefined) return []
    const decoded = search.split('&').map(pair => {
      try {
        return { pair, name: decodeURIComponent((pair.split(/=(.*)/s)[0] ?? '').replaceAll('+', ' ')) }
      } catch {
        return undefined
      }
    })
    if (decoded.includes(undefined)) return [raw]
    const all = decoded as { pair: string; name: string }[]
    const isIgnored = (name: string) =>
      all.filter(other => other.name === name).length === 1 &&
      (ignore ?? []).some(one => (one.endsWith('*') ? name.startsWith(one.slice(0, -1)) : name === one))
    const kept = all.filter(({ name }) => (allow === undefined || allow.includes(name)) && !isIgnored(name))
    const pairs = kept.map(({ pair }) => pair)
    return sort ? pairs.toSorted() : pairs
  }
})

describe('keys on the way of a request', () => {
  const bedFor = beds()
  const distinct: readonly [string, readonly [string, string][]][] = [
    [
      'host',
      [
        ['/', 'h.example'],
        ['/', 'evil.example'],
        ['/', 'h.example:81'],
      ],
    ],
    [
      'target',
      [
        ['/a', 'h'],
        ['/A', 'h'],
        ['/a/', 'h'],
        ['/a?', 'h'],
        ['/a?x', 'h'],
        ['/%61', 'h'],
        ['/a;x=1', 'h'],
      ],
    ],
    [
      'query',
      [
        ['/?a=1&b=2', 'h'],
        ['/?b=2&a=1', 'h'],
        ['/?a=1%26b=2', 'h'],
        ['/?a=1;b=2', 'h'],
      ],
    ],
  ]
  for (const [title, requests] of distinct) {
    it(`${title}: raw`, () => {
      const bed = bedFor({ handler: counting() })
      for (let round = 0; round < 2; round++) {
        for (const [i, [target, host]] of requests.entries()) {
          expect(bed.ask(target, { host }).body, `${host}${target}`).to.equal(`run ${i + 1}`)
        }
      }
    })
  }
})
