// What stands on a response: the outer layers' part and the handler's.

import type { OutgoingHttpHeader, ServerResponse } from 'node:http'
import type { HeaderList } from '../http/headers.ts'

interface Field {
  /** In the case in which it was set. */
  readonly name: string
  readonly value: OutgoingHttpHeader
}

/** The fields of a response at one moment, by lower-case name, in their order. */
export type Fields = ReadonlyMap<string, Field>

export function fieldsOf(res: ServerResponse): Fields {
  const names = rawNames(res)
  if (names.length === 0) return noFields
  const fields = new Map<string, Field>()
  for (const name of names) {
    const value = res.getHeader(name)!
    // A copy: `cookies` adds its lines to the very array that stands there.
    fields.set(name.toLowerCase(), { name, value: Array.isArray(value) ? [...value] : value })
  }
  return fields
}

/** What a response's fields are to the cache. */
export interface Parts {
  /** Set or changed by the handler. */
  readonly headers: string[]
  /** Taken off by the handler, by lower-case name. */
  readonly removed: readonly string[]
  /** What outer layers said of caching, and what the handler let stand: it is not stored, but it counts. */
  readonly standing: HeaderList
}

const ofCaching: ReadonlySet<string> = new Set(['cache-control', 'cdn-cache-control', 'expires', 'pragma'])

/** What became of `outer` by now. On the way of every miss, so it makes no table of what stands there. */
export function partsOf(res: ServerResponse, outer: Fields): Parts {
  const headers: string[] = []
  const standing: string[] = []
  for (const name of rawNames(res)) {
    const key = name.toLowerCase()
    const value = res.getHeader(name)!
    const before = outer.get(key)
    if (before !== undefined && isSame(before.value, value)) {
      if (ofCaching.has(key)) for (const line of linesOf(value)) standing.push(name, line)
      continue
    }
    // Cookies are added to each other's, never changed: those of the outer layers are not the handler's.
    const known = key === 'set-cookie' && before !== undefined ? linesOf(before.value) : none
    if (typeof value === 'string') {
      if (!known.includes(value)) headers.push(name, value)
    } else for (const line of linesOf(value)) if (!known.includes(line)) headers.push(name, line)
  }
  const removed = outer.size === 0 ? none : [...outer.keys()].filter(key => !res.hasHeader(key))
  return { headers, removed: removed.length === 0 ? none : removed, standing: standing.length === 0 ? none : standing }
}

/** Back to what stood there. */
export function restoreFields(res: ServerResponse, fields: Fields): void {
  const { sendDate } = res
  for (const name of res.getHeaderNames()) if (!fields.has(name)) res.removeHeader(name)
  for (const { name, value } of fields.values()) res.setHeader(name, Array.isArray(value) ? [...value] : value)
  // Node takes a Date that was removed for one that is not wanted.
  res.sendDate = sendDate
}

/** Set fields, several lines of one name included. `Vary` and `Set-Cookie` join what is there, all others replace it. */
export function putFields(res: ServerResponse, list: HeaderList): void {
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i]!
    const value = list[i + 1]!
    if (isSameName(name, 'vary')) res.setHeader(name, joinedVary(linesOf(res.getHeader(name)), value))
    else if (isSameName(name, 'set-cookie') || isRepeated(list, i)) {
      res.setHeader(name, [...linesOf(res.getHeader(name)), value])
    } else res.setHeader(name, value)
  }
}

/** Whether the name at `at` has stood in the list before. Every hit asks this of every name, so it makes nothing. */
export function isRepeated(list: HeaderList, at: number): boolean {
  for (let i = 0; i < at; i += 2) if (isSameName(list[i]!, list[at]!)) return true
  return false
}

function isSameName(a: string, b: string): boolean {
  return a.length === b.length && (a === b || a.toLowerCase() === b.toLowerCase())
}

function joinedVary(there: readonly string[], more: string): string {
  if (there.length === 0) return more
  const members = [...there, more].flatMap(line => line.split(',')).map(member => member.trim())
  const known = new Map<string, string>()
  for (const member of members) if (member !== '') known.set(member.toLowerCase(), member)
  return [...known.values()].join(', ')
}

function linesOf(value: OutgoingHttpHeader | undefined): readonly string[] {
  if (value === undefined) return none
  return Array.isArray(value) ? value : [String(value)]
}

const none: readonly string[] = []
const noFields: Fields = new Map()

function isSame(a: OutgoingHttpHeader, b: OutgoingHttpHeader): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((line, i) => line === b[i])
  return a === b
}

/** Node has the method since 15.4, but not on HTTP/2 responses, and its types leave it out on all of them. */
function rawNames(res: ServerResponse): readonly string[] {
  return (res as { getRawHeaderNames?(): string[] }).getRawHeaderNames?.() ?? res.getHeaderNames()
}
