// Responses, requests and waits as fast-check makes them: near the edges of the rules rather than anywhere.

import fc from 'fast-check'
import type { Lines, Route } from './oracle.ts'

/** A response to be made: dates are seconds from the moment in which it is made. */
export interface Script {
  readonly status: number
  readonly lines: Lines
  readonly date: number | undefined
  readonly expires: number | 'invalid' | undefined
  readonly lastModified: number | undefined
  /** It tells who asks, in its body and in a field. */
  readonly personal: boolean
  /** What of it the cache gets to see. */
  readonly reads: readonly string[]
  readonly seen: boolean
  readonly chunks: readonly string[]
}

const amount = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('0', '1', '10', '30', '60') },
  { weight: 1, arbitrary: fc.constantFrom('', '-1', 'x', '1.5', '"20"', '99999999999999999999', '+5') },
)
const name = (...names: string[]) =>
  fc.constantFrom(...names).chain(each => fc.constantFrom(each, each, each.toUpperCase()))
const timed = fc
  .tuple(name('max-age', 's-maxage', 'stale-while-revalidate', 'stale-if-error'), amount)
  .map(([name, value]) => `${name}=${value}`)
const plain = name(
  'public',
  'private',
  'no-store',
  'no-cache',
  'must-revalidate',
  'proxy-revalidate',
  'must-understand',
)
const odd = fc.constantFrom(
  'private="x"',
  'no-cache="a, b"',
  'ext="no-store"',
  'x=y',
  'max-age',
  'public=1',
  'a="\\""',
  '',
)
const fault = fc.constantFrom('a="', 'max-age=60;', 'public private', '@', '"no-store"')
const directive = fc.oneof(
  { weight: 12, arbitrary: timed },
  { weight: 4, arbitrary: fc.constant('public') },
  { weight: 3, arbitrary: plain },
  { weight: 2, arbitrary: odd },
  { weight: 1, arbitrary: fault },
)
const usual = fc.constantFrom('public, max-age=60', 'max-age=30', 'public,s-maxage=10', 'public, max-age=10')
const cacheControl = fc.oneof(
  { weight: 3, arbitrary: usual },
  {
    weight: 4,
    arbitrary: fc
      .array(directive, { minLength: 1, maxLength: 4 })
      .chain(all => fc.constantFrom(', ', ',', ' , ', '\t,').map(comma => all.join(comma))),
  },
)

const line = (name: string, ...values: string[]) =>
  fc.constantFrom(...values).map(value => [name, value] as readonly [string, string])
const extra = fc.oneof(
  { weight: 4, arbitrary: line('Vary', 'X-Lang', 'x-lang , Accept-Language', 'Accept-Language', ',', 'Origin') },
  { weight: 1, arbitrary: line('Vary', '*', 'X-Lang, *', 'Cookie', 'a b', 'authorization') },
  { weight: 1, arbitrary: line('Set-Cookie', 's=1', 's=2; Path=/') },
  { weight: 2, arbitrary: line('Age', '0', '5', '29', '3600', 'x', '10, 3') },
  { weight: 1, arbitrary: line('CDN-Cache-Control', 'max-age=30', 'no-store', 'private', 'max-age=10, public', '!') },
  { weight: 1, arbitrary: line('Pragma', 'no-cache', 'x') },
  { weight: 1, arbitrary: line('Content-Type', 'text/html', 'text/event-stream') },
  { weight: 1, arbitrary: line('Access-Control-Allow-Origin', '*', 'https://a', 'null') },
  { weight: 1, arbitrary: line('Content-Range', 'bytes 0-1/2') },
  { weight: 2, arbitrary: line('X-Note', 'a', 'b', '') },
)
const status = fc.oneof(
  { weight: 12, arbitrary: fc.constant(200) },
  { weight: 2, arbitrary: fc.constantFrom(203, 204, 301, 302, 404, 410) },
  { weight: 1, arbitrary: fc.constantFrom(201, 206, 400, 401, 403, 418, 500, 503) },
)
const far = fc.constantFrom(-3600, -30, -1, 0, 1, 10, 60)
const sometimes = <T>(arbitrary: fc.Arbitrary<T>, weight = 3) =>
  fc.oneof({ weight, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary })

