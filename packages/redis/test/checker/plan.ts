// A short random history of one key on a few nodes, decided by its seed: when which node reads, and when which one purges.

export interface Read {
  /** Milliseconds from the beginning. */
  readonly at: number
  readonly node: number
  /** How long a fill takes before it reads the source, and after it. */
  readonly beforeMs: number
  readonly afterMs: number
}

export interface Purge {
  readonly at: number
  readonly node: number
  readonly by: 'tag' | 'key' | 'pattern'
}

export interface Plan {
  readonly reads: readonly Read[]
  readonly purges: readonly Purge[]
}

/** How long a history lasts, and until when something is purged in it: nothing may be served that was purged a bound ago. */
export const HISTORY_MS = 800
const PURGES_UNTIL_MS = 400

export function planOf(seed: number, nodes: number): Plan {
  const chance = random(seed)
  const between = (from: number, to: number): number => from + Math.floor(chance() * (to - from))
  const read = (at: number): Read => ({
    at: Math.max(0, at),
    node: between(0, nodes),
    beforeMs: between(0, 12),
    // Now and then one that outlasts the coherence bound.
    afterMs: chance() < 0.12 ? between(50, 350) : between(0, 25),
  })
  const purges = Array.from({ length: between(1, 4) }, (): Purge => {
    const draw = chance()
    return {
      at: between(30, PURGES_UNTIL_MS),
      node: between(0, nodes),
      by: draw < 0.03 ? 'pattern' : draw < 0.3 ? 'key' : 'tag',
    }
  })
  const reads = Array.from({ length: 6 * nodes }, () => read(between(0, HISTORY_MS)))
  // Fills that are under way when it is purged are what a purge has to win against.
  for (const { at } of purges)
    reads.push(read(at - between(0, 40)), read(at - between(0, 15)), read(at + between(0, 60)))
  return { reads, purges }
}

/** A generator of numbers from 0 to 1 that a seed decides. */
export function random(seed: number): () => number {
  let state = (seed * 2654435761) >>> 0 || 1
  return () => {
    state ^= state << 13
    state >>>= 0
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state / 4294967296
  }
}
