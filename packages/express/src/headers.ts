// What stands on a response: the outer layers' part and the handler's.

import type { OutgoingHttpHeader, ServerResponse } from 'node:http'
import type { HeaderList } from '@larder/core/door'

/** What stood on a response before the handler ran, by lower-case name. */
export type OuterHeaders = ReadonlyMap<string, { readonly name: string; readonly value: OutgoingHttpHeader }>

export function outerHeaders(res: ServerResponse): OuterHeaders {
  const outer = new Map<string, { name: string; value: OutgoingHttpHeader }>()
  for (const name of rawNames(res)) {
    const value = res.getHeader(name)!
    // A copy: whoever adds a line may add it to the very array that stands there.
    outer.set(name.toLowerCase(), { name, value: Array.isArray(value) ? [...value] : value })
  }
  return outer
}

/** What the handler set or changed, and what it took off. */
export function ownHeaders(
  res: ServerResponse,
  outer: OuterHeaders,
): { headers: HeaderList; removed: readonly string[] } {
  const headers: string[] = []
  for (const name of rawNames(res)) {
    const value = res.getHeader(name)!
    const key = name.toLowerCase()
    const before = outer.get(key)
    if (before !== undefined && isSame(before.value, value)) continue
    // Cookies are added to each other's, never changed: those of the outer layers are not the handler's.
    const known = key === 'set-cookie' && before !== undefined ? linesOf(before.value) : none
    for (const line of linesOf(value)) if (!known.includes(line)) headers.push(name, line)
  }
  const removed = [...outer.keys()].filter(name => !res.hasHeader(name))
  return { headers, removed: removed.length === 0 ? none : removed }
}

const none: readonly string[] = []

/** Back to what stood there before the handler ran. */
export function restoreHeaders(res: ServerResponse, outer: OuterHeaders): void {
  for (const name of res.getHeaderNames()) res.removeHeader(name)
  for (const { name, value } of outer.values()) res.setHeader(name, Array.isArray(value) ? [...value] : value)
}

/** Set fields, several lines of one name included. `Vary` and `Set-Cookie` join what is there. */
export function putHeaders(res: ServerResponse, list: HeaderList): void {
  const put = new Set<string>()
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i]!
    const value = list[i + 1]!
    const lower = name.toLowerCase()
    if (lower === 'vary') res.setHeader(name, mergedVary(res.getHeader('vary'), value))
    else if (lower === 'set-cookie' || put.has(lower)) res.appendHeader(name, value)
    else res.setHeader(name, value)
    put.add(lower)
  }
}

/** Whether a field has several lines. Every hit asks, so it makes nothing. */
export function hasRepeatedName(list: HeaderList): boolean {
  for (let i = 2; i < list.length; i += 2) {
    const name = list[i]!
    for (let j = 0; j < i; j += 2) {
      const other = list[j]!
      if (other.length === name.length && (other === name || other.toLowerCase() === name.toLowerCase())) return true
    }
  }
  return false
}

/** Take the arguments of `writeHead(status, message?, headers?)` into the response, where they can be read. */
export function mergeHead(res: ServerResponse, args: readonly unknown[]): void {
  const [status, second, third] = args
  res.statusCode = status as number
  if (typeof second === 'string') res.statusMessage = second
  const headers = typeof second === 'string' ? third : (second ?? third)
  if (headers === undefined || headers === null) return
  if (!Array.isArray(headers)) {
    for (const [name, value] of Object.entries(headers as Record<string, OutgoingHttpHeader>))
      res.setHeader(name, value)
    return
  }
  const lines: string[] = Array.isArray(headers[0]) ? headers.flat() : headers
  for (let i = 0; i < lines.length; i += 2) res.removeHeader(lines[i]!)
  for (let i = 0; i < lines.length; i += 2) res.appendHeader(lines[i]!, lines[i + 1]!)
}

function mergedVary(there: OutgoingHttpHeader | undefined, more: string): string {
  if (there === undefined) return more
  const members = String(there)
    .split(',')
    .map(member => member.trim())
  const known = new Set(members.map(member => member.toLowerCase()))
  for (const member of more.split(',').map(member => member.trim())) {
    if (member !== '' && !known.has(member.toLowerCase())) members.push(member)
  }
  return members.join(', ')
}

function linesOf(value: OutgoingHttpHeader): readonly string[] {
  return Array.isArray(value) ? value : [String(value)]
}

function isSame(a: OutgoingHttpHeader, b: OutgoingHttpHeader): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((line, i) => line === b[i])
  return a === b
}

/** The names in the case in which they were set. Node has the method since 15.4; its types leave it out on ServerResponse. */
function rawNames(res: ServerResponse): readonly string[] {
  return (res as ServerResponse & { getRawHeaderNames(): string[] }).getRawHeaderNames()
}
