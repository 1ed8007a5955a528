// The memory tier under 1,000,000 random keys: what it counts, and what the process really takes.

import { randomBytes } from 'node:crypto'
import { type Cache, createCache } from '@larder/core'
import { responseCache } from '@larder/express'
import express from 'express'
import { serve } from './ask.ts'
import { reached } from './goals.ts'
import { quick } from './quick.ts'
import { type Row, report } from './report.ts'
import { type Spread, spread, written } from './spread.ts'

const KEYS = quick ? 2000 : 1_000_000
const RESPONSES = quick ? 200 : 20_000
const ROUNDS = quick ? 1 : 3
const MiB = 1024 * 1024

const rows: Row[] = []
for (const [shape, maxMiB, valueBytes] of [
  ['tiny values', 64, 16],
  ['1 KiB values', 64, 1024],
  ['4 KiB values', 256, 4096],
] as const) {
  rows.push(await run(shape, maxMiB, valueBytes))
}
const ratios = new Map<string, Spread>()
for (const [shape, bodyBytes, times] of [
  ['responses of 100 B', 100, 1],
  ['responses of 4 KiB', 4096, ROUNDS],
] as const) {
  const rounds: Filled[] = []
  for (let round = 0; round < times; round++) rounds.push(await runResponses(shape, bodyBytes))
  const ratio = spread(rounds.map(each => each.timesBodies))
  ratios.set(shape, ratio)
  rows.push({ ...rounds.at(-1)!.row, 'taken / bytes of bodies': written(ratio) })
}
report('memory', {
  title: 'Memory',
  about: `${KEYS.toLocaleString('en')} random keys through \`cache.set\`, against a bound; and ${RESPONSES.toLocaleString('en')} responses through Express, each under its own URL; those of 4 KiB in ${ROUNDS} rounds. Counted is what the tier holds against its bound; taken is what the heap and the buffers of the process grew by.`,
  rows,
  goals: reached('memory', shape => ratios.get(shape)),
  plots: [
    {
      kind: 'bars',
      title: 'Memory really taken, by the bytes that were counted',
      bars: rows.map(row => ({ label: String(row['shape']), value: Number(row['taken / counted']), isOurs: true })),
    },
  ],
})

interface Filled {
  readonly row: Row
  /** What the process took, by the bytes of the bodies alone. */
  readonly timesBodies: number
}

async function run(shape: string, maxMiB: number, valueBytes: number) {
  const cache = createCache({ maxBytes: maxMiB * MiB })
  const value = randomBytes(Math.ceil(valueBytes / 2)).toString('hex')
  collect()
  const before = taken()
  let mostBytes = 0
  const began = performance.now()
  for (let i = 0; i < KEYS; i++) {
    // A string of its own each time, as a parser would make it.
    await cache.set(randomBytes(12).toString('hex'), `${value}${i}`, '1h')
    if (i % 1000 === 0) mostBytes = Math.max(mostBytes, cache.getMetrics().bytes)
  }
  const seconds = (performance.now() - began) / 1000
  return {
    ...(await measured(shape, maxMiB, cache, before)),
    'most MiB counted': round(mostBytes / MiB),
    'sets per second': Math.round(KEYS / seconds),
  }
}

/** Responses through Express, each under its own URL. */
async function runResponses(shape: string, bodyBytes: number): Promise<Filled> {
  const cache = createCache({ maxBytes: 256 * MiB })
  const app = express()
  app.use(responseCache({ ttl: '1h', cache }), (req, res) => {
    res.json({ url: req.url, filler: randomBytes(bodyBytes / 2).toString('hex') })
  })
  const { ask, close } = serve(app, 8)
  // What the first requests leave behind in Node and Express is not the cache's.
  for (let i = 0; i < 500; i++) await ask(`/warm?${i}`)
  await cache.clear()
  collect()
  const before = taken()
  for (let i = 0; i < RESPONSES; i += 8) await Promise.all(Array.from({ length: 8 }, (_, j) => ask(`/page?n=${i + j}`)))
  const row = await measured(shape, 256, cache, before)
  close()
  return { row, timesBodies: (row['MiB really taken'] * MiB) / (RESPONSES * bodyBytes) }
}

async function measured(shape: string, maxMiB: number, cache: Cache, before: number) {
  collect()
  const grown = taken() - before
  const { entries, bytes, evictions } = cache.getMetrics()
  await cache.close()
  return {
    shape,
    'bound MiB': maxMiB,
    entries,
    evictions,
    'MiB counted': round(bytes / MiB),
    'MiB really taken': round(grown / MiB),
    'taken / counted': round(grown / bytes),
  }
}

function taken(): number {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

function collect(): void {
  for (let i = 0; i < 3; i++) globalThis.gc?.()
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
