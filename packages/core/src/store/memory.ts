// The memory tier: bounded in bytes, the least recently used go first, no timer.

import { LRUCache } from 'lru-cache'
import type { NearStore } from './store.ts'

/** Bytes that an entry of application data takes beside its key, tags and value: the record and its place in the map. */
export const ENTRY_OVERHEAD_BYTES = 512

/** The default of `maxBytes`: 64 MiB. */
export const defaultMaxBytes = 64 * 1024 * 1024

export interface MemoryStoreOptions<Entry> {
  /** Most bytes to hold, by what `set` is told. @default 64 MiB */
  readonly maxBytes?: number
  /** Most bytes of one entry; a larger one is not kept. @default a quarter of `maxBytes` */
  readonly maxEntryBytes?: number
  /** Told of each entry that had to go to make room. */
  readonly onEvict?: (entry: Entry, bytes: number) => void
}

/** A store in the memory of this process. The bound holds after every operation. */
export function createMemoryStore<Entry extends object>(options: MemoryStoreOptions<Entry> = {}): NearStore<Entry> {
  const { maxBytes = defaultMaxBytes, onEvict } = options
  const maxEntryBytes = Math.min(options.maxEntryBytes ?? Math.floor(maxBytes / 4), maxBytes)
  const kept = new LRUCache<string, Kept<Entry>>({
    maxSize: maxBytes,
    ...(onEvict && { dispose: ({ entry, bytes }, _key, reason) => reason === 'evict' && onEvict(entry, bytes) }),
  })
  return {
    get: key => kept.get(key)?.entry,
    set(key, entry, bytes) {
      const size = Math.max(1, Math.ceil(bytes))
      if (!(size <= maxEntryBytes)) {
        // What was there is older than what could not be kept.
        kept.delete(key)
        return false
      }
      kept.set(key, { entry, bytes: size }, { size })
      return true
    },
    delete: key => kept.delete(key),
    clear() {
      kept.clear()
    },
    get entries() {
      return kept.size
    },
    get bytes() {
      return kept.calculatedSize
    },
  }
}

interface Kept<Entry> {
  readonly entry: Entry
  readonly bytes: number
}
