// A stored response, the resource whose variants it is one of, and what a hit sends of it.

import { hash } from 'node:crypto'
import { formatCacheStatus } from './http/cache-status.ts'
import { fieldValue, type HeaderList, type RequestHeaders } from './http/headers.ts'
import type { Stamped } from './invalidation/log.ts'
import type { Terms, Timing } from './policy/types.ts'
import { notModifiedHeaders } from './policy/validation.ts'
import { variantOf } from './policy/vary.ts'

export interface StoredResponse extends Stamped {
  readonly status: number
  /** What the handler set, less what RFC 9111 §3.1 keeps out; with `Date`. */
  readonly headers: HeaderList
  /** Fields of outer middleware that the handler took off. */
  readonly removed: readonly string[]
  readonly body: Buffer
  /** `hitHeaders()` of it, once that was asked for: many a response is never hit. */
  hitBlock: HeaderList | undefined
  readonly terms: Terms
  readonly timing: Timing
  /** Which fill it is of: one that began earlier never replaces one that began later. */
  readonly begun: number
  /** With the codings that are made of it later. */
  bytes: number
  readonly clientTtlSeconds: number | undefined
  /** A refresh that failed waits until then, and longer with each failure. */
  refreshFailures: number
  refreshNotBefore: number
  /** The header blocks of the last hit, and the whole second of age for which they hold. */
  lastHit: HitBlocks | undefined
  /** Its representations, on a route that has them negotiated. */
  codings: Codings | undefined
}

/** One stored response in the content codings that are made of it. */
export interface Codings {
  readonly identity: StoredResponse
  br: StoredResponse | undefined
  gzip: StoredResponse | undefined
  /** False: it goes out as it is, whoever asks. */
  readonly isNegotiated: boolean
  state: 'none' | 'begun'
  /** The last Accept-Encoding, and what it is answered with. */
  lastAccepted: string | undefined
  lastChosen: StoredResponse
}

interface HitBlocks {
  readonly ageSeconds: number
  readonly headers: HeaderList
  /** Of a 304, once one was asked for. */
  notModified: HeaderList | undefined
}

/** What the memory tier keeps under one key. */
export interface Resource {
  readonly kind: 'response'
  /** Request fields that select the variant: lower case, sorted. */
  readonly rule: readonly string[]
  readonly variants: Variants
  readonly bytes: number
}

/** What a Map has for those who read it. */
interface Variants extends Iterable<[variant: string, stored: StoredResponse]> {
  readonly size: number
  has(variant: string): boolean
  get(variant: string): StoredResponse | undefined
  values(): Iterable<StoredResponse>
}

/** Most resources have one variant, for which a Map takes several times the memory, and the time to make it. */
class OneVariant implements Variants {
  readonly size = 1
  readonly #variant: string
  readonly #stored: StoredResponse

  constructor(variant: string, stored: StoredResponse) {
    this.#variant = variant
    this.#stored = stored
  }

