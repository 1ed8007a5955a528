// Medians and quartiles of what was measured.

export interface Spread {
  readonly low: number
  readonly middle: number
  readonly high: number
}

/** The quartiles, between two values where none lies there. */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number) => {
    const place = share * (sorted.length - 1)
    const below = Math.floor(place)
    const [low, high] = [sorted[below]!, sorted[Math.ceil(place)]!]
    return low + (place - below) * (high - low)
  }
  return { low: at(0.25), middle: at(0.5), high: at(0.75) }
}

/** How many times as fast `a` was as `b`, round by round: both ran in the same one. */
export function timesAsFast(a: readonly number[], b: readonly number[]): Spread {
  return spread(a.map((took, i) => b[i]! / took))
}

/** A spread as people read it: `2.41 (2.30–2.52)`. */
export function written({ low, middle, high }: Spread, digits = 2): string {
  return `${middle.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`
}
