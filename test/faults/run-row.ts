// One row: the load begins, the fault comes and goes, and what everybody saw meanwhile is judged.

import { setTimeout as sleep } from 'node:timers/promises'
import { ask } from '../support/http.ts'
import type { FarConfig, OpenConfig, Sample } from './app.ts'
import { type Summary, summarise, type Window, windowsOf } from './figures.ts'
import { type Objections, objections } from './judge.ts'
import { BODY_BYTES, type Lane, type Node } from './lane.ts'
import type { Mode } from './mode.ts'
import { now } from './site.ts'

/** What a fault is done to. */
export interface Bed {
  readonly far: FarConfig
  /** How the other node finds it, when that is another way. */
  readonly farOfB?: FarConfig
  end(): Promise<void>
}

export interface Scene<B extends Bed> {
  readonly bed: B
  readonly lane: Lane
  readonly mode: Mode
  readonly a: Node
  /** The other node, where the row has one. */
  readonly b: Node | undefined
  /** For the table. */
  note(text: string): void
}

/** One line of the table. */
export interface Row<B extends Bed = Bed> {
  readonly id: string
  readonly title: string
  readonly site?: (mode: Mode) => Partial<OpenConfig>
  readonly nodes?: 1 | 2
  /** Bodies and rates of its own, where they matter. */
  readonly load?: (mode: Mode) => { readonly bodyBytes?: number; readonly rate?: number; readonly leaves?: number }
  readonly lastsMs?: (mode: Mode) => number
  /** What it stands on. */
  setUp(mode: Mode): Promise<B>
  /** Called once the site is warm and before the load. */
  prepare?(scene: Scene<B>): Promise<void>
  inject(scene: Scene<B>): Promise<void>
  /** Goes on while the fault lasts; `until` is when that ends. */
  during?(scene: Scene<B>, until: number): Promise<void>
  heal(scene: Scene<B>): Promise<void>
  /** What has to hold beside the standard, and does not; called when the load is over. */
  verify?(scene: Scene<B>, result: Omit<Result, keyof Objections>): Promise<readonly string[]>
  /** What the row may do otherwise than the standard. */
  readonly terms?: Terms
}

export interface Terms {
  /** How much longer the slowest hundredth may take in any second, where that is more than in the first alone. */
  readonly everyMs?: number
  /** Of the first second. @default 60 */
  readonly firstMs?: number
  /** Of any request. @default 110 */
  readonly addedMs?: number
  /** Whether the breaker opens. @default either */
  readonly breaker?: 'opens' | 'stays closed'
  /** Far hits are back so soon after the cause has ended. @default 5000 */
  readonly recoveryMs?: number
  /** The site does not have the far tier again at the end. */
  readonly stays?: true
  /** There is no far tier before. */
  readonly startsWithout?: true
  /** Most times that the breaker opens. */
  readonly openings?: number
  /** Replies may come that nobody asked for. */
  readonly unasked?: true
  /** How much slower the event loop may be than that of the site without Redis. @default 5 */
  readonly loopMs?: number
}

/** With in what it does not hold to the standard, or to what the row wants beside it. */
export interface Result extends Objections {
  readonly id: string
  readonly title: string
  readonly summary: Summary
  readonly windows: readonly Window[]
  readonly commands: number
  readonly bytes: number
  readonly rssMiB: number
  readonly loopMs: number
  readonly timeouts: number
  readonly openings: number
  readonly breaker: readonly string[]
  readonly codes: Readonly<Record<string, number>>
  readonly unhandled: number
  /** Of these, those with which ioredis meets an empty reply that nobody asked for. */
  readonly unasked: number
  readonly recoveryMs: number | undefined
  readonly farHits: number
  readonly failures: readonly string[]
  readonly notes: readonly string[]
}

const LONGEST_RECOVERY_MS = 15_000

/** A row that was only slow is run again when that may be the machine's doing: a mechanism that is missing is missing each time. */
export async function runRow<B extends Bed>(row: Row<B>, lane: Lane, mode: Mode): Promise<Result> {
  for (let run = 1; ; run++) {
    const result = await runOnce(row, lane, mode)
    if (run === mode.runs || result.wrong.length > 0 || result.slow.length === 0) return result
  }
}

async function runOnce<B extends Bed>(row: Row<B>, lane: Lane, mode: Mode): Promise<Result> {
  const bed = await row.setUp(mode)
  try {
    return await run(row, lane, mode, bed)
  } finally {
    await lane.clear()
    await bed.end()
  }
}

