// RFC 9111 once more, read on its own and knowing nothing of policy/: the most that a shared cache may do. It may always do less.

/** Field lines, names in any case. */
export type Lines = readonly (readonly [name: string, value: string])[]

/** A request as a cache sees it. */
export interface Asked {
  readonly method: string
  readonly target: string
  readonly lines: Lines
}

/** What one run of a handler said, and when. */
export interface Told {
  readonly asked: Asked
  readonly status: number
  readonly lines: Lines
  /** By the cache's clock, in milliseconds. */
  readonly at: number
  /** The time of day, in milliseconds: what `Date` and `Expires` are measured by. */
  readonly wallAt: number
  /** Request fields that the handler was seen to read. */
  readonly reads: readonly string[]
  /** It was seen to read who asks. */
  readonly identified: boolean
}

/** What a route says. Durations in seconds. */
export interface Route {
  readonly preset: 'default' | 'rfc9111'
  readonly ttl: number | undefined
  readonly staleWhileRevalidate: number
  readonly staleIfError: number
}

export type Directives = ReadonlyMap<string, readonly (string | undefined)[]>

const token = "[!#$%&'*+.^_`|~\\w-]+"
const quoted = '"(?:[\\t !\\x23-\\x5b\\x5d-\\x7e\\x80-\\uffff]|\\\\[\\t -\\x7e\\x80-\\uffff])*"'
const member = new RegExp(`[\\t ,]*(${token})(=(?:(${token})|(${quoted}))?)?[\\t ]*(?=,|$)`, 'y')

/** §5.2: every directive with its arguments in their order; `undefined` when the field does not follow the grammar. */
export function readDirectives(field: string): Directives | undefined {
  const found = new Map<string, (string | undefined)[]>()
  let rest = 0
  while (/[^\t ,]/.test(field.slice(rest))) {
    member.lastIndex = rest
    const match = member.exec(field)
    if (match === null) return undefined
    const name = match[1]!.toLowerCase()
    const argument = match[2] === undefined ? undefined : (match[3] ?? match[4]?.slice(1, -1) ?? '')
    found.set(name, [...(found.get(name) ?? []), argument])
    rest = member.lastIndex
  }
  return found
}

/** RFC 9110 §5.3: all lines of one name. */
export function field(lines: Lines, name: string): string | undefined {
  const values = lines.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value)
  return values.length === 0 ? undefined : values.join(', ')
}

/** §3: whether a response may be stored at all. `anyone`: the route says that credentials in a request do not matter. */
export function mayStore(told: Told, route: Route, anyone = false): boolean {
  const { asked, status, lines } = told
  const rfc = route.preset === 'rfc9111'
  const said = directivesOf(lines, route)
  if (asked.method !== 'GET' || said === undefined || status < 200 || status === 206 || status === 304) return false
  const understood = rfc && said.has('must-understand') && knownStatuses.has(status)
  if (rfc && said.has('must-understand') && !understood) return false
  if ((said.has('no-store') && !understood) || said.has('private')) return false
  if (field(lines, 'vary')?.includes('*')) return false
  if (/^\s*text\/event-stream/i.test(field(lines, 'content-type') ?? '')) return false
  const explicit = isExplicit(lines, said)
  const hasCookie = field(lines, 'set-cookie') !== undefined
  if (rfc) {
    if (hasCookie && !explicit) return false
    if (!explicit && !said.has('public') && !heuristicStatuses.has(status)) return false
  } else {
    // What the default preset adds: no rule of the RFC, but promised.
    if (said.has('no-cache') || hasCookie || field(lines, 'content-range') !== undefined || told.identified)
      return false
    if (!anyone && namesOf(lines).some(name => name === 'cookie' || name === 'authorization')) return false
    if (!usualStatuses.has(status) && !(explicit && spokenStatuses.has(status))) return false
  }
  return anyone || !hasCredentials(asked, route) || isShareable(lines, route)
}

/** §3.5, and for the default preset cookies as well. */
export function hasCredentials({ lines }: Asked, { preset }: Route): boolean {
  return field(lines, 'authorization') !== undefined || (preset === 'default' && field(lines, 'cookie') !== undefined)
}

export function isShareable(lines: Lines, route: Route): boolean {
  const said = directivesOf(lines, route)
  if (said === undefined) return false
  const rfc = route.preset === 'rfc9111'
  const targeted = field(lines, 'cdn-cache-control') !== undefined && said.has('max-age')
  return said.has('public') || said.has('s-maxage') || (rfc && said.has('must-revalidate')) || targeted
}

/** §4.2.1, in milliseconds. Of repeated directives the first counts, or none is to be trusted (§4.2.1): so the first at most. */
export function lifetime(told: Told, route: Route): number {
  const { lines, status, wallAt } = told
  const said = directivesOf(lines, route)
  if (said === undefined) return 0
  for (const name of ['s-maxage', 'max-age']) if (said.has(name)) return seconds(said.get(name)![0]) * 1000
  const date = instant(field(lines, 'date')) ?? wallAt
  const expires = isTargeted(lines) ? undefined : field(lines, 'expires')
  if (expires !== undefined) return Math.max(0, (instant(expires) ?? date) - date)
  const rfc = route.preset === 'rfc9111'
  if (!(rfc ? heuristicStatuses.has(status) || said.has('public') : usualStatuses.has(status))) return 0
  if (route.ttl !== undefined) return route.ttl * 1000
  const changed = instant(field(lines, 'last-modified'))
  return rfc && changed !== undefined ? Math.max(0, Math.min((date - changed) / 10, 86_400_000)) : 0
}

