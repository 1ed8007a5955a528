// Which entries the memory tier lets go: its hit ratio on synthetic web traces beside lru-cache and Belady's rule, its speed, and its memory.

import { hitRatio, hitRatioOfBelady, leastRecentlyUsed, memoryTier, type Store } from './eviction/policies.ts'
import { makeTraces, type Trace } from './eviction/traces.ts'
import type { BarPlot } from './plots.ts'
import { quick } from './quick.ts'
import { type Row, report } from './report.ts'
import { spread, written } from './spread.ts'

const REQUESTS = quick ? 3000 : 400_000
const RESOURCES = quick ? 500 : 50_000
const ROUNDS = quick ? 1 : 5
/** The share of all bytes for which the plot stands. */
const PLOTTED = 0.05

const stores: Readonly<Record<string, (maxBytes: number) => Store>> = {
  'S3-FIFO': memoryTier,
  LRU: leastRecentlyUsed,
}

const traces = makeTraces(REQUESTS, RESOURCES)
const rows: Row[] = []
const bars: BarPlot['bars'][number][] = []
for (const trace of traces) {
  for (const share of [0.01, PLOTTED, 0.2]) {
    const maxBytes = Math.floor(share * bytesOf(trace))
    const ours = hitRatio(trace, memoryTier(maxBytes)) * 100
    const lru = hitRatio(trace, leastRecentlyUsed(maxBytes)) * 100
    const belady = hitRatioOfBelady(trace, maxBytes) * 100
    if (share === PLOTTED)
      bars.push(
        { label: trace.name, value: ours, isOurs: true },
        { label: 'LRU', value: lru },
        { label: 'Belady', value: belady },
      )
    rows.push({
      trace: trace.name,
      'cache holds': `${share * 100} % of the bytes`,
      'S3-FIFO, % hits': ours.toFixed(1),
      'LRU, % hits': lru.toFixed(1),
      'Belady, % hits': belady.toFixed(1),
      gain: `${ours >= lru ? '+' : '−'}${Math.abs(ours - lru).toFixed(1)}`,
    })
  }
}
const memory = Object.entries(stores).map(([name, make]) => [name, bytesOfAnEntry(make)] as const)
report('eviction', {
  title: 'What memory lets go',
  about: `Hits of all requests on made-up traces of ${REQUESTS.toLocaleString('en')} requests over ${RESOURCES.toLocaleString('en')} resources of some kilobytes each, few of them up to a megabyte. The memory tier lets go by S3-FIFO; LRU is lru-cache; Belady's rule knows the future and is what no cache can do better, were all sizes the same.`,
  rows,
  plots: [
    {
      kind: 'bars',
      title: `Hits of all requests, %, with ${PLOTTED * 100} % of the bytes: S3-FIFO by the trace, LRU, Belady`,
      bars,
    },
  ],
  notes: [
    ...speeds().map(row =>
      Object.entries(row)
        .map(([what, figure]) => `${what}: ${figure}`)
        .join('; '),
    ),
    ...memory.map(
      ([name, bytes]) =>
        `${name}: ${Math.round(bytes)} bytes of memory for an entry, beside the key and the entry itself`,
    ),
  ],
})

/** The bytes of all that is asked for again and again. */
function bytesOf({ bytes }: Trace): number {
  return bytes.subarray(0, RESOURCES).reduce((sum, each) => sum + each, 0)
}

/** Nanoseconds of CPU, in turns: what disturbs one disturbs the other. */
function speeds(): Row[] {
  const count = quick ? 2000 : 100_000
  const keys = Array.from({ length: 4 * count }, (_, i) => `GET https://h.example/events/${i}?page=1`)
  const entry = {}
  const taken = new Map(Object.keys(stores).map(name => [name, { hit: [] as number[], set: [] as number[] }]))
  for (let round = -2; round < ROUNDS; round++) {
    for (const [name, make] of Object.entries(stores)) {
      const store = make(count)
      const nanosOf = (work: () => void) => {
        const began = process.cpuUsage()
        work()
        const { user, system } = process.cpuUsage(began)
        return ((user + system) * 1000) / keys.length
      }
      // What does not fit drives out what was set before it.
      const set = nanosOf(() => keys.forEach(key => void store.set(key, entry, 1)))
      const there = keys.filter(key => store.get(key) !== undefined)
      const hit = nanosOf(() => keys.forEach((_, i) => void store.get(there[i % there.length]!)))
      if (round >= 0) taken.get(name)!.hit.push(hit)
      if (round >= 0) taken.get(name)!.set.push(set)
    }
  }
  return [...taken].map(([name, { hit, set }]) => ({
    policy: name,
    'hit, ns': written(spread(hit), 0),
    'set that drives out another, ns': written(spread(set), 0),
  }))
}

function bytesOfAnEntry(make: (maxBytes: number) => Store): number {
  const count = quick ? 2000 : 200_000
  const keys = Array.from({ length: 2 * count }, (_, i) => `GET https://h.example/${i}`)
  // A string that was put together becomes a flat one when a map first asks for its hash.
  new Set(keys).clear()
  const entry = {}
  const store = make(count)
  collect()
  const before = held()
  // Twice as many as fit: what a policy keeps of those that it let go counts too.
  for (const key of keys) store.set(key, entry, 1)
  collect()
  const bytes = (held() - before) / count
  // It must not be collected before.
  if (store.get(keys.at(-1)!) !== entry) throw new Error('the last one set is not there')
  return bytes
}

function held(): number {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

function collect(): void {
  for (let i = 0; i < 3; i++) globalThis.gc?.()
}
