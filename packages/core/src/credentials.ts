// Wall 1 — Which requests carry something that tells who asks.

import type { RequestHeaders } from './http/headers.ts'

/** Whether a cookie of this name says nothing of who asks. */
export type CookieMatcher = (name: string) => boolean

/** Cookies that analytics scripts set in the browser and that servers have no use for. A name may end in `*`. */
export const analyticsCookies: readonly string[] = [
  '_ga',
  '_ga_*',
  '_gid',
  '_gat',
  '_gat_*',
  '_gcl_*',
  '_gac_*',
  '__utma',
  '__utmb',
  '__utmc',
  '__utmt',
  '__utmv',
  '__utmz',
  '_fbp',
  '_fbc',
  '_pk_id*',
  '_pk_ses*',
  '_pk_ref*',
  '_hjid',
  '_hjSession*',
  '_hjFirstSeen',
  '_hjIncludedIn*',
  '_hjAbsoluteSessionInProgress',
  '_clck',
  '_clsk',
  '_uetsid',
  '_uetvid',
  '__hstc',
  '__hssc',
  '__hssrc',
  'hubspotutk',
  '_pin_unauth',
  '_ttp',
  '_scid',
  '_tt_enable_cookie',
  '_dc_gtm_*',
  'amplitude_id*',
  'AMP_*',
  '_parsely_visitor',
  '_parsely_session',
  '_chartbeat2',
  '_cb',
  '_sp_id*',
  '_sp_ses*',
]

export function cookieMatcher(more: readonly string[]): CookieMatcher {
  const exact = new Set<string>()
  const prefixes: string[] = []
  for (const name of [...analyticsCookies, ...more]) {
    if (name.endsWith('*')) prefixes.push(name.slice(0, -1))
    else exact.add(name)
  }
  return name => exact.has(name) || prefixes.some(prefix => name.startsWith(prefix))
}

/** Nobody has this many cookies that say nothing; what is longer is not read. */
const LONGEST_COOKIE = 8192

/** `Authorization`, an empty one too, or any cookie that is not ignored. What cannot be read as a cookie counts. */
export function carriesCredentials(headers: RequestHeaders, isIgnoredCookie: CookieMatcher): boolean {
  if (headers['authorization'] !== undefined) return true
  const cookies = headers['cookie']
  if (cookies === undefined) return false
  if (typeof cookies !== 'string' || cookies.length > LONGEST_COOKIE) return true
  for (const pair of cookies.split(';')) {
    const text = pair.trim()
    if (text === '') continue
    const equals = text.indexOf('=')
    if (equals < 1 || !isIgnoredCookie(text.slice(0, equals).trim())) return true
  }
  return false
}
