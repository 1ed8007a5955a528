// Random numbers that are the same on every machine.

export interface Random {
  /** A number from 0 up to, not including, 1. */
  next(): number
  /** A whole number from `low` up to and including `high`. */
  whole(low: number, high: number): number
  pick<T>(from: readonly T[]): T
  /** `count` different ones, or all of them when there are fewer. */
  sample<T>(from: readonly T[], count: number): T[]
}

/** A seeded generator (mulberry32): one 32-bit word of state is plenty for made-up people. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0

  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let word = Math.imul(state ^ (state >>> 15), state | 1)
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61)
    return ((word ^ (word >>> 14)) >>> 0) / 4_294_967_296
  }
  const whole = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1))

  return {
    next,
    whole,
    pick: from => from[whole(0, from.length - 1)]!,
    sample: (from, count) => {
      const rest = from.slice()
      const taken = []
      while (taken.length < count && rest.length > 0) taken.push(rest.splice(whole(0, rest.length - 1), 1)[0]!)
      return taken
    },
  }
}
