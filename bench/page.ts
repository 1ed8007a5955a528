// docs/benchmarks.md as a text, with its plots: the goals, and a section for each result.

import { type Aim, aims, goalOf } from './goals.ts'
import { drawPlot } from './plots.ts'
import type { Result, Row } from './report.ts'
import { written } from './spread.ts'

export interface Page {
  readonly text: string
  /** By the name of its file. */
  readonly plots: ReadonlyMap<string, string>
  /** Results of other machines, which are not on it. */
  readonly leftOut: readonly Result[]
  /** Whether the last that was measured is among them: then the page that is there has more to say. */
  readonly isOutdone: boolean
}

/** What users ask first comes first; what is not named here comes last. */
const order = [
  'hit',
  'hit-32k',
  'redis',
  'not-modified',
  'gzip',
  'mixed',
  'miss',
  'fast-server',
  'stampede',
  'purge',
  'freeze',
  'example',
  'memory',
  'eviction',
  'tracing',
  'observation',
  'sizing',
]

/** Ratios of two machines are not to be read beside each other: it is of the machine that most results are of, the newest of those. */
export function drawPage(all: readonly Result[]): Page {
  const machines = [...new Set(all.map(machineOf))].map(machine => all.filter(result => machineOf(result) === machine))
  const [chosen = []] = machines.sort((a, b) => b.length - a.length || newest(b).localeCompare(newest(a)))
  const results = [...chosen].sort((a, b) => placeOf(a) - placeOf(b) || a.name.localeCompare(b.name))
  const plots = new Map<string, string>()
  const parts = [intro(results), goals(results), ...results.map(result => section(result, plots))]
  const leftOut = all.filter(result => !chosen.includes(result))
  const isOutdone = leftOut.some(({ at }) => at === newest(all))
  return { text: `${parts.join('\n\n')}\n`, plots, leftOut, isOutdone }
}

function newest(results: readonly Result[]): string {
  return results
    .map(({ at }) => at)
    .sort()
    .at(-1)!
}

function placeOf({ name }: Result): number {
  const place = order.indexOf(name)
  return place < 0 ? order.length : place
}

function machineOf({ node, cpu, cores }: Result): string {
  return `Node ${node}, ${cpu}, ${cores} cores`
}

function intro(results: readonly Result[]): string {
  const commits = [...new Set(results.map(({ commit }) => commit))]
  const days = [...new Set(results.map(({ at }) => at.slice(0, 10)))].sort()
  const several = commits.length > 1 ? ' Not all sections are of one commit: each says which.' : ''
  return `# Benchmarks

This page is written by \`npm run bench\`; \`npm run bench -- hit\` measures one of its sections anew.

Machine: ${results[0] && machineOf(results[0])}. Commit: ${commits.join('; ')}. ${days.join(', ')}.${several} The load of the machine, which the
benchmarks make themselves too, stands at each section.

All that is compared ran in turns, in short rounds, each in a process of its own: what disturbs one disturbs all. A figure is the median of the rounds, and
in brackets are the quartiles. *CPU* is the CPU time that the server's process took for one request; ratios are of CPU time, round by round, so
that they hold on a busy machine too, where requests a second do not. *Raw* is node:http with headers and a Buffer made beforehand. Other caches
stand as their documentation shows them.`
}

function goals(results: readonly Result[]): string {
  return `## Goals\n\nRatios within one run; by the median it is decided whether a goal is met.\n\n${table(aims.map(aim => goal(aim, results)))}`
}

function goal(aim: Aim, results: readonly Result[]): Row {
  const { scenario, benchmark } = aim
  const result = results.find(({ name }) => name === benchmark)
  const reached = result?.goals?.find(each => each.scenario === scenario && each.goal === goalOf(aim))
  return {
    scenario,
    goal: goalOf(aim),
    measured: reached === undefined ? 'not measured' : written(reached.measured),
    met: reached === undefined ? '–' : reached.isMet ? 'yes' : '**no**',
    by: result === undefined ? `\`${benchmark}\`` : `[\`${benchmark}\`](#${anchor(result.title)})`,
  }
}

/** As GitHub makes it of a heading. */
function anchor(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-')
}

function section(result: Result, files: Map<string, string>): string {
  const { name, title, about, rows, plots = [], notes = [], load, at, commit } = result
  const drawn = plots.map((plot, i) => {
    const file = `${name}${i === 0 ? '' : `-${i + 1}`}.svg`
    files.set(file, drawPlot(plot))
    return `![${plot.title}](benchmarks/${file})`
  })
  const when = `${at.slice(0, 10)} ${at.slice(11, 16)} UTC`
  const measured = `(\`${name}\`; ${when}, commit ${commit}, load ${load})`
  const remarks = notes.map(note => `- ${note}`).join('\n')
  return [`## ${title}`, `${about} ${measured}`, ...drawn, table(rows), remarks].filter(Boolean).join('\n\n')
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
