// RFC 9111 §3 — Storing a response: what is made of it, and how it takes its place among the variants.

import { hash } from 'node:crypto'
import type { Engine } from './engine.ts'
import { fieldValue, type HeaderList, type RequestHeaders } from './http/headers.ts'
import type { Stamped } from './invalidation/log.ts'
import type { ResponseFacts, Terms, Timing } from './policy/types.ts'
import { impliedVary, variantOf, varyNames } from './policy/vary.ts'
import { mergeRules, type Resource, type StoredResponse, withoutVariant, withVariant } from './stored-response.ts'

/** What a stored response costs beside its bytes: its objects, arrays and map entries. */
const RESPONSE_OVERHEAD_BYTES = 900

export interface Recorded {
  readonly status: number
  /** Fit to be stored, with `Date`. */
  readonly headers: HeaderList
  readonly removed: readonly string[]
  readonly body: Buffer
  readonly terms: Terms
  readonly timing: Timing
  readonly begun: number
  /** Taken before the handler ran. */
  readonly stamp: Stamped
  readonly names: readonly string[]
  readonly clientTtlSeconds: number | undefined
}

export function makeStored(recorded: Recorded): StoredResponse {
  const { status, headers, removed, body, terms, timing, begun, stamp, names, clientTtlSeconds } = recorded
  const hitHeaders = [...headers]
  if (fieldValue(headers, 'etag') === undefined && fieldValue(headers, 'last-modified') === undefined) {
    // Weak: outer middleware may still encode what goes out.
    hitHeaders.push('ETag', `W/"${hash('sha1', body, 'base64').slice(0, 27)}"`)
  }
  if (status !== 204) hitHeaders.push('Content-Length', String(body.length))
  let bytes = RESPONSE_OVERHEAD_BYTES + body.length
  for (const text of hitHeaders) bytes += text.length
  for (const name of names) bytes += 2 * name.length
  return {
    ...stamp,
    names,
    status,
    headers,
    removed,
    body,
    hitHeaders,
    terms,
    timing,
    begun,
    bytes,
    clientTtlSeconds,
    refreshFailures: 0,
    refreshNotBefore: 0,
    lastHit: undefined,
  }
}

/** Put a response in its place. Answers why it could not be kept. */
export function keep(
  engine: Engine,
  key: string,
  rule: readonly string[],
  headers: RequestHeaders,
  stored: StoredResponse,
  maxVariants: number,
): 'variants' | 'too-large' | undefined {
  const resource = engine.near.get(key) as Resource | undefined
  const variant = rule.length === 0 ? '' : variantOf(rule, headers)
  const there = resource?.variants.get(variant)
  // Of two fills the one that began later knows more, whichever ends first.
  if (there !== undefined && there.begun > stored.begun) return undefined
  if (
    resource !== undefined &&
    resource.rule === rule &&
    there === undefined &&
    resource.variants.size >= maxVariants
  ) {
    return 'variants'
  }
  const next = withVariant(resource, rule, variant, stored)
  if (!engine.near.set(key, next, next.bytes + 2 * key.length)) return 'too-large'
  const { freshnessLifetimeMs, staleWhileRevalidateMs, staleIfErrorMs } = stored.terms
  engine.noteLifetime(freshnessLifetimeMs + Math.max(staleWhileRevalidateMs, staleIfErrorMs))
  engine.metrics.count('sets')
  return undefined
}

/**
 * The request fields that select the variant: what the response says, what the route says, what the handler read. `undefined` when
 * no rule can say it.
 */
export function ruleOf(
  engine: Engine,
  key: string,
  response: ResponseFacts,
  routeVary: readonly string[],
  observed: ReadonlySet<string> | undefined,
): readonly string[] | undefined {
  const own = varyNames(response.headers)
  if (own === '*') return undefined
  const names = new Set([...own, ...routeVary, ...impliedVary(response), ...(observed ?? [])])
  // Host is in the key.
  names.delete('host')
  const before = (engine.near.get(key) as Resource | undefined)?.rule ?? none
  return mergeRules(before, [...names].sort())
}

const none: readonly string[] = []

/** Drop a stored response that what the resource says now replaces, unless a newer one has taken its place. */
export function forget(engine: Engine, key: string, headers: RequestHeaders, stored: StoredResponse | undefined): void {
  const resource = engine.near.get(key) as Resource | undefined
  if (stored === undefined || resource === undefined) return
  const variant = resource.rule.length === 0 ? '' : variantOf(resource.rule, headers)
  if (resource.variants.get(variant) !== stored) return
  const left = withoutVariant(resource, variant)
  if (left === undefined) engine.near.delete(key)
  else engine.near.set(key, left, left.bytes + 2 * key.length)
}
