// Asking the far tier before something is made: is it there, is somebody making it, or is it ours to make?

import { filledAtOf } from '../store/codec.ts'
import type { Claim, ClaimOutcome, Outdated } from '../store/far.ts'
import { ruleText } from './rules.ts'
import type { FarTier } from './tier.ts'

export interface Question {
  readonly key: string
  /** Names the variant that is wanted, under the rule by which the key's variants are told apart. */
  readonly variantBy: (rule: readonly string[]) => string
  /** Takes what was found. `useless`: nothing for who asks. `malformed`: nothing for anybody, so that it is to go. */
  readonly take: (rule: readonly string[], frame: Buffer) => 'taken' | 'useless' | 'malformed'
  /** The lease for making it; without one it is only looked up. */
  readonly claim: Claim | undefined
  /** The look-up is behind us, and what was found there has to be made anew. */
  readonly lookedUp: boolean
  /** When that had been filled, by the store's clock, as far as it is known. */
  readonly outdatedAt?: number | undefined
  /** How long to wait in all, in milliseconds, for one that another process makes. */
  readonly waitMs: number
  readonly now: () => number
}

/**
 * `found` after a wait: another process has made it. `mine`: the claim holds, as far as anybody knows. `held`: another process is at it, and there was
 * no time to wait. `nothing`: go on as if there were no far tier.
 */
export type FarAnswer =
  | { readonly kind: 'found'; readonly waited: boolean }
  | { readonly kind: 'mine'; readonly claim: Claim }
  | { readonly kind: 'apart' | 'held' | 'nothing' }

/** A process that has died holds up nobody for longer. */
export const LONGEST_LEASE_MS = 10_000

/** A message may be lost with its connection: then the lease is looked at again. */
const SAFETY_MS = 500

/** So often what others have stored since the look-up is looked at, before it is made whatever is there. */
const MOST_OVERTAKEN = 2

const nothing = { kind: 'nothing' } as const

/** Never rejects. Ends within `waitMs` and the deadlines of the calls. */
export async function consult(far: FarTier, question: Question): Promise<FarAnswer> {
  const { key, claim, waitMs, now } = question
  const until = now() + waitMs
  const ear = claim && far.hear(claim.lease)
  try {
    let looksUp = !question.lookedUp
    let overtaken = 0
    let waited = false
    let outdated = outdatedOf(far, question)
    while (far.usable) {
      let claimed: ClaimOutcome | undefined
      if (looksUp) {
        const found = await lookUp(far, question)
        // The claim may be ours, or become ours: whoever fills gives it back in any case.
        if (found === undefined) return claim === undefined ? nothing : { kind: 'mine', claim }
        if (found.taken) return { kind: 'found', waited }
        claimed = found.claimed
        outdated = overtaken < MOST_OVERTAKEN ? found.outdated : undefined
      }
      if (claim === undefined) return nothing
      if (claimed === undefined || claimed === 'there') claimed = await far.claim(key, claim, outdated)
      // Another has stored it since it was looked at.
      if (claimed === 'there' && outdated !== undefined) {
        overtaken++
        looksUp = true
        continue
      }
      if (claimed === 'mine' || claimed === undefined) return { kind: 'mine', claim }
      if (claimed === 'apart') return { kind: 'apart' }
      const leftMs = until - now()
      if (claimed !== 'held') return nothing
      if (leftMs <= 0) return { kind: 'held' }
      const outcome = await ear!.wait(Math.min(leftMs, SAFETY_MS))
      if (outcome === 'apart') return { kind: 'apart' }
      ear!.clear()
      waited = true
      looksUp = outcome !== 'failed'
    }
    return nothing
  } finally {
    ear?.close()
  }
}

function outdatedOf(far: FarTier, { key, variantBy, outdatedAt }: Question): Outdated | undefined {
  return outdatedAt === undefined ? undefined : { variant: variantBy(far.rules.get(key)), filledAt: outdatedAt }
}

interface LookedUp {
  readonly taken: boolean
  readonly claimed: ClaimOutcome | undefined
  /** What is there instead; `undefined`: nobody knows. */
  readonly outdated?: Outdated
}

async function lookUp(far: FarTier, question: Question): Promise<LookedUp | undefined> {
  const { key, variantBy, take, claim } = question
  let rule = far.rules.get(key)
  let variant = variantBy(rule)
  let found = await far.get(key, variant, claim)
  if (found === undefined) return undefined
  const { claimed } = found
  if (found.rule !== undefined && ruleText(found.rule) !== ruleText(rule)) {
    // The guess was wrong: once more, by the rule that the store has.
    rule = found.rule
    variant = variantBy(rule)
    found = await far.get(key, variant, undefined)
    if (found?.rule === undefined || ruleText(found.rule) !== ruleText(rule)) return { taken: false, claimed }
  }
  const none = { variant, filledAt: Number.NEGATIVE_INFINITY }
  // Asked again: a purge may have come since.
  if (found.frame === undefined || !far.usable) return { taken: false, claimed, outdated: none }
  const taken = take(rule, found.frame)
  if (taken === 'malformed') far.remove(key, variant)
  if (taken === 'taken' && claimed === 'mine' && claim !== undefined) far.release(key, claim, 'stored', 0)
  const outdated = taken === 'useless' ? { variant, filledAt: filledAtOf(found.frame) } : none
  return { taken: taken === 'taken', claimed, outdated }
}