/** §4.2.3, in milliseconds, at the least. */
export function ageOf(told: Told, now: number): number {
  const date = instant(field(told.lines, 'date'))
  const apparent = date === undefined ? 0 : Math.max(0, Math.floor((told.wallAt - date) / 1000) * 1000)
  const first = (field(told.lines, 'age') ?? '').split(',')[0]!.trim()
  return Math.max(apparent, seconds(first) * 1000) + Math.max(0, now - told.at)
}

/** §5.2.2.2, §5.2.2.8, §5.2.2.10 and RFC 5861, in milliseconds. */
export function staleWindows(told: Told, route: Route): { readonly revalidating: number; readonly failing: number } {
  const said = directivesOf(told.lines, route)
  if (said === undefined || isNeverStale(told, route)) return { revalidating: 0, failing: 0 }
  const window = (name: string, usual: number) => (said.has(name) ? seconds(said.get(name)![0]) : usual) * 1000
  return {
    revalidating: window('stale-while-revalidate', route.staleWhileRevalidate),
    failing: window('stale-if-error', route.staleIfError),
  }
}

/** It forbids to be served stale. */
export function isNeverStale(told: Told, route: Route): boolean {
  const said = directivesOf(told.lines, route)
  return ['must-revalidate', 'proxy-revalidate', 's-maxage', 'no-cache'].some(name => said?.has(name) !== false)
}

export function mustValidate(told: Told, route: Route): boolean {
  return directivesOf(told.lines, route)?.has('no-cache') !== false
}

/** §4.1: whether both requests say the same in every field by which the response was chosen. */
export function isSelected(told: Told, asked: Asked): boolean {
  const allowed = field(told.lines, 'access-control-allow-origin')?.trim()
  const names = new Set([...namesOf(told.lines), ...told.reads])
  if (allowed !== undefined && allowed !== '*') names.add('origin')
  return [...names].every(
    name => spelling(name, field(told.asked.lines, name)) === spelling(name, field(asked.lines, name)),
  )
}

/** RFC 9213, and `Pragma` where the default preset hears it. `undefined`: nobody can read it. */
function directivesOf(lines: Lines, { preset }: Route): Directives | undefined {
  const own = readDirectives(field(lines, 'cache-control') ?? '')
  const targeted = field(lines, 'cdn-cache-control')
  if (targeted === undefined || !isTargeted(lines)) {
    const pragma = readDirectives(field(lines, 'pragma') ?? '')
    const heard = preset === 'default' && field(lines, 'cache-control') === undefined && pragma?.has('no-cache')
    return heard ? new Map([...(own ?? []), ['no-cache', [undefined]]]) : own
  }
  // Of repeated members of a dictionary the last counts (RFC 9651 §4.2.2), not the first.
  const said = new Map([...readDirectives(targeted)!].map(([name, all]) => [name, all.slice(-1)]))
  if (preset === 'rfc9111') return said
  if (own === undefined) return undefined
  for (const veto of ['no-store', 'private']) if (own.has(veto)) said.set(veto, [undefined])
  return said
}

/** As far as these tests say it: no structured field is harder than a list of names and whole numbers. */
function isTargeted(lines: Lines): boolean {
  return /^[a-z-]+(=\d+)?(, [a-z-]+(=\d+)?)*$/.test(field(lines, 'cdn-cache-control') ?? '')
}

function isExplicit(lines: Lines, said: Directives): boolean {
  return said.has('s-maxage') || said.has('max-age') || (!isTargeted(lines) && field(lines, 'expires') !== undefined)
}

function namesOf(lines: Lines): string[] {
  return (field(lines, 'vary') ?? '')
    .split(',')
    .map(name => name.trim().toLowerCase())
    .filter(name => name !== '')
}

/** RFC 9110 §12.5: of a preference neither spaces nor the order of different weights count. */
function spelling(name: string, value: string | undefined): string | undefined {
  if (value === undefined || !/^accept(-language|-encoding|-charset)?$/.test(name)) return value?.trim()
  const members = value.split(',').map(each => each.replace(/[\t ]/g, '').toLowerCase())
  return members
    .filter(each => each !== '')
    .sort()
    .join()
}

function seconds(argument: string | undefined): number {
  return /^\d+$/.test(argument ?? '') ? Math.min(Number(argument), 2 ** 31) : 0
}

/** In these tests dates are IMF-fixdates or no dates. */
function instant(value: string | undefined): number | undefined {
  const ms = /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/.test(value ?? '') ? Date.parse(value!) : Number.NaN
  return Number.isNaN(ms) ? undefined : ms
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)
const usualStatuses = new Set([200, 203, 300, 301, 308])
const spokenStatuses = new Set([204, 302, 303, 307, 404, 405, 410, 414, 451, 501])
const heuristicStatuses = new Set([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501])
const knownStatuses = new Set([
  ...[...range(200, 205), ...range(300, 303), 305, 307, 308, ...range(400, 417), 421, 422, 426, ...range(500, 505)],
])
