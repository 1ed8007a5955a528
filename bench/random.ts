// Chance that is the same for the same seed, and popularity as pages have it.

export type Random = () => number

/** Mulberry32: numbers in [0, 1). */
export function randomFrom(seed: number): Random {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Ranks from 0, the first asked for most: the share of rank r is proportional to 1 / (r + 1)^exponent. */
export function zipf(ranks: number, exponent: number, random: Random): () => number {
  const sums = new Float64Array(ranks)
  let sum = 0
  for (let rank = 0; rank < ranks; rank++) {
    sum += 1 / (rank + 1) ** exponent
    sums[rank] = sum
  }
  return () => {
    const aim = random() * sum
    let [low, high] = [0, ranks - 1]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (sums[middle]! < aim) low = middle + 1
      else high = middle
    }
    return low
  }
}