export const script: fc.Arbitrary<Script> = fc.record({
  status,
  lines: fc
    .tuple(
      fc.oneof(
        { weight: 4, arbitrary: cacheControl.map(value => [['Cache-Control', value] as const]) },
        {
          weight: 1,
          arbitrary: fc
            .tuple(cacheControl, cacheControl)
            .map(both => both.map(value => ['cache-control', value] as const)),
        },
        { weight: 2, arbitrary: fc.constant([]) },
      ),
      fc.oneof(fc.constant([]), fc.array(extra, { maxLength: 3 })),
    )
    .map(([own, more]) => [...more, ...own]),
  date: sometimes(far),
  expires: sometimes(fc.oneof(far, fc.constant('invalid' as const))),
  lastModified: sometimes(fc.constantFrom(-86_400, -600, -1)),
  personal: fc.boolean(),
  reads: fc.subarray(['x-lang'], { maxLength: 1 }),
  seen: fc.boolean(),
  chunks: fc.array(fc.string({ unit: 'binary-ascii', maxLength: 6 }), { maxLength: 3 }),
})

/** As a handler writes it at this moment. */
export function linesOf({ lines, date, expires, lastModified }: Script, wallNow: number): Lines {
  const at = (seconds: number) => new Date(wallNow + seconds * 1000).toUTCString()
  const dated: [string, string][] = []
  if (date !== undefined) dated.push(['Date', at(date)])
  if (expires !== undefined) dated.push(['Expires', expires === 'invalid' ? '0' : at(expires)])
  if (lastModified !== undefined) dated.push(['Last-Modified', at(lastModified)])
  return [...dated, ...lines]
}

export const users = ['alice', 'bob', 'carol'] as const
export type User = (typeof users)[number]

/** Field lines of a request, and whose it is. */
export const visit = fc
  .record({
    user: fc.option(fc.constantFrom(...users), { freq: 2, nil: undefined }),
    by: fc.constantFrom('Cookie', 'Cookie', 'Authorization'),
    lang: fc.option(fc.constantFrom('fr', 'de', ' fr'), { nil: undefined }),
    accepts: fc.option(fc.constantFrom('fr, de;q=0.5', 'fr,de;q=0.5', 'de'), { nil: undefined }),
    origin: fc.option(fc.constantFrom('https://a', 'https://b'), { nil: undefined }),
    control: sometimes(
      fc.constantFrom(
        'no-cache',
        'max-age=5',
        'max-age=0',
        'min-fresh=20',
        'max-stale',
        'max-stale=15',
        'only-if-cached',
        'no-store',
        '"',
      ),
    ),
  })
  .map(({ user, by, lang, accepts, origin, control }) => {
    const lines: [string, string][] = []
    if (user !== undefined) lines.push([by, by === 'Cookie' ? `sid=${user}` : `Bearer ${user}`])
    if (lang !== undefined) lines.push(['X-Lang', lang])
    if (accepts !== undefined) lines.push(['Accept-Language', accepts])
    if (origin !== undefined) lines.push(['Origin', origin])
    if (control !== undefined) lines.push(['Cache-Control', control])
    return { user: user as User | undefined, lines: lines as Lines, control }
  })

/** Milliseconds to the edges of the lifetimes above. */
export const wait = fc.constantFrom(
  0,
  0,
  0,
  0,
  1,
  1,
  999,
  1000,
  1001,
  9999,
  10_000,
  20_000,
  29_999,
  30_000,
  59_999,
  60_000,
  61_000,
)

export const route = fc.record({
  preset: fc.constantFrom('default' as const, 'default' as const, 'rfc9111' as const),
  ttl: fc.constantFrom(undefined, 30, 60),
  staleWhileRevalidate: fc.constantFrom(0, 0, 20),
  staleIfError: fc.constantFrom(0, 0, 20),
}) satisfies fc.Arbitrary<Route>
