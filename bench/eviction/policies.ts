// What decides which entry goes: the memory tier, the least recently used, and one that knows the future.

import { LRUCache } from 'lru-cache'
import { createMemoryStore } from '../../packages/core/src/store/memory.ts'
import type { Trace } from './traces.ts'

/** What both stores are, as far as a trace asks them. */
export interface Store {
  get(key: string): object | undefined
  set(key: string, entry: object, bytes: number): unknown
}

/** The memory tier as it is. */
export function memoryTier(maxBytes: number): Store {
  return createMemoryStore({ maxBytes, maxEntryBytes: maxBytes })
}

/** lru-cache, bounded in bytes. */
export function leastRecentlyUsed(maxBytes: number): Store {
  const kept = new LRUCache<string, { entry: object; bytes: number }>({ maxSize: maxBytes })
  return {
    get: key => kept.get(key)?.entry,
    set: (key, entry, bytes) => kept.set(key, { entry, bytes }, { size: bytes }),
  }
}

/** How many requests of the trace the store answers, as a share. */
export function hitRatio({ requests, bytes }: Trace, store: Store): number {
  const entry = {}
  let hits = 0
  for (const resource of requests) {
    const key = `GET https://h.example/${resource}`
    if (store.get(key) !== undefined) hits++
    else store.set(key, entry, bytes[resource]!)
  }
  return hits / requests.length
}

/**
 * Belady's rule: what is asked for again last goes first, and what comes later than all that is kept is not kept at all. With one size for
 * all it is the optimum; with sizes no policy is known that is and can be computed, and this is the usual measure.
 */
export function hitRatioOfBelady({ requests, bytes }: Trace, maxBytes: number): number {
  const never = requests.length
  const nextOf = new Int32Array(requests.length)
  const lastSeen = new Int32Array(bytes.length).fill(never)
  for (let i = requests.length - 1; i >= 0; i--) {
    nextOf[i] = lastSeen[requests[i]!]!
    lastSeen[requests[i]!] = i
  }
  // A heap of what is kept, by when it is asked for next, the last on top. Instants are all different, so an old one is known to be old.
  const heap: number[] = []
  const nextUse = new Int32Array(bytes.length)
  const isKept = new Uint8Array(bytes.length)
  let [used, hits] = [0, 0]
  for (let i = 0; i < requests.length; i++) {
    const resource = requests[i]!
    const next = nextOf[i]!
    if (isKept[resource]) {
      hits++
      if (next === never) {
        isKept[resource] = 0
        used -= bytes[resource]!
        continue
      }
    } else {
      if (next === never || bytes[resource]! > maxBytes) continue
      isKept[resource] = 1
      used += bytes[resource]!
    }
    nextUse[resource] = next
    push(heap, next)
    while (used > maxBytes) {
      const last = pop(heap)
      const loser = requests[last]!
      if (!isKept[loser] || nextUse[loser] !== last) continue
      isKept[loser] = 0
      used -= bytes[loser]!
    }
  }
  return hits / requests.length
}

function push(heap: number[], value: number): void {
  let at = heap.push(value) - 1
  while (at > 0) {
    const above = (at - 1) >>> 1
    if (heap[above]! >= value) break
    heap[at] = heap[above]!
    at = above
  }
  heap[at] = value
}

function pop(heap: number[]): number {
  const top = heap[0]!
  const value = heap.pop()!
  if (heap.length === 0) return top
  let at = 0
  for (;;) {
    let below = 2 * at + 1
    if (below >= heap.length) break
    if (below + 1 < heap.length && heap[below + 1]! > heap[below]!) below++
    if (heap[below]! <= value) break
    heap[at] = heap[below]!
    at = below
  }
  heap[at] = value
  return top
}
