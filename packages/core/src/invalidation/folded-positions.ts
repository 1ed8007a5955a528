// A fixed table of positions by hash: it forgets names, never that something was invalidated.

import type { Position } from './log.ts'

/** A bounded map from name to last position that can only answer too late a position, never too early a one. */
export interface FoldedPositions {
  add(name: string, position: Position): void
  /** At least the last position added for `name`; −Infinity when it certainly was not. */
  get(name: string): Position
  clear(): void
}

const slots = 2 ** 16
const probes = 4

/** 512 KiB, made when the first name is added. */
export function createFoldedPositions(): FoldedPositions {
  let table: Float64Array | undefined
  return {
    add(name, position) {
      table ??= new Float64Array(slots).fill(Number.NEGATIVE_INFINITY)
      const [first, step] = hash(name)
      for (let i = 0; i < probes; i++) {
        const slot = (first + i * step) & (slots - 1)
        if (table[slot]! < position) table[slot] = position
      }
    },
    get(name) {
      if (table === undefined) return Number.NEGATIVE_INFINITY
      const [first, step] = hash(name)
      let least = Number.POSITIVE_INFINITY
      for (let i = 0; i < probes; i++) least = Math.min(least, table[(first + i * step) & (slots - 1)]!)
      return least
    },
    clear() {
      table = undefined
    },
  }
}

// FNV-1a over code units, mixed once more; the odd step makes the probes differ.
function hash(name: string): readonly [number, number] {
  let h = 0x811c9dc5
  for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  h ^= h >>> 16
  return [h & (slots - 1), (h >>> 16) | 1]
}