/** Waits until the log is reached and the far tier takes what is filled. */
async function untilShared(node: Node): Promise<void> {
  const until = now() + 20_000
  for (let i = 0; now() < until; i++) {
    const isReached = await node.purge('begin').then(
      () => true,
      () => false,
    )
    await ask(node.port, `/item/begin-${i}`)
    if (isReached && (await node.sample()).metrics.farSets > 0) return
    await sleep(10)
  }
  throw new Error('The site does not share.')
}

/** The load finds in the far tier what memory has no room for: then all is as it should be before the fault. */
async function firstFarHit(node: Node): Promise<Sample> {
  const until = now() + 20_000
  for (;;) {
    const sample = await node.sample()
    if (sample.metrics.farHits > 0 || now() > until) return sample
    await sleep(50)
  }
}

async function run<B extends Bed>(row: Row<B>, lane: Lane, mode: Mode, bed: B): Promise<Result> {
  const { bodyBytes = BODY_BYTES, rate = mode.rate, leaves } = row.load?.(mode) ?? {}
  const config = { ...row.site?.(mode), bodyBytes }
  const notes: string[] = []
  const control = await lane.open('control', { ...config, far: undefined })
  const a = await lane.open('a', { ...config, far: bed.far })
  const b = row.nodes === 2 ? await lane.open('b', { ...config, far: bed.farOfB ?? bed.far }) : undefined
  const scene: Scene<B> = { bed, lane, mode, a, b, note: text => void notes.push(text) }
  if (!row.terms?.startsWithout) for (const node of b ? [a, b] : [a]) await untilShared(node)
  await row.prepare?.(scene)
  const beganAt = await lane.start({
    ports: [a.port, control.port],
    rate,
    bodyBytes,
    ...(leaves !== undefined && { leaves }),
  })
  const samples: Sample[] = []
  const controls: Sample[] = []
  let ended = false
  await sleep(mode.beforeMs)
  const before = row.terms?.startsWithout ? await a.sample() : await firstFarHit(a)
  const controlBefore = await control.sample()
  const watching = (async () => {
    while (!ended) {
      await sleep(200)
      samples.push(await a.sample())
      controls.push(await control.sample())
    }
  })()
  const faultAt = now()
  await row.inject(scene)
  const until = faultAt + (row.lastsMs?.(mode) ?? mode.faultMs)
  if (row.during) await row.during(scene, until)
  if (now() < until) await sleep(until - now())
  await row.heal(scene)
  const healedAt = now()
  samples.push(await a.sample())
  const isBack = async (): Promise<number | undefined> => {
    // A Redis that comes back empty has to be filled before there is anything to find.
    const used = ({ metrics }: Sample): number => metrics.farHits + metrics.farSets
    const usedBefore = used(samples.at(-1)!)
    while (now() < healedAt + LONGEST_RECOVERY_MS) {
      await sleep(25)
      if (used(samples.at(-1)!) > usedBefore) return now() - healedAt
    }
    return undefined
  }
  const recoveryMs = row.terms?.stays ? undefined : await isBack()
  await sleep(Math.max(0, healedAt + mode.afterMs - now()))
  ended = true
  await watching
  const { rows, failures } = await lane.load.call<{ rows: Float64Array; failures: string[] }>('stop')
  const windows = windowsOf(rows, { beganAt, faultAt, healedAt })
  const breaker = samples.flatMap(each => each.breaker)
  const most = (of: (sample: Sample) => number, from = samples): number => Math.max(...from.map(of))
  const codes: Record<string, number> = {}
  for (const sample of samples)
    for (const [code, count] of Object.entries(sample.codes)) codes[code] = (codes[code] ?? 0) + count
  const result: Omit<Result, keyof Objections> = {
    id: row.id,
    title: row.title,
    summary: summarise(windows, mode.name === 'full' ? 1 : windows.length),
    windows,
    commands: most(each => each.commands),
    bytes: most(each => each.bytes),
    // What the site without Redis grew by meanwhile is not the fault's doing.
    rssMiB:
      (most(each => each.rss) - before.rss - Math.max(0, most(each => each.rss, controls) - controlBefore.rss)) /
      2 ** 20,
    loopMs: most(each => each.loopP99Ms) - most(each => each.loopP99Ms, controls),
    timeouts: samples.reduce((sum, each) => sum + each.timeouts, 0),
    openings: breaker.filter((state, i) => state === 'open' && breaker[i - 1] !== 'half-open').length,
    breaker,
    codes,
    unhandled: samples.reduce((sum, each) => sum + each.unhandled, before.unhandled),
    unasked: samples.reduce((sum, each) => sum + each.unasked, 0),
    recoveryMs,
    farHits: before.metrics.farHits,
    failures,
    notes,
  }
  const more = (await row.verify?.(scene, result)) ?? []
  const { slow, wrong } = objections(result, row.terms ?? {}, mode)
  return { ...result, notes: [...notes], slow, wrong: [...wrong, ...more] }
}
