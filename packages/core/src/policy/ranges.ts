// RFC 9110 §13.1.5 and §14.2 — Range and If-Range against a complete stored response.

import { preferredCoding } from '../http/content-coding.ts'
import { parseImfFixdate } from '../http/date.ts'
import { strongMatch } from '../http/entity-tag.ts'
import { fieldValue, type HeaderList, requestField } from '../http/headers.ts'
import { type ByteRange, parseRange } from '../http/range.ts'
import type { PolicyOptions, RequestFacts, ResponseFacts } from './types.ts'
import { variesBy } from './vary.ts'

/** The part to send with 206, `'unsatisfiable'` for a 416, `undefined` for the whole. */
export function selectRange(
  request: RequestFacts,
  stored: ResponseFacts,
  size: number,
  preset: PolicyOptions['preset'] = 'default',
): ByteRange | 'unsatisfiable' | undefined {
  const range = requestField(request.headers, 'range')
  if (range === undefined || request.method !== 'GET' || stored.status !== 200) return undefined
  if (fieldValue(stored.headers, 'accept-ranges')?.toLowerCase() === 'none') return undefined
  if (preset === 'default' && mayBeEncoded(request, stored)) return undefined
  const ifRange = requestField(request.headers, 'if-range')
  if (ifRange !== undefined && !isSameRepresentation(ifRange.trim(), stored.headers)) return undefined
  return parseRange(range, size)
}

/**
 * Compression in front of the cache would encode the part, whose Content-Range counts the bytes of the plain page. Whoever asks for
 * parts says that he takes no coding, as the Fetch standard has it. A gateway has nothing in front of it that encodes parts.
 */
function mayBeEncoded(request: RequestFacts, stored: ResponseFacts): boolean {
  if (fieldValue(stored.headers, 'content-encoding') !== undefined) return false
  return preferredCoding(requestField(request.headers, 'accept-encoding'), CODINGS) !== undefined
}

const CODINGS: readonly string[] = ['gzip', 'br', 'zstd', 'deflate']

/** A strong entity tag, or the exact Last-Modified when the response was dated at least a second after it (§8.8.2.2). */
function isSameRepresentation(ifRange: string, headers: HeaderList): boolean {
  // Compression leaves the handler's tag and date as they are, so they stand for every coding of the page.
  if (variesBy(headers, 'accept-encoding')) return false
  const tag = fieldValue(headers, 'etag')
  if (tag !== undefined && strongMatch(ifRange, tag)) return true
  const lastModified = fieldValue(headers, 'last-modified')
  if (lastModified === undefined || ifRange !== lastModified) return false
  const changedAt = parseImfFixdate(lastModified)
  const datedAt = parseImfFixdate(fieldValue(headers, 'date') ?? '')
  return changedAt !== undefined && datedAt !== undefined && datedAt - changedAt >= 1000
}
