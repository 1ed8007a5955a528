// RFC 9111 §3.1 — Which fields of a response are kept with it.

import { CACHE_NAME } from '../http/cache-status.ts'
import { trimSpace } from '../http/characters.ts'
import { fieldValue, type HeaderList } from '../http/headers.ts'
import type { PolicyOptions } from './types.ts'

/** Fields of the connection (RFC 9110 §7.6.1), of the framing, and Age, which the stored times replace. */
const NOT_STORED: ReadonlySet<string> = new Set([
  'age',
  'connection',
  'content-length',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Fields for one client. The RFC knows of no such thing (§7.3). */
const COOKIES: ReadonlySet<string> = new Set(['set-cookie', 'set-cookie2'])

/** How much one client may still ask for: `RateLimit`, `RateLimit-Policy`, `X-RateLimit-Remaining` and their like. */
const QUOTA = /^(?:x-)?rate-?limit(?:-|$)/

function isQuota(name: string): boolean {
  // Spares nearly every name the search.
  return (name.startsWith('r') || name.startsWith('x-r')) && QUOTA.test(name)
}

/** More than this a Connection field does not name. */
const MOST_OPTIONS = 100

/** A longer Cache-Status is not kept. */
const LONGEST_STATUS = 4096

/** The fields to keep, in their order and case. */
export function storableFields(headers: HeaderList, preset: PolicyOptions['preset'] = 'default'): string[] {
  const connection = connectionOptions(fieldValue(headers, 'connection'))
  const kept: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!.toLowerCase()
    if (NOT_STORED.has(name) || name.startsWith('proxy-') || connection?.has(name)) continue
    if (preset === 'default' && (COOKIES.has(name) || isQuota(name))) continue
    const value = name === 'cache-status' ? withoutOwnMembers(headers[i + 1]!) : headers[i + 1]!
    if (value !== undefined) kept.push(headers[i]!, value)
  }
  return kept
}

function connectionOptions(value: string | undefined): ReadonlySet<string> | undefined {
  return value === undefined ? undefined : new Set(value.toLowerCase().split(',', MOST_OPTIONS).map(trimSpace))
}

/** What caches behind us said stays; what this cache said of another request does not. */
function withoutOwnMembers(value: string): string | undefined {
  if (value.length > LONGEST_STATUS) return undefined
  const others = listMembers(value).filter(member => !isOwn(member))
  return others.length === 0 ? undefined : others.join(', ')
}

function isOwn(member: string): boolean {
  if (!member.startsWith(CACHE_NAME)) return false
  const next = member.charAt(CACHE_NAME.length)
  return next === '' || next === ';' || next === ' ' || next === '\t'
}

/** The members of a list; a comma in a quoted string parts nothing. */
function listMembers(value: string): string[] {
  const members: string[] = []
  let start = 0
  let quoted = false
  for (let at = 0; at <= value.length; at++) {
    const char = value[at]
    if (quoted && char === '\\') at++
    else if (char === '"') quoted = !quoted
    if (at >= value.length || (char === ',' && !quoted)) {
      const member = trimSpace(value.slice(start, at))
      if (member !== '') members.push(member)
      start = at + 1
    }
  }
  return members
}
