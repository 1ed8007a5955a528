// What a run showed, second by second, beside the same requests to the site without Redis.

import { columns } from './load.ts'

/** One second. */
export interface Window {
  /** In seconds from the fault; before it negative. */
  readonly at: number
  readonly phase: 'before' | 'first' | 'during' | 'after'
  readonly requests: number
  readonly errors: number
  readonly p75Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  readonly controlErrors: number
  readonly controlP75Ms: number
  readonly controlP99Ms: number
  readonly controlMaxMs: number
}

export interface Moments {
  readonly beganAt: number
  readonly faultAt: number
  readonly healedAt: number
}

export function windowsOf(rows: Float64Array, { beganAt, faultAt, healedAt }: Moments): Window[] {
  const buckets = new Map<number, { readonly took: [number[], number[]]; readonly errors: [number, number] }>()
  for (let i = 0; i < rows.length; i += columns.length) {
    const [target, , dueAt, tookMs, startedAt] = rows.subarray(i, i + columns.length) as unknown as [
      0 | 1,
      number,
      number,
      number,
      number,
    ]
    if (dueAt < beganAt) continue
    const at = Math.floor((dueAt - faultAt) / 1000)
    let bucket = buckets.get(at)
    if (bucket === undefined) {
      bucket = { took: [[], []], errors: [0, 0] }
      buckets.set(at, bucket)
    }
    bucket.took[target].push(tookMs)
    if (startedAt === 0) bucket.errors[target]++
  }
  return [...buckets]
    .sort(([a], [b]) => a - b)
    .filter(([, { took }]) => took[0].length > 0)
    .map(([at, { took, errors }]) => ({
      at,
      phase: phaseOf(at, healedAt - faultAt),
      requests: took[0].length,
      errors: errors[0],
      p75Ms: percentile(took[0], 0.75),
      p99Ms: percentile(took[0], 0.99),
      maxMs: Math.max(...took[0]),
      controlErrors: errors[1],
      controlP75Ms: percentile(took[1], 0.75),
      controlP99Ms: percentile(took[1], 0.99),
      controlMaxMs: Math.max(0, ...took[1]),
    }))
}

function phaseOf(at: number, lastedMs: number): Window['phase'] {
  if (at < 0) return 'before'
  if (at === 0) return 'first'
  return at * 1000 < lastedMs ? 'during' : 'after'
}

/** The smallest value that so many of them do not exceed. */
export function percentile(values: readonly number[], part: number): number {
  if (values.length === 0) return 0
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.ceil(sorted.length * part) - 1]!
}

export interface Summary {
  readonly requests: number
  /** Requests that failed, beyond those that the site without Redis failed too. */
  readonly errors: number
  /** How much longer than there the slowest hundredth took: in the second in which the fault begins, and in any later one. */
  readonly firstMs: number
  readonly laterMs: number
  /** The median of the later seconds. */
  readonly typicalMs: number
  /** How much longer than there the slowest quarter took in most of the later seconds. */
  readonly mostlyMs: number
  /** The slowest request of all, beyond the slowest there. */
  readonly addedMs: number
  /** The slowest request to the site without Redis: what the machine did to everybody. */
  readonly noiseMs: number
}

/**
 * @param near so many seconds around count for the other site: when the machine stands still both show it, though not always in the same second.
 */
export function summarise(windows: readonly Window[], near: number): Summary {
  const control = (i: number, of: (window: Window) => number): number =>
    Math.max(...windows.slice(Math.max(0, i - near), i + near + 1).map(of))
  const over = (phases: readonly Window['phase'][], of: (window: Window, i: number) => number): number[] =>
    windows.map(of).filter((_, i) => phases.includes(windows[i]!.phase))
  const slowest = (window: Window, i: number): number => window.p99Ms - control(i, each => each.controlP99Ms)
  return {
    requests: windows.reduce((sum, each) => sum + each.requests, 0),
    errors: windows.reduce((sum, each) => sum + Math.max(0, each.errors - each.controlErrors), 0),
    firstMs: Math.max(...over(['first'], slowest)),
    laterMs: Math.max(...over(['during', 'after'], slowest)),
    typicalMs: percentile(
      over(['during', 'after'], each => each.p99Ms - each.controlP99Ms),
      0.5,
    ),
    mostlyMs: percentile(
      over(['during', 'after'], each => each.p75Ms - each.controlP75Ms),
      0.5,
    ),
    addedMs: Math.max(
      ...over(['first', 'during', 'after'], (each, i) => each.maxMs - control(i, other => other.controlMaxMs)),
    ),
    noiseMs: Math.max(...windows.map(each => each.controlMaxMs)),
  }
}
