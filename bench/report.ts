// What a benchmark found, with the machine and the commit it was taken on: a table on the console and a file for the page.

import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import type { Goal } from './goals.ts'
import { deeplyWithoutPaths } from './paths.ts'
import type { Plot } from './plots.ts'
import { quick } from './quick.ts'
import { written } from './spread.ts'

export type Row = Readonly<Record<string, string | number | undefined>>

/** What was found. `about` says how it was measured, in a paragraph. */
export interface Findings {
  readonly title: string
  readonly about: string
  readonly rows: readonly Row[]
  readonly goals?: readonly Goal[]
  readonly plots?: readonly Plot[]
  /** What was left out, and why. */
  readonly notes?: readonly string[]
}

/** As it lies in `bench/results`. */
export interface Result extends Findings {
  readonly name: string
  readonly commit: string
  readonly at: string
  readonly node: string
  readonly cpu: string
  readonly cores: number
  /** Of the last minute, when the benchmark ended: what it made itself is part of it. */
  readonly load: number
}

/** Where results lie. A quick run leaves those of a full one alone. */
export const resultsFolder = new URL(quick ? 'results/quick/' : 'results/', import.meta.url)

/** Prints a table and writes `bench/results/NAME.json`. */
export function report(name: string, findings: Findings): void {
  const result = resultOf(name, findings)
  console.table(result.rows)
  for (const { scenario, goal, measured, isMet } of result.goals ?? [])
    console.log(`${isMet ? '✔' : '✘'} ${scenario}: ${goal}, measured ${written(measured)}`)
  for (const note of result.notes ?? []) console.log(`(${note})`)
  mkdirSync(resultsFolder, { recursive: true })
  writeFileSync(new URL(`${name}.json`, resultsFolder), `${JSON.stringify(result, null, 2)}\n`)
}

export function resultOf(name: string, findings: Findings): Result {
  return {
    name,
    commit: commit(),
    at: new Date().toISOString(),
    node: process.version,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    load: Math.round(loadavg()[0]! * 10) / 10,
    ...deeplyWithoutPaths(findings),
  }
}

function commit(): string {
  try {
    const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8', cwd: root, stdio: quietly }).trim()
    // A run writes what is excepted: only its first benchmark would find the commit as it is.
    const written = [':!docs/benchmarks.md', ':!docs/benchmarks', ':!bench/results']
    const isChanged = git('status', '--porcelain', '--untracked-files=no', '--', '.', ...written) !== ''
    return `${git('rev-parse', '--short', 'HEAD')}${isChanged ? ', with changes' : ''}`
  } catch {
    return 'unknown'
  }
}

const root = new URL('../', import.meta.url)
/** Where this is no checkout, git need not say so. */
const quietly: ['ignore', 'pipe', 'ignore'] = ['ignore', 'pipe', 'ignore']
