// RFC 9111 §4 — What is stored for this request, whether it is still valid for it, and what a run that replaces it carries.

import type { Engine } from './engine.ts'
import type { CacheRequest } from './exchange.ts'
import type { RequestHeaders } from './http/headers.ts'
import type { Stamped, Verdict } from './invalidation/log.ts'
import { namesOf } from './key.ts'
import type { Plan } from './plan.ts'
import type { Reusable } from './policy/reuse.ts'
import { variantOf } from './policy/vary.ts'
import { type Resource, type StoredResponse, selectVariant } from './stored-response.ts'

export interface Found {
  /** Valid, and fit for who asks. */
  readonly stored: StoredResponse | undefined
  /** It was marked stale. */
  readonly soft: boolean
  /** What `Cache-Status` is to say when there is nothing. */
  readonly fwd: 'uri-miss' | 'vary-miss'
  readonly detail: 'invalidated' | undefined
}

/** @param spare counts when memory has nothing for the request. */
export function lookup(engine: Engine, plan: Plan, request: CacheRequest, now: number, spare?: StoredResponse): Found {
  const resource = resourceAt(engine, plan.key)
  const stored = (resource && selectVariant(resource, request.headers)) ?? spare
  if (stored === undefined) return resource === undefined ? nothing : noVariant
  const verdict = verdictFor(engine, plan, request, stored, now)
  if (verdict === 'invalid') return invalidated
  if (plan.guarded && !stored.terms.shareable) return nothing
  return { stored, soft: verdict === 'soft', fwd: 'uri-miss', detail: undefined }
}

const nothing: Found = { stored: undefined, soft: false, fwd: 'uri-miss', detail: undefined }
const noVariant: Found = { ...nothing, fwd: 'vary-miss' }
const invalidated: Found = { ...nothing, detail: 'invalidated' }

/** What the decision has to know of it. */
export function reusable(stored: StoredResponse, soft: boolean): Reusable {
  return soft ? { ...stored, soft } : stored
}

/** Whether a response still goes out to this request. */
export function verdictFor(
  engine: Engine,
  plan: Plan,
  request: CacheRequest,
  stored: StoredResponse,
  now: number,
): Verdict {
  const verdict = engine.ledger.verdict(stored, now)
  if (!plan.aliased || verdict === 'invalid') return verdict
  // It was filled under another target perhaps, and an invalidation of the one that is asked for counts as well.
  const { epoch, position, filledAt } = stored
  const asked = { epoch, position, filledAt, names: namesOf(request), subject: request.target }
  const own = engine.ledger.verdict({ ...asked, checkedAt: -1, checkedVerdict: 'valid' }, now)
  return own === 'valid' ? verdict : own
}

/** The request fields that select among what is stored under a key, here or in the far tier. */
export function ruleAt(engine: Engine, key: string): readonly string[] {
  return resourceAt(engine, key)?.rule ?? engine.far?.rules.get(key) ?? none
}

const none: readonly string[] = []

/** Requests with credentials wait for their like alone: what the others are given may not be for them. */
export function flightKeyOf(engine: Engine, plan: Plan, headers: RequestHeaders): string {
  return `${plan.guarded ? 'guarded' : 'open'}\n${plan.key}\n${variantOf(ruleAt(engine, plan.key), headers)}`
}

/** Taken before the handler runs. A purge of what is to be replaced means the run as well. */
export function stampOf(engine: Engine, request: CacheRequest, stale: StoredResponse | undefined): Stamped {
  const names = namesOf(request)
  return engine.stamp(stale === undefined ? names : [...names, ...stale.names], request.target)
}

/** The memory tier holds responses alone under such a key. */
export function resourceAt(engine: Engine, key: string): Resource | undefined {
  return engine.near.get(key) as Resource | undefined
}
