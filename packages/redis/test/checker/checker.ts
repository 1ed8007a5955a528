// Many random histories side by side, on a few servers that break and in a few processes.

import { setTimeout as sleep } from 'node:timers/promises'
import { type Child, startChild } from '../../../../test/support/child.ts'
import { type RedisServer, startRedis } from '../../../../test/support/redis-server.ts'
import { startTcpProxy, type TcpProxy } from '../../../../test/support/tcp-proxy.ts'
import { clock, type Fault, type Place, startChaos } from './chaos.ts'
import { judge } from './judge.ts'
import type { Mutant } from './mutants.ts'
import { HISTORY_MS, random } from './plan.ts'
import type { Part } from './worker.ts'

export interface CheckerOptions {
  readonly histories: number
  /** Changes to the sources of the processes, and the faults that show them. */
  readonly mutant?: Mutant
  /** End with the first violation. */
  readonly untilViolation?: boolean
  readonly firstSeed?: number
}

export interface Checked {
  readonly histories: number
  readonly violations: readonly string[]
  readonly reads: number
  readonly hits: number
  readonly fills: number
  readonly purges: number
  readonly unacknowledged: number
  /** The longest that anything older was served on another node, in milliseconds after the purge. */
  readonly latestMs: number
  readonly tookMs: number
  readonly chaos: ReadonlyMap<Fault, number>
  /** KEYS, SCAN and the like, on any server. */
  readonly searches: readonly string[]
}

const GROUPS = 3
const NODES = 3
/** Histories that begin together, and how many such batches are under way in each group. */
const BATCH = 12
const BATCHES = 5
export const BOUND_MS = 200
const TICK_MS = 40
/** Two clocks are read for a stored instant, and each is a little off. */
const SLACK_MS = 50

export async function check(options: CheckerOptions): Promise<Checked> {
  const { histories, mutant, untilViolation = false, firstSeed = 1 } = options
  const ends: (() => Promise<unknown>)[] = []
  const begunAt = performance.now()
  const totals = { reads: 0, hits: 0, fills: 0, purges: 0, unacknowledged: 0, latestMs: 0 }
  const violations: string[] = []
  const chaos = new Map<Fault, number>()
  let seed = firstSeed
  let left = histories

  try {
    const source = await startServer()
    const places = await Promise.all(Array.from({ length: GROUPS }, openPlace))
    const workers = await Promise.all(Array.from({ length: NODES }, (_, node) => openWorker(node, places, source)))
    await Promise.all(workers.map(worker => worker.call('joined')))
    const stops = places.map((place, group) => {
      return startChaos(place, { chance: random(firstSeed + group), faults: mutant?.faults, done: chaos })
    })
    try {
      await Promise.all(
        places.flatMap((_, group) =>
          Array.from({ length: BATCHES }, (_, i) => runBatches(workers, places[group]!, group, i)),
        ),
      )
    } finally {
      await Promise.all(stops.map(stop => stop()))
    }
    if (!untilViolation) await Promise.all(places.map((_, group) => agree(workers, group)))
    const searches = await Promise.all(places.map(({ server }) => searchesOn(server)))
    const tookMs = performance.now() - begunAt
    return { histories: histories - left, violations, ...totals, tookMs, chaos, searches: searches.flat() }
  } finally {
    // The processes before what they talk to.
    for (const end of ends.reverse()) await end()
  }

  async function startServer(): Promise<RedisServer> {
    const server = await startRedis()
    ends.push(() => server.end())
    return server
  }
  async function openPlace(): Promise<Place> {
    const server = await startServer()
    const proxies: TcpProxy[] = []
    for (let i = 0; i < NODES; i++) {
      const proxy = await startTcpProxy({ target: server.port })
      ends.push(() => proxy.close())
      proxies.push(proxy)
    }
    return { server, proxies, lost: [] }
  }
  async function openWorker(node: number, places: readonly Place[], source: RedisServer): Promise<Child> {
    const ports = places.map(({ proxies }) => proxies[node]!.port)
    const settings = { node, nodes: NODES, ports, sourcePort: source.port, boundMs: BOUND_MS, tickMs: TICK_MS }
    const worker = await startChild(new URL('worker.ts', import.meta.url), {
      env: { CHECKER: JSON.stringify(settings), ...(mutant && { MUTANT: JSON.stringify(mutant.changes) }) },
      args: mutant === undefined ? [] : ['--import', new URL('mutate.mjs', import.meta.url).href],
    })
    ends.push(() => worker.kill())
    return worker
  }

  async function runBatches(workers: readonly Child[], place: Place, group: number, index: number): Promise<void> {
    let delayMs = (index * HISTORY_MS) / BATCHES
    while (left > 0 && !(untilViolation && violations.length > 0)) {
      const count = Math.min(BATCH, left)
      left -= count
      const seeds = Array.from({ length: count }, () => seed++)
      const startAt = clock() + 20 + delayMs
      delayMs = 0
      const running = workers.map(worker => worker.call<readonly Part[]>('run', group, seeds, startAt))
      const parts = await soon(Promise.all(running), `the histories from ${seeds[0]} on`)
      for (const [i, each] of seeds.entries())
        note(
          each,
          parts.map(part => part[i]!),
          place.lost,
        )
    }
  }

  function note(seed: number, parts: readonly Part[], lost: Place['lost']): void {
    const served = parts.flatMap(part => part.served)
    const purged = parts.flatMap(part => part.purged)
    const judgement = judge(served, purged, BOUND_MS + SLACK_MS, lost)
    for (const violation of judgement.violations) violations.push(`seed ${seed}: ${violation}`)
    totals.latestMs = Math.max(totals.latestMs, judgement.latestMs)
    totals.reads += served.length
    totals.hits += served.filter(({ isHit }) => isHit).length
    totals.purges += purged.length
    totals.unacknowledged += purged.filter(({ isAcknowledged }) => !isAcknowledged).length
    for (const { fills } of parts) totals.fills += fills
  }
}

/** Every wait of a cache ends, so a history does. */
async function soon<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Not ended within 60 s: ${what}`)), 60_000)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Once all is well again, all nodes know the same. */
async function agree(workers: readonly Child[], group: number): Promise<void> {
  const deadline = performance.now() + 15_000
  for (;;) {
    const places = await Promise.all(workers.map(worker => worker.call<string>('place', group)))
    if (new Set(places).size === 1) return
    await sleep(20)
    if (performance.now() > deadline) throw new Error(`The nodes do not agree: ${places.join(', ')}`)
  }
}

async function searchesOn(server: RedisServer): Promise<string[]> {
  const stats = String(await server.command('INFO', 'commandstats'))
  return [...stats.matchAll(/cmdstat_(keys|[hsz]?scan):calls=\d+/g)].map(([text]) => text)
}
