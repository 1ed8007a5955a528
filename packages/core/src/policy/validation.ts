// RFC 9111 §4.3 — Validation: of the client's copy against ours, and of ours against the handler.

import { parseHttpDate } from '../http/date.ts'
import { isEntityTag, matchesList, strongMatch, weakMatch } from '../http/entity-tag.ts'
import { fieldValue, type HeaderList, requestField } from '../http/headers.ts'
import { storableFields } from './fields.ts'
import type { PolicyOptions, RequestFacts, ResponseFacts } from './types.ts'

/** The fields that ask a handler whether a stored response still holds. */
export type Conditional = Partial<Record<'if-none-match' | 'if-modified-since', string>>

/** Whether the client already has what is stored (§4.3.2), so that a 304 will do. `nowMs` is the time of day. */
export function isNotModified(request: RequestFacts, stored: ResponseFacts, nowMs: number): boolean {
  // RFC 9110 §13.2.1: a condition applies only to what would otherwise be a success.
  if (stored.status !== 200 || (request.method !== 'GET' && request.method !== 'HEAD')) return false
  const ifNoneMatch = requestField(request.headers, 'if-none-match')
  if (ifNoneMatch !== undefined) return matchesList(ifNoneMatch, fieldValue(stored.headers, 'etag'), weakMatch)
  const since = parseHttpDate(requestField(request.headers, 'if-modified-since') ?? '', nowMs)
  if (since === undefined) return false
  const changed = fieldValue(stored.headers, 'last-modified') ?? fieldValue(stored.headers, 'date') ?? ''
  const changedAt = parseHttpDate(changed, nowMs)
  return changedAt !== undefined && changedAt <= since
}

/** Whether a stored response has anything to be validated with. */
export function hasValidator(headers: HeaderList): boolean {
  return usableTag(headers) !== undefined || fieldValue(headers, 'last-modified') !== undefined
}

/** The conditional fields for a stored response (§4.3.1); none when it has no validator. */
export function conditionalFor(stored: { readonly headers: HeaderList }): Conditional {
  const tag = usableTag(stored.headers)
  const lastModified = fieldValue(stored.headers, 'last-modified')
  return {
    ...(tag !== undefined && { 'if-none-match': tag }),
    ...(lastModified !== undefined && { 'if-modified-since': lastModified }),
  }
}

/**
 * Whether a 304 speaks of this stored response (§4.3.4). One without any validator does: it answers a condition that named this
 * response alone.
 */
export function validates(
  stored: { readonly headers: HeaderList },
  notModified: { readonly headers: HeaderList },
): boolean {
  const newTag = fieldValue(notModified.headers, 'etag')
  const oldTag = fieldValue(stored.headers, 'etag')
  if (newTag !== undefined) {
    return oldTag !== undefined && (newTag.startsWith('W/') ? weakMatch(newTag, oldTag) : strongMatch(newTag, oldTag))
  }
  const newDate = fieldValue(notModified.headers, 'last-modified')
  return newDate === undefined || newDate === fieldValue(stored.headers, 'last-modified')
}

/**
 * A stored response's fields after a 304 (§3.2): each field that came replaces all lines of its name, but for those without which
 * the stored bytes could no longer be read.
 */
export function freshen(stored: HeaderList, update: HeaderList, preset: PolicyOptions['preset'] = 'default'): string[] {
  const news = storableFields(update, preset)
  const replaced = new Set<string>()
  const added: string[] = []
  for (let i = 0; i < news.length; i += 2) {
    const name = news[i]!.toLowerCase()
    if (BOUND_TO_CONTENT.has(name)) continue
    replaced.add(name)
    added.push(news[i]!, news[i + 1]!)
  }
  const kept: string[] = []
  for (let i = 0; i < stored.length; i += 2) {
    if (!replaced.has(stored[i]!.toLowerCase())) kept.push(stored[i]!, stored[i + 1]!)
  }
  return kept.concat(added)
}

/** The fields that go out with a 304 (RFC 9110 §15.4.5): all but those that describe the content that it does not carry. */
export function notModifiedHeaders(headers: HeaderList): string[] {
  const hasTag = usableTag(headers) !== undefined
  const sent: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!.toLowerCase()
    if (DESCRIBES_CONTENT.has(name) || (hasTag && name === 'last-modified')) continue
    sent.push(headers[i]!, headers[i + 1]!)
  }
  return sent
}

/** Bound to the bytes of the stored content, which a 304 does not change. */
const BOUND_TO_CONTENT: ReadonlySet<string> = new Set([
  'content-digest',
  'content-encoding',
  'content-length',
  'content-md5',
  'content-range',
  'digest',
  'repr-digest',
])

/** Of no use without content. */
const DESCRIBES_CONTENT: ReadonlySet<string> = new Set([
  ...BOUND_TO_CONTENT,
  'accept-ranges',
  'content-disposition',
  'content-language',
  'content-type',
])

function usableTag(headers: HeaderList): string | undefined {
  const tag = fieldValue(headers, 'etag')
  return tag !== undefined && isEntityTag(tag) ? tag : undefined
}
