// RFC 9111 §5.2.2 and RFC 9213 §2.2 — What a response says to this cache, in whichever field it says it.

import { type CacheControl, parseCacheControl } from '../http/cache-control.ts'
import { fieldValue, type HeaderList } from '../http/headers.ts'
import { parseTargeted } from './targeted.ts'
import type { PolicyOptions } from './types.ts'

export interface ResponseDirectives {
  readonly directives: CacheControl
  /** They come from CDN-Cache-Control, so Expires does not count either. */
  readonly targeted: boolean
}

/** A valid CDN-Cache-Control stands in place of Cache-Control, except that the default preset never forgets a veto. */
export function responseDirectives(headers: HeaderList, preset: PolicyOptions['preset']): ResponseDirectives {
  const field = fieldValue(headers, 'cache-control')
  const targeted = parseTargeted(fieldValue(headers, 'cdn-cache-control'))
  const untargeted = parseCacheControl(field)
  if (targeted === undefined) {
    // Pragma in a response was never specified, but who sends it alone means no-cache.
    const pragma = preset === 'default' && field === undefined && saysNoCache(fieldValue(headers, 'pragma'))
    return { directives: pragma ? { ...untargeted, noCache: true } : untargeted, targeted: false }
  }
  if (preset === 'rfc9111') return { directives: targeted, targeted: true }
  const directives = {
    ...targeted,
    noStore: targeted.noStore || untargeted.noStore,
    private: targeted.private || untargeted.private,
    malformed: untargeted.malformed,
  }
  return { directives, targeted: true }
}

/** `Pragma: no-cache` (RFC 9111 §5.4). */
export function saysNoCache(pragma: string | undefined): boolean {
  return pragma !== undefined && parseCacheControl(pragma).noCache
}
