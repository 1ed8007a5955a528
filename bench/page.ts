// docs/benchmarks.md and its plots, from the results that lie in bench/results. `node bench/page.ts FOLDER` writes into FOLDER instead of docs.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { drawPlot } from './plots.ts'
import { type Result, type Row, resultsFolder } from './report.ts'

/** What users ask first comes first; what is not named here comes last. */
const order = ['hit', 'hit-32k', 'not-modified', 'gzip', 'redis', 'mixed', 'miss', 'fast-server', 'stampede', 'example']

const [folder = fileURLToPath(new URL('../docs/', import.meta.url))] = process.argv.slice(2)
const results = readdirSync(resultsFolder)
  .filter(name => name.endsWith('.json'))
  .map(name => JSON.parse(readFileSync(new URL(name, resultsFolder), 'utf8')) as Result)
  .sort((a, b) => placeOf(a) - placeOf(b) || a.name.localeCompare(b.name))
if (results.length === 0) throw new Error('There are no results: npm run bench')
const plotsFolder = join(folder, 'benchmarks')
rmSync(plotsFolder, { recursive: true, force: true })
mkdirSync(plotsFolder, { recursive: true })
writeFileSync(join(folder, 'benchmarks.md'), `${[intro(), goals(), ...results.map(section)].join('\n\n')}\n`)

function placeOf({ name }: Result): number {
  const place = order.indexOf(name)
  return place < 0 ? order.length : place
}

function intro(): string {
  const machines = [...new Set(results.map(({ node, cpu, cores }) => `Node ${node}, ${cpu}, ${cores} cores`))]
  const commits = [...new Set(results.map(({ commit }) => commit))]
  const days = [...new Set(results.map(({ at }) => at.slice(0, 10)))].sort()
  return `# Benchmarks

This page is written by \`npm run bench\`; \`npm run bench -- hit\` measures one of its sections where you are.

Machine: ${machines.join('; ')}. Commit: ${commits.join('; ')}. ${days.join(', ')}. The load of the machine, which the benchmarks make
themselves too, stands at each section.

All that is compared ran in turns, in rounds of a second, each in a process of its own: what disturbs one disturbs all. A figure is the median of the rounds, and
in brackets are the quartiles. *CPU* is the CPU time that the server's process took for one request; ratios are of CPU time, round by round, so
that they hold on a busy machine too, where requests a second do not. *Raw* is node:http with headers and a Buffer made beforehand. Other caches
stand as their documentation shows them.`
}

function goals(): string {
  const all = results.flatMap(result => result.goals ?? [])
  if (all.length === 0) return ''
  const rows = all.map(({ scenario, goal, measured, isMet }) => ({
    scenario,
    goal,
    measured: figure(measured),
    met: isMet ? 'yes' : '**no**',
  }))
  return `## Goals\n\n${table(rows)}`
}

function section({ name, title, about, rows, plots = [], notes = [], load }: Result): string {
  const drawn = plots.map((plot, i) => {
    const file = `${name}${i === 0 ? '' : `-${i + 1}`}.svg`
    writeFileSync(join(plotsFolder, file), drawPlot(plot))
    return `![${plot.title}](benchmarks/${file})`
  })
  const missing = notes.map(note => `- ${note}`).join('\n')
  return [`## ${title}`, `${about} (\`${name}\`; load ${load})`, ...drawn, table(rows), missing]
    .filter(Boolean)
    .join('\n\n')
}

function table(rows: readonly Row[]): string {
  const columns = [...new Set(rows.flatMap(Object.keys))].filter(column => rows.some(row => row[column] !== undefined))
  const line = (cells: readonly (string | number | undefined)[]) =>
    `| ${cells.map(cell => (typeof cell === 'number' ? figure(cell) : (cell ?? '').replaceAll('|', '\\|'))).join(' | ')} |`
  return [
    line(columns),
    `|${columns.map(() => '---|').join('')}`,
    ...rows.map(row => line(columns.map(c => row[c]))),
  ].join('\n')
}

function figure(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 2 : 0 })
}
