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

/** Exact for the newest names, at most `maxNames`. */
export function createPositions(maxNames: number): Positions {
  // In the order of the log: the oldest first.
  const exact = new Map<string, Position>()
  const folded = createFoldedPositions()

  // Many at a time: finding the first entry of a Map costs a step for each that was deleted before it.
  function fold(count: number): void {
    let left = count
    for (const [name, position] of exact) {
      if (left-- === 0) return
      exact.delete(name)
      folded.add(name, position)
    }
  }

  return {
    set(name, position) {
      const known = exact.get(name) ?? folded.get(name)
      exact.delete(name)
      exact.set(name, Math.max(known, position))
      if (exact.size > maxNames) fold(Math.ceil(maxNames / 16))
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
