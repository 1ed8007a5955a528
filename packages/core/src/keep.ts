// RFC 9111 §3 — Storing a response: what is made of it, and how it takes its place among the variants.

import type { Engine } from './engine.ts'
import { MOST_FIELDS } from './far/rules.ts'
import { CLOCK_TOLERANCE_MS } from './far/store-clock.ts'
import type { HeaderList, RequestHeaders } from './http/headers.ts'
import type { Stamped } from './invalidation/log.ts'
import { resourceAt, ruleAt } from './lookup.ts'
import { currentAge, initialAge } from './policy/age.ts'
import type { PolicyOptions, ResponseFacts, Terms, Timing } from './policy/types.ts'
import { impliedVary, variantOf, varyNames } from './policy/vary.ts'
import { mergeRules, type Resource, type StoredResponse, withoutVariant, withVariant } from './stored-response.ts'

/** What a stored response costs beside its bytes, as `bench/memory.bench.ts` measures it: its objects, arrays and map entries. */
const RESPONSE_OVERHEAD_BYTES = 1600

/** The fields that a hit adds to those that are stored: an entity tag and the length. */
const FRAMING_BYTES = 60

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

/** One Buffer that shares its memory with no other: of Node's pool a body of few bytes would hold 8 KiB. */
export function ownBuffer(chunks: readonly Buffer[], bytes: number): Buffer {
  const [only] = chunks
  if (chunks.length === 1 && only!.buffer.byteLength === bytes) return only!
  const body = Buffer.allocUnsafeSlow(bytes)
  let at = 0
  for (const chunk of chunks) at += chunk.copy(body, at)
  return body
}

export function makeStored(recorded: Recorded): StoredResponse {
  const { status, headers, removed, body, terms, timing, begun, stamp, names, clientTtlSeconds } = recorded
  // Field by field: what is spread takes twice the memory.
  return {
    epoch: stamp.epoch,
    position: stamp.position,
    filledAt: stamp.filledAt,
    subject: stamp.subject,
    // Its flight was looked at perhaps, but under names that did not have the tags yet.
    checkedAt: -1,
    checkedVerdict: 'valid',
    names,
    status,
    headers,
    removed,
    body,
    hitBlock: undefined,
    terms,
    timing,
    begun,
    bytes: responseBytes(headers, names, body) + FRAMING_BYTES,
    clientTtlSeconds,
    refreshFailures: 0,
    refreshNotBefore: 0,
    lastHit: undefined,
    codings: undefined,
  }
}

/** What a stored response takes in memory. */
export function responseBytes(headers: HeaderList, names: readonly string[], body: Buffer): number {
  let bytes = RESPONSE_OVERHEAD_BYTES + body.length
  for (const text of headers) bytes += text.length
  for (const name of names) bytes += 2 * name.length
  return bytes
}

/**
 * §4.2.3. A gateway counts the time that the origin took as age, since it cannot know when in it the response was made. An
 * application's own handler makes its response by the time it sends the head.
 */
export function timingOf(response: ResponseFacts, policy: PolicyOptions, stamp: Stamped, respondedAt: number): Timing {
  const requestedAt = policy.preset === 'rfc9111' ? stamp.filledAt : respondedAt
  return { initialAgeMs: initialAge(response, requestedAt, respondedAt, Date.now()), respondedAt }
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
  const variant = variantOf(rule, headers)
  const resource = roomFor(engine, key, rule, variant, maxVariants)
  if (resource === 'variants') return resource
  // Of two fills the one that began later knows more, whichever ends first; what a wider rule drops was stored by one, too.
  if (resource !== undefined && isOutdone(stored, resource, rule, variant)) return undefined
  const put = (next: Resource) => engine.near.set(key, next, next.bytes + 2 * key.length)
  // Where the variants together are too large, the newest stays.
  if (!put(withVariant(resource, rule, variant, stored)) && !put(withVariant(undefined, rule, variant, stored))) {
    return 'too-large'
  }
  noteLifetime(engine, stored)
  engine.metrics.count('sets')
  return undefined
}

