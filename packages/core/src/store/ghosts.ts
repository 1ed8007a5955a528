// Remembers which keys were let go lately, in a few bytes each and without the keys.

/** Keys that were let go and may come back. */
export interface Ghosts {
  /** Remember `key`. `span` is how many keys let go after it make it forgotten. */
  add(key: string, span: number): void
  /** Whether `key` is remembered; it is forgotten then. Rarely wrong, in either way. */
  take(key: string): boolean
  clear(): void
}

const SMALLEST_TABLE = 1024

/**
 * A table with one slot for each value of a hash: whoever comes second to a slot drives the first out. 8 bytes a slot, two slots for each key
 * that is to be remembered, and never less memory than was once needed: it follows the bound of the store.
 */
export function createGhosts(): Ghosts {
  let hashes = new Int32Array(0)
  let letGoAt = new Int32Array(0)
  let count = 0
  let span = 0

  function grow(): void {
    const slots = Math.max(SMALLEST_TABLE, hashes.length * 2)
    const [oldHashes, oldLetGoAt] = [hashes, letGoAt]
    hashes = new Int32Array(slots)
    letGoAt = new Int32Array(slots)
    for (let i = 0; i < oldHashes.length; i++) {
      const hash = oldHashes[i]!
      if (hash === 0) continue
      hashes[hash & (slots - 1)] = hash
      letGoAt[hash & (slots - 1)] = oldLetGoAt[i]!
    }
  }

  return {
    add(key, newSpan) {
      span = newSpan
      while (hashes.length < 2 * span || hashes.length === 0) grow()
      const hash = hashOf(key)
      const slot = hash & (hashes.length - 1)
      count = (count + 1) | 0
      hashes[slot] = hash
      letGoAt[slot] = count
    },
    take(key) {
      if (hashes.length === 0) return false
      const hash = hashOf(key)
      const slot = hash & (hashes.length - 1)
      if (hashes[slot] !== hash) return false
      hashes[slot] = 0
      return ((count - letGoAt[slot]!) | 0) < span
    },
    clear() {
      hashes = new Int32Array(0)
      letGoAt = new Int32Array(0)
    },
  }
}

/** FNV-1a, with the last bits mixed once more since they choose the slot. Never 0, which is an empty slot. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  hash ^= hash >>> 15
  hash = Math.imul(hash, 0x2c1b3c6d)
  hash ^= hash >>> 13
  return hash === 0 ? 1 : hash
}
