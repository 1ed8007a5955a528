// Asking the far tier before something is made: is it there, is somebody making it, or is it ours to make?

import { filledAtOf } from '../store/codec.ts'
import type { Claim, ClaimOutcome, Outdated } from '../store/far.ts'
import type { Ear } from './ears.ts'
import { ruleText } from './rules.ts'
import type { FarTier, TierFound } from './tier.ts'

export interface Question<T> {
  readonly key: string
  /** Names the variant that is wanted, under the rule by which the key's variants are told apart. */
  readonly variantBy: (rule: readonly string[]) => string
  /** Takes what was found. `useless`: nothing for who asks. `malformed`: nothing for anybody, so that it is to go. */
  readonly take: (rule: readonly string[], frame: Buffer) => T | 'useless' | 'malformed'
  /** Makes the claim of the lease for making it, once, if it comes to that; without one it is only looked up. */
  readonly claim: (() => Claim) | undefined
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
export type FarAnswer<T = unknown> =
  | { readonly kind: 'found'; readonly waited: boolean; readonly taken: T }
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
export function consult<T>(far: FarTier, question: Question<T>): Promise<FarAnswer<T>> {
  if (!far.usable) return Promise.resolve(nothing)
  const own = question.claim && new OwnClaim(far, question.claim)
  const until = question.now() + question.waitMs
  if (question.lookedUp) return goOn(far, question, own, until, notLooked(far, question))
  const rule = far.rules.get(question.key)
  const variant = question.variantBy(rule)
  // What is there needs no more than this: no claim, no waiting, no async function.
  return far.get(question.key, variant, own && (() => own.get().claim)).then(found => {
    if (found === undefined || !isSameRule(found, rule))
      return goOn(far, question, own, until, found && lookAgain(far, question, own, found))
    const looked = see(far, question, own, rule, variant, found)
    if (looked.taken === undefined) return goOn(far, question, own, until, looked)
    own?.end()
    return { kind: 'found', waited: false, taken: looked.taken }
  })
}

/** What a look came to; `undefined` is no answer. */
interface Looked<T> {
  readonly taken: T | undefined
  readonly claimed: ClaimOutcome | undefined
  /** What is there instead; `undefined`: nobody knows. */
  readonly outdated: Outdated | undefined
}

function notLooked(far: FarTier, { key, variantBy, outdatedAt }: Question<unknown>): Looked<never> {
  const outdated =
    outdatedAt === undefined ? undefined : { variant: variantBy(far.rules.get(key)), filledAt: outdatedAt }
  return { taken: undefined, claimed: undefined, outdated }
}

async function goOn<T>(
  far: FarTier,
  question: Question<T>,
  own: OwnClaim | undefined,
  until: number,
  first: Looked<T> | Promise<Looked<T>> | undefined,
): Promise<FarAnswer<T>> {
  const { key, now } = question
  try {
    let looked = await first
    let overtaken = 0
    let waited = false
    while (true) {
      if (looked?.taken !== undefined) return { kind: 'found', waited, taken: looked.taken }
      if (own === undefined) return nothing
      const { claim, ear } = own.get()
      // The claim may be ours, or become ours: whoever fills gives it back in any case.
      if (looked === undefined) return { kind: 'mine', claim }
      let { claimed } = looked
      const outdated = overtaken < MOST_OVERTAKEN ? looked.outdated : undefined
      if (claimed === undefined || claimed === 'there') claimed = await far.claim(key, claim, outdated)
      if (claimed === 'there' && outdated !== undefined) {
        // Another has stored it since it was looked at.
        overtaken++
        if (!far.usable) return nothing
        looked = await lookUp(far, question, own)
        continue
      }
      if (claimed === 'mine' || claimed === undefined) return { kind: 'mine', claim }
      if (claimed === 'apart') return { kind: 'apart' }
      const leftMs = until - now()
      if (claimed !== 'held') return nothing
      if (leftMs <= 0) return { kind: 'held' }
      const outcome = await ear.wait(Math.min(leftMs, SAFETY_MS))
      if (outcome === 'apart') return { kind: 'apart' }
      ear.clear()
      waited = true
      if (!far.usable) return nothing
      looked = outcome === 'failed' ? { ...looked, claimed: undefined } : await lookUp(far, question, own)
    }
  } finally {
    own?.end()
  }
}

async function lookUp<T>(
  far: FarTier,
  question: Question<T>,
  own: OwnClaim | undefined,
): Promise<Looked<T> | undefined> {
  const rule = far.rules.get(question.key)
  const variant = question.variantBy(rule)
  const found = await far.get(question.key, variant, own && (() => own.get().claim))
  if (found === undefined) return undefined
  return isSameRule(found, rule) ? see(far, question, own, rule, variant, found) : lookAgain(far, question, own, found)
}

/** Whether the rule by which it was looked up is the one that the store has. */
function isSameRule(found: TierFound, rule: readonly string[]): boolean {
  return found.rule === undefined || found.rule === rule || ruleText(found.rule) === ruleText(rule)
}

/** The guess was wrong: once more, by the rule that the store has. */
async function lookAgain<T>(
  far: FarTier,
  question: Question<T>,
  own: OwnClaim | undefined,
  { rule, claimed }: TierFound,
): Promise<Looked<T>> {
  const variant = question.variantBy(rule!)
  const found = await far.get(question.key, variant, undefined)
  if (found?.rule === undefined || ruleText(found.rule) !== ruleText(rule!))
    return { taken: undefined, claimed, outdated: undefined }
  return see(far, question, own, rule!, variant, { ...found, claimed })
}

function see<T>(
  far: FarTier,
  { key, take }: Question<T>,
  own: OwnClaim | undefined,
  rule: readonly string[],
  variant: string,
  { frame, claimed }: TierFound,
): Looked<T> {
  // Asked again: a purge may have come since.
  if (frame === undefined || !far.usable) return { taken: undefined, claimed, outdated: none(variant) }
  const taken = take(rule, frame)
  if (taken === 'useless') return { taken: undefined, claimed, outdated: { variant, filledAt: filledAtOf(frame) } }
  if (taken === 'malformed') {
    far.remove(key, variant)
    return { taken: undefined, claimed, outdated: none(variant) }
  }
  if (claimed === 'mine' && own !== undefined) far.release(key, own.get().claim, 'stored', 0)
  return { taken, claimed, outdated: undefined }
}

const none = (variant: string): Outdated => ({ variant, filledAt: Number.NEGATIVE_INFINITY })

/**
 * The claim of who asks, and an ear for the end of the lease that it is for. Both are made when they are first asked for; the ear is there before
 * anybody else can have seen the claim.
 */
class OwnClaim {
  readonly #far: FarTier
  readonly #make: () => Claim
  #claim: Claim | undefined
  #ear: Ear | undefined
  #isOver = false

  constructor(far: FarTier, make: () => Claim) {
    this.#far = far
    this.#make = make
  }

  get(): { readonly claim: Claim; readonly ear: Ear } {
    this.#claim ??= this.#make()
    this.#ear ??= this.#far.hear(this.#claim.lease)
    // A store that makes it when nobody waits any more.
    if (this.#isOver) this.#ear.close()
    return { claim: this.#claim, ear: this.#ear }
  }

  end(): void {
    this.#isOver = true
    this.#ear?.close()
  }
}