function isOutdone(stored: StoredResponse, resource: Resource, rule: readonly string[], variant: string): boolean {
  const others = resource.rule === rule ? [resource.variants.get(variant)] : [...resource.variants.values()]
  return others.some(there => there !== undefined && there.begun > stored.begun)
}

/** Put what another process stored in its place. False when this one has as new a response, or knows that it cannot tell for whom it is. */
export function promote(
  engine: Engine,
  key: string,
  theirRule: readonly string[],
  headers: RequestHeaders,
  stored: StoredResponse,
  maxVariants: number,
): boolean {
  const rule = mergeRules(resourceAt(engine, key)?.rule ?? theirRule, theirRule)
  // This process has seen the resource vary by more.
  if (rule.length > theirRule.length) return false
  const variant = variantOf(rule, headers)
  const resource = roomFor(engine, key, rule, variant, maxVariants)
  if (resource === 'variants') return false
  const there = resource?.rule === rule ? resource.variants.get(variant) : undefined
  const isNews = there === undefined || there.filledAt + CLOCK_TOLERANCE_MS < stored.filledAt
  if (!isNews && engine.ledger.verdict(there, engine.now()) !== 'invalid') return false
  const next = withVariant(resource, rule, variant, stored)
  noteLifetime(engine, stored)
  engine.near.set(key, next, next.bytes + 2 * key.length)
  return true
}

function noteLifetime(engine: Engine, { terms }: StoredResponse): void {
  const { freshnessLifetimeMs, staleWhileRevalidateMs, staleIfErrorMs } = terms
  engine.noteLifetime(freshnessLifetimeMs + Math.max(staleWhileRevalidateMs, staleIfErrorMs))
}

/** Whether a further variant may be kept, asked before there is one. */
export function hasRoom(
  engine: Engine,
  key: string,
  rule: readonly string[],
  headers: RequestHeaders,
  maxVariants: number,
): boolean {
  return roomFor(engine, key, rule, variantOf(rule, headers), maxVariants) !== 'variants'
}

/** What is stored under a key, without the variants that nobody can be served any more when these take the last place. */
function roomFor(
  engine: Engine,
  key: string,
  rule: readonly string[],
  variant: string,
  maxVariants: number,
): Resource | 'variants' | undefined {
  const resource = resourceAt(engine, key)
  if (resource?.rule !== rule || resource.variants.has(variant) || resource.variants.size < maxVariants) return resource
  const left = [...resource.variants].filter(([, stored]) => !isSpent(engine, stored))
  return left.length < maxVariants ? { ...resource, variants: new Map(left) } : 'variants'
}

function isSpent(engine: Engine, stored: StoredResponse): boolean {
  const now = engine.now()
  const { freshnessLifetimeMs, staleWhileRevalidateMs, staleIfErrorMs } = stored.terms
  const lifetimeMs = freshnessLifetimeMs + Math.max(staleWhileRevalidateMs, staleIfErrorMs)
  return currentAge(stored.timing, now) >= lifetimeMs || engine.ledger.verdict(stored, now) === 'invalid'
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
  const implied = impliedVary(response)
  const known = ruleAt(engine, key)
  // Most responses vary by nothing.
  if (own.length + routeVary.length + implied.length + (observed?.size ?? 0) === 0) return known
  const names = new Set([...own, ...routeVary, ...implied, ...(observed ?? [])])
  // Host is in the key.
  names.delete('host')
  const rule = mergeRules(known, [...names].sort())
  return rule.length > MOST_FIELDS ? undefined : rule
}

/** Drop a stored response that what the resource says now replaces, unless a newer one has taken its place. */
export function forget(engine: Engine, key: string, headers: RequestHeaders, stored: StoredResponse | undefined): void {
  const resource = resourceAt(engine, key)
  if (stored === undefined || resource === undefined) return
  const variant = variantOf(resource.rule, headers)
  if (resource.variants.get(variant) !== stored) return
  const left = withoutVariant(resource, variant)
  if (left === undefined) engine.near.delete(key)
  else engine.near.set(key, left, left.bytes + 2 * key.length)
}
