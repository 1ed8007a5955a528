// The key of a resource: raw parts, joined so that no two requests share one by accident.

import type { CacheRequest } from './exchange.ts'
import { targetName, uriName } from './names.ts'
import type { QueryOptions } from './response-options.ts'

/** Scheme and authority as the request had them; the caller has checked the Host field. */
export function originOf(request: CacheRequest): string {
  return `${request.secure ? 'https' : 'http'}://${request.headers['host'] as string}`
}

/** The origin as invalidations name it: a host is the same in any case. */
export function originName(request: CacheRequest): string {
  return originOf(request).toLowerCase()
}

/** What an invalidation may call the response to a request: its URI, and its target on any host. */
export function namesOf(request: CacheRequest): readonly string[] {
  return [uriName(originName(request) + request.target), targetName(request.target)]
}

/**
 * The key of the resource that a request names. Neither origin nor target can hold a line feed (`requestRefusal` sees to that), so
 * one marks where a part of the user's begins, and its length says where it ends.
 */
export function resourceKey(
  origin: string,
  target: string,
  query: QueryOptions | undefined,
  custom: string | undefined,
  scope: string | undefined,
): string {
  let key = `r:${origin}`
  if (custom !== undefined) key += `\nk${custom.length}:${custom}`
  else key += query === undefined ? target : selectQuery(target, query)
  if (scope !== undefined) key += `\ns${scope.length}:${scope}`
  return key
}

/** Nobody has this much to ask; decoding it takes longer than a hit may. */
const LONGEST_QUERY = 8192

/** The target with only those query parameters that count. Anything odd keeps the raw target. */
export function selectQuery(target: string, options: QueryOptions): string {
  const mark = target.indexOf('?')
  if (mark === -1) return target
  const raw = target.slice(mark + 1)
  if (raw.length > LONGEST_QUERY) return target
  const pairs = raw.split('&')
  // Parsers stop somewhere (qs at 1,000 parameters); what they would leave out must not be guessed at.
  if (pairs.length > 256) return target
  const parameters: { readonly name: string; readonly pair: string }[] = []
  const seen = new Map<string, number>()
  for (const pair of pairs) {
    const equals = pair.indexOf('=')
    const name = decodeName(equals === -1 ? pair : pair.slice(0, equals))
    if (name === undefined) return target
    parameters.push({ name, pair })
    seen.set(name, (seen.get(name) ?? 0) + 1)
  }
  let kept = parameters
  if (options.allow !== undefined) {
    const allow = new Set(options.allow)
    kept = kept.filter(({ name }) => allow.has(name))
  }
  if (options.ignore !== undefined) {
    const ignore = options.ignore
    kept = kept.filter(({ name }) => seen.get(name)! > 1 || !ignore.some(pattern => matchesName(pattern, name)))
  }
  if (options.sort === true) {
    kept = kept.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  }
  const path = target.slice(0, mark)
  return kept.length === 0 ? path : `${path}?${kept.map(({ pair }) => pair).join('&')}`
}

function decodeName(raw: string): string | undefined {
  try {
    return decodeURIComponent(raw.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}

function matchesName(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern
}
