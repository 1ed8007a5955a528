// What a tier that several processes share owes the engine: bytes, in one round trip. It decides nothing.

import type { InvalidationLog } from '../invalidation/log.ts'

/** One fill in the whole fleet: who claims it, and for how long at the most. */
export interface Claim {
  /** Names what is to be filled. Everybody who wants the same gives the same name. */
  readonly lease: string
  /** Names who claims it. */
  readonly token: string
  /** A lease ends by itself after so many milliseconds, whatever becomes of its holder. */
  readonly holdMs: number
}

/** What is to be made anew: a claim for it comes to nothing when another has made it meanwhile. */
export interface Outdated {
  readonly variant: string
  /** When what is stored as the variant had been filled; minus infinity when nothing was. By the store's clock. */
  readonly filledAt: number
}

/** A claim on its way. */
export interface TimedClaim extends Claim {
  /** By the store's clock. What arrives later claims nothing: whoever sent it has gone on without, and would hold up the others. */
  readonly until: number
}

/**
 * `mine`: fill it. `held`: another does, and tells when it has ended. `apart`: what came of it could not be shared, so whoever wants it
 * runs his own at once. `there`: it is stored already. `late`: it came too late.
 */
export type ClaimOutcome = 'mine' | 'held' | 'apart' | 'there' | 'late'

/** How a fill that was claimed ended. */
export type ReleaseOutcome = 'stored' | 'apart' | 'failed'

export interface FarFound {
  /** Under which fields the variants of the key are told apart; `undefined` when nothing is stored under it. */
  readonly rule: string | undefined
  /** What is stored as this variant. */
  readonly frame: Buffer | undefined
  /** What became of the claim that was made beside the look-up. */
  readonly claimed: ClaimOutcome | undefined
}

export interface FarWrite {
  readonly key: string
  readonly variant: string
  readonly rule: string
  /** The rule that this one widens. What is stored under it goes, since it cannot be told apart by the new one. */
  readonly widens: string | undefined
  /** What the frame says of its age, so that the store can refuse it when it has a newer one. */
  readonly epoch: string
  readonly position: number
  /** By the store's clock, in milliseconds, like every instant here. */
  readonly filledAt: number
  readonly expiresAt: number
  /** How long it may stay, in milliseconds. */
  readonly livesMs: number
  readonly maxVariants: number
  readonly frame: Buffer
  /** The lease that ends with it. */
  readonly release: Claim | undefined
}

/**
 * `outdone`: a newer one is there. `full`: the key has its most variants. `too-large`: the store takes none so large. `{ rule }`: the key has
 * another rule than was thought. In the first two cases the lease has ended.
 */
export type FarWritten = 'stored' | 'outdone' | 'full' | 'too-large' | { readonly rule: string }

/**
 * Every method rejects with a LarderError whose code is LARDER_FAR_UNAVAILABLE, LARDER_FAR_FULL, LARDER_FAR_READ_ONLY or LARDER_FAR_REFUSED,
 * and which holds no key, value, address or password. None of them has to end in time: the engine sees to that.
 */
export interface FarStore {
  /** One round trip. `claim` asks for the lease as well, should the variant not be there; it is called when it is sent, if it is. */
  get(key: string, variant: string, claim?: () => TimedClaim): Promise<FarFound>
  set(write: FarWrite): Promise<FarWritten>
  /** Remove one variant, or all that is stored under the key. */
  remove(key: string, variant?: string): Promise<void>
  /** Ask for a lease, whatever is stored; with `outdated` not when something newer is: then it is `there`. */
  claim(key: string, claim: TimedClaim, outdated?: Outdated): Promise<ClaimOutcome>
  /** Give a lease back, and wake those who wait for it. `apartMs`: how long the outcome `apart` holds. */
  release(key: string, claim: Claim, outcome: ReleaseOutcome, apartMs: number): Promise<void>
  /** The store's clock: milliseconds since the epoch. It serves as the probe as well. */
  time(): Promise<number>
  /** Be told of what happens there, until the returned function is called. */
  listen(listener: FarListener): () => void
  /** A log beside the store. Whoever opened it closes it. */
  openLog?(): InvalidationLog
}

export interface FarListener {
  /** The connection is back. */
  ready(): void
  /** A lease that this process waits for has ended. */
  released(lease: string, outcome: ReleaseOutcome): void
}
