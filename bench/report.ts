// Writes the figures of one benchmark, with the machine and the commit they were taken on.

import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'

/** Prints a table and writes `bench/results/NAME.json`. */
export function report(name: string, figures: Readonly<Record<string, unknown>>[]): void {
  console.table(figures)
  const folder = new URL('results/', import.meta.url)
  mkdirSync(folder, { recursive: true })
  const context = { commit: commit(), node: process.version, cpu: cpus()[0]?.model, cores: cpus().length }
  writeFileSync(new URL(`${name}.json`, folder), `${JSON.stringify({ name, ...context, figures }, null, 2)}\n`)
}

function commit(): string | undefined {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  } catch {
    return undefined
  }
}
