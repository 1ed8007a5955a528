// RFC 9110 §8.4 — Content codings: which responses a cache may send in another one than that in which it got them.

import { parseCacheControl } from '../http/cache-control.ts'
import { fieldValue } from '../http/headers.ts'
import type { ResponseFacts } from './types.ts'

/** Below this the frame of a coding takes what it saves. */
const LEAST_BYTES = 512

/** Types whose bytes are text: what is compressed already does not get shorter. */
const TEXT =
  /^\s*(?:text\/(?!event-stream\b)|application\/(?:[\w.-]+\+)?(?:json|xml)\b|application\/(?:javascript|graphql|wasm)\b|image\/svg\+xml\b|font\/(?:otf|ttf)\b)/i

export function isCodable({ status, headers }: ResponseFacts, length = Number.POSITIVE_INFINITY): boolean {
  if (status !== 200 || length < LEAST_BYTES) return false
  if (fieldValue(headers, 'content-encoding') !== undefined) return false
  // RFC 9110 §7.7: nobody on the way may change the content.
  if (parseCacheControl(fieldValue(headers, 'cache-control')).noTransform) return false
  return TEXT.test(fieldValue(headers, 'content-type')?.slice(0, LONGEST_TYPE) ?? '')
}

const LONGEST_TYPE = 128
