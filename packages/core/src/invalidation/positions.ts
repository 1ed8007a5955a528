// The last position of each name: exact for the newest names, folded for the rest.

import { createFoldedPositions } from './folded-positions.ts'
import type { Position } from './log.ts'

/** A bounded map from name to the last position at which it was invalidated. */
export interface Positions {
  set(name: string, position: Position): void
  /** At least the last position of `name`; −Infinity when it was never invalidated. */
  get(name: string): Position
  /** Forget every position up to and including `position`. */
  forget(position: Position): void
  clear(): void
  /** Names that are known exactly. */
  readonly size: number
}

/** Exact for `maxNames` names. */
export function createPositions(maxNames: number): Positions {
  // In the order of the log: the oldest first.
  const exact = new Map<string, Position>()
  const folded = createFoldedPositions()
  return {
    set(name, position) {
      const known = exact.get(name) ?? folded.get(name)
      exact.delete(name)
      exact.set(name, Math.max(known, position))
      if (exact.size <= maxNames) return
      const [oldest] = exact as Iterable<[string, Position]>
      if (oldest === undefined) return
      exact.delete(oldest[0])
      folded.add(...oldest)
    },
    get: name => exact.get(name) ?? folded.get(name),
    forget(position) {
      for (const [name, last] of exact) {
        if (last > position) return
        exact.delete(name)
      }
    },
    clear() {
      exact.clear()
      folded.clear()
    },
    get size() {
      return exact.size
    },
  }
}
