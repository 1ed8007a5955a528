// RFC 9111 §3 and the two walls — May this response be kept? One predicate, and its reason is what is reported.

import { type Engine, modeOf } from './engine.ts'
import type { Exchange } from './exchange.ts'
import { fieldValue } from './http/headers.ts'
import { hasRoom, ruleOf } from './keep.ts'
import type { Plan } from './plan.ts'
import { storeRefusal } from './policy/storing.ts'
import { isExplicit } from './policy/terms.ts'
import type { ResponseFacts, Terms } from './policy/types.ts'
import type { RefusalReason } from './reasons.ts'
import type { RouteSettings } from './response-options.ts'
import { areTags } from './tagging.ts'

export interface Candidate<Subject> {
  readonly engine: Engine
  readonly exchange: Exchange<Subject>
  readonly settings: RouteSettings<Subject>
  readonly plan: Plan
}

/** Everything that speaks against it and is known at its head. Tags that are still on their way do not. */
export function refusalAtHead<Subject>(
  candidate: Candidate<Subject>,
  response: ResponseFacts,
  terms: Terms,
  tags: readonly string[] | Promise<readonly string[]> | undefined,
): RefusalReason | undefined {
  const { settings, exchange, engine, plan } = candidate
  const refusal = storeRefusal(exchange.request, response, settings.policy, terms, settings)
  if (refusal !== undefined) return refusal
  if (plan.guarded && !terms.shareable) return 'credentials'
  const identity = identityRead(candidate, terms)
  if (identity !== undefined) return identity
  const length = fieldValue(response.headers, 'content-length')
  if (length !== undefined && Number(length) > settings.maxBodyBytes) return 'too-large'
  if (modeOf(engine) !== 'on') return 'read-only'
  const rule = ruleFor(candidate, response)
  if (rule === undefined) return 'vary-star'
  if (!hasRoom(engine, plan.key, rule, exchange.request.headers, settings.maxVariants)) return 'variants'
  return tags instanceof Promise || areTags(tags) ? undefined : tagsRefused(engine)
}

/** Wall 2: the handler read something that tells who asks, and nobody vouched for it. */
export function identityRead<Subject>(
  { exchange, settings }: Candidate<Subject>,
  terms: Terms,
): RefusalReason | undefined {
  for (const identity of exchange.observation?.identities ?? []) {
    // Who lists all fields, as a proxy does, read none in particular: what the response itself says of its freshness and its
    // Vary decides then.
    if (identity === 'headers' && isExplicit(terms.freshnessSource)) continue
    // Cache-Status takes a token.
    if (!settings.trust.has(identity)) return `read-${identity.replace(/[^\w.-]/g, '_')}`
  }
  return undefined
}

/** The request fields that select the variant. */
export function ruleFor<Subject>(
  { engine, exchange, plan, settings }: Candidate<Subject>,
  response: ResponseFacts,
): readonly string[] | undefined {
  return ruleOf(engine, plan.key, response, settings.vary, exchange.observation?.fields)
}

export function tagsRefused(engine: Engine): 'tags' {
  engine.metrics.count('errors')
  engine.emit(() => ({ type: 'fault', cache: engine.name, operation: 'tags', code: 'LARDER_INVALID_TAG' }))
  return 'tags'
}
