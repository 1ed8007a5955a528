// The memory tier: bounded in bytes by S3-FIFO, without a timer. What is used again stays; what is asked for once passes through.

import { append, createFifo, type Kept, remove } from './fifo.ts'
import { createGhosts } from './ghosts.ts'
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

/** The share of all bytes in which new entries have to show that they are used again. */
const PROBATION = 0.2

/**
 * A store in the memory of this process. The bound holds after every operation.
 *
 * Two queues, first in, first out: a hit leaves a mark and moves nothing. A new entry is on probation. When room is needed, the oldest on
 * probation goes, unless it was used meanwhile: then it moves to the main queue. There, what was used goes around once more. A key that was
 * let go on probation and comes back soon goes straight to the main queue.
 *
 * After Yang et al., “FIFO queues are all you need for cache eviction”, SOSP 2023; with one mark where they count to three, and twice
 * their share on probation, which follows better when what is popular changes. `bench/eviction.bench.ts` has the figures.
 */
export function createMemoryStore<Entry extends object>(options: MemoryStoreOptions<Entry> = {}): NearStore<Entry> {
  const { maxBytes = defaultMaxBytes, onEvict } = options
  const maxEntryBytes = Math.min(options.maxEntryBytes ?? Math.floor(maxBytes / 4), maxBytes)
  const kept = new Map<string, Kept<Entry>>()
  const probation = createFifo<Entry>()
  const main = createFifo<Entry>()
  const ghosts = createGhosts()

  /** Take out what is kept under `key`. */
  function discard(key: string): Kept<Entry> | undefined {
    const found = kept.get(key)
    if (found === undefined) return undefined
    remove(found)
    kept.delete(key)
    return found
  }

  function evict(each: Kept<Entry>): void {
    remove(each)
    kept.delete(each.key)
    onEvict?.(each.entry, each.bytes)
  }

  /** One step towards room. Each step takes away a mark or an entry, so that there is room after a bounded number of them. */
  function makeRoom(): void {
    const onProbation = probation.oldest
    if (onProbation !== undefined && (probation.bytes > maxBytes * PROBATION || main.oldest === undefined)) {
      if (onProbation.used) keepOn(onProbation)
      else {
        ghosts.add(onProbation.key, kept.size)
        evict(onProbation)
      }
      return
    }
    const oldest = main.oldest!
    if (oldest.used) keepOn(oldest)
    else evict(oldest)
  }

  function keepOn(each: Kept<Entry>): void {
    remove(each)
    each.used = false
    append(main, each)
  }

  return {
    get(key) {
      const found = kept.get(key)
      if (found === undefined) return undefined
      found.used = true
      return found.entry
    },
    set(key, entry, bytes) {
      const size = Math.max(1, Math.ceil(bytes))
      const before = discard(key)
      // What was there is older than what cannot be kept.
      if (!(size <= maxEntryBytes)) return false
      while (probation.bytes + main.bytes + size > maxBytes) {
        makeRoom()
        // Whoever is told of an eviction may set this very key.
        discard(key)
      }
      const queue = before?.queue ?? (ghosts.take(key) ? main : probation)
      const used = before?.used ?? false
      const each: Kept<Entry> = { key, entry, bytes: size, used, queue, older: undefined, newer: undefined }
      kept.set(key, each)
      append(queue, each)
      return true
    },
    delete: key => discard(key) !== undefined,
    clear() {
      kept.clear()
      for (const queue of [probation, main]) Object.assign(queue, createFifo<Entry>())
      ghosts.clear()
    },
    get entries() {
      return kept.size
    },
    get bytes() {
      return probation.bytes + main.bytes
    },
  }
}
