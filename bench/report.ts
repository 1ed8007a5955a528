// What a benchmark found, with the machine and the commit it was taken on: a table on the console and a file for the page.

import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import type { Plot } from './plots.ts'
import { quick } from './quick.ts'

export type Row = Readonly<Record<string, string | number | undefined>>

export interface Goal {
  readonly scenario: string
  /** `≥ 0.8 of raw`. */
  readonly goal: string
  readonly measured: number
  readonly isMet: boolean
}

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
  console.table(findings.rows)
  for (const { scenario, goal, measured, isMet } of findings.goals ?? [])
    console.log(`${isMet ? '✔' : '✘'} ${scenario}: ${goal}, measured ${measured.toFixed(2)}`)
  for (const note of findings.notes ?? []) console.log(`(${note})`)
  const result: Result = {
    name,
    commit: commit(),
    at: new Date().toISOString(),
    node: process.version,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    load: Math.round(loadavg()[0]! * 10) / 10,
    ...findings,
  }
  mkdirSync(resultsFolder, { recursive: true })
  writeFileSync(new URL(`${name}.json`, resultsFolder), `${JSON.stringify(result, null, 2)}\n`)
}

/** A goal that something is at least so much. */
export function atLeast(scenario: string, least: number, unit: string, measured: number): Goal {
  return { scenario, goal: `≥ ${least} ${unit}`, measured, isMet: measured >= least }
}

/** A goal that something is at most so much. */
export function atMost(scenario: string, most: number, unit: string, measured: number): Goal {
  return { scenario, goal: `≤ ${most} ${unit}`, measured, isMet: measured <= most }
}

function commit(): string {
  try {
    const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim()
    const isChanged = git('status', '--porcelain', '--untracked-files=no') !== ''
    return `${git('rev-parse', '--short', 'HEAD')}${isChanged ? ', with changes' : ''}`
  } catch {
    return 'unknown'
  }
}
