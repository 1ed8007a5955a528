// The memory tier under 1,000,000 random keys: what it counts, and what the process really takes.

import { randomBytes } from 'node:crypto'
import { createCache } from '@larder/core'
import { report } from './report.ts'

const KEYS = 1_000_000
const MiB = 1024 * 1024

const figures = []
for (const [shape, maxMiB, valueBytes] of [
  ['tiny values', 64, 16],
  ['1 KiB values', 64, 1024],
  ['4 KiB values', 256, 4096],
] as const) {
  figures.push(await run(shape, maxMiB, valueBytes))
}
report('memory', figures)

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
  collect()
  const grown = taken() - before
  const { entries, bytes, evictions } = cache.getMetrics()
  await cache.close()
  return {
    shape,
    'bound MiB': maxMiB,
    'most MiB counted': round(mostBytes / MiB),
    entries,
    evictions,
    'MiB counted': round(bytes / MiB),
    'MiB really taken': round(grown / MiB),
    'taken / counted': round(grown / bytes),
    'sets per second': Math.round(KEYS / seconds),
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