  has(variant: string): boolean {
    return variant === this.#variant
  }
  get(variant: string): StoredResponse | undefined {
    return variant === this.#variant ? this.#stored : undefined
  }
  values(): Iterable<StoredResponse> {
    return [this.#stored]
  }
  *[Symbol.iterator](): Iterator<[string, StoredResponse]> {
    yield [this.#variant, this.#stored]
  }
}

/** The variant that a request selects. */
export function selectVariant(resource: Resource, headers: RequestHeaders): StoredResponse | undefined {
  return resource.variants.get(resource.rule.length === 0 ? '' : variantOf(resource.rule, headers))
}

/** The fields of `headers` with a validator, framed: all that a hit says but `Age`, `Cache-Status` and the client's lifetime. */
export function hitHeaders(stored: StoredResponse): HeaderList {
  stored.hitBlock ??= framed(stored.status, stored.headers, ownTagOf(stored), stored.body)
  return stored.hitBlock
}

/** All that a hit says: what is stored, a tag of the cache's own where it has no validator, and the framing of this very body. */
export function framed(status: number, headers: HeaderList, ownTag: string | undefined, body: Buffer): HeaderList {
  const tag = ownTag === undefined ? [] : ['ETag', ownTag]
  // An array that is made as long as it is to be has no room to spare, which every stored response would keep.
  return status === 204 ? headers.concat(tag) : headers.concat(tag, ['Content-Length', String(body.length)])
}

function ownTagOf({ headers, body }: StoredResponse): string | undefined {
  if (fieldValue(headers, 'etag') !== undefined || fieldValue(headers, 'last-modified') !== undefined) return undefined
  // Weak: outer middleware may still encode what goes out.
  return `W/"${hash('sha1', body, 'base64').slice(0, 27)}"`
}

/** What a fresh hit says of its headers. One block serves every hit within a second of age. */
export function freshHitHeaders(stored: StoredResponse, ageMs: number): HeaderList {
  const ageSeconds = Math.floor(ageMs / 1000)
  if (stored.lastHit?.ageSeconds === ageSeconds) return stored.lastHit.headers
  const headers = answerHeaders(stored, ageMs, formatCacheStatus({ hit: true, ttl: ttlSeconds(stored.terms, ageMs) }))
  stored.lastHit = { ageSeconds, headers, notModified: undefined }
  return headers
}

/** What a 304 says in the place of an answer with these headers. For fresh hits that is one block, as for whole answers. */
export function notModifiedBlock({ lastHit }: StoredResponse, headers: HeaderList): HeaderList {
  if (lastHit?.headers !== headers) return notModifiedHeaders(headers)
  lastHit.notModified ??= notModifiedHeaders(headers)
  return lastHit.notModified
}

/** The `ttl` of RFC 9211: what is left of the freshness lifetime, negative when it is over. */
export function ttlSeconds(terms: Terms, ageMs: number): number {
  return Math.floor((terms.freshnessLifetimeMs - ageMs) / 1000)
}

/** A stored response's fields with its age and what the cache says of it. */
export function answerHeaders(stored: StoredResponse, ageMs: number, cacheStatus: string): HeaderList {
  const ageSeconds = Math.max(0, Math.floor(ageMs / 1000))
  const { clientTtlSeconds } = stored
  const headers = hitHeaders(stored)
  const told = ['Age', String(ageSeconds), 'Cache-Status', cacheStatus]
  if (clientTtlSeconds === undefined) return headers.concat(told)
  // A client subtracts Age from max-age, so the lifetime that it is to have begins at this response's age.
  return headers.concat(['Cache-Control', `max-age=${clientTtlSeconds + ageSeconds}`], told)
}

/** The rule of a resource never shrinks while it lives: a field that once selected goes on selecting. */
export function mergeRules(before: readonly string[], now: readonly string[]): readonly string[] {
  if (now.every(name => before.includes(name))) return before
  return [...new Set([...before, ...now])].sort()
}

/** The resource with one more variant. Variants under a narrower rule cannot be told apart by the wider one, so they go. */
export function withVariant(
  before: Resource | undefined,
  rule: readonly string[],
  variant: string,
  stored: StoredResponse,
): Resource {
  const others = before !== undefined && before.rule === rule ? before.variants : undefined
  if (others === undefined || (others.size === 1 && others.has(variant))) {
    const bytes = stored.bytes + 2 * variant.length
    return { kind: 'response', rule, variants: new OneVariant(variant, stored), bytes }
  }
  const variants = new Map(others).set(variant, stored)
  return { kind: 'response', rule, variants, bytes: sum(variants) }
}

export function withoutVariant(before: Resource, variant: string): Resource | undefined {
  const variants = new Map(before.variants)
  variants.delete(variant)
  return variants.size === 0 ? undefined : { ...before, variants, bytes: sum(variants) }
}

function sum(variants: Variants): number {
  let bytes = 0
  for (const [variant, stored] of variants) bytes += stored.bytes + 2 * variant.length
  return bytes
}
