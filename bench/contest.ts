// A race as most benchmarks run it: a table of courses, the ratios that are asked for, what came of the goals, and a plot.

import { reached } from './goals.ts'
import type { Load } from './load.ts'
import { rawName } from './names.ts'
import { type MakeCourse, type Round, race, serveCourse } from './race.ts'
import { type Row, report } from './report.ts'
import { spread, timesAsFast, written } from './spread.ts'

export interface Contest {
  readonly name: string
  readonly title: string
  /** What is measured. */
  readonly about: string
  /** `import.meta.filename` of the benchmark. */
  readonly file: string
  readonly courses: Readonly<Record<string, MakeCourse>>
  /** The course that all are compared with. @default `rawName` */
  readonly raw?: string
  /** What else some are compared with: a column, and which course stands for it. */
  readonly against?: Readonly<Record<string, (course: string) => string | undefined>>
  readonly rounds?: number
  /** What was left out before the race, and why. */
  readonly notes?: readonly string[]
  readonly load?: Partial<Load>
}

/** Runs it, and reports; in a process that is started with the name of a course, serves that. */
export async function contest(contest: Contest): Promise<void> {
  const { name, title, about, file, courses, raw = rawName, against = {}, rounds = 5 } = contest
  const [course] = process.argv.slice(2)
  if (course !== undefined) return serveCourse(courses[course]!)
  const load: Load = { connections: 32, variety: 'same', seconds: 1, ...contest.load }
  const { tool, taken, notes } = await race({ file, courses, rounds, load })
  const micros = (course: string) => taken.get(course)?.map(round => round.micros)
  const times = (course: string, other: string | undefined) => {
    const [a, b] = [micros(course), other === undefined ? undefined : micros(other)]
    return a && b ? timesAsFast(a, b) : undefined
  }
  const column = (rounds: readonly Round[], name: keyof Round) => spread(rounds.map(round => round[name]))
  const rows = [...taken].map(([course, rounds]): Row => {
    const share = times(course, raw)
    const ratios = Object.entries(against).map(([column, otherOf]) => {
      const ratio = times(course, otherOf(course))
      return [column, ratio && written(ratio)] as const
    })
    return {
      course,
      'µs of CPU': written(column(rounds, 'micros'), 1),
      'share of raw': share && written(share),
      ...(load.variety === 'zipf' && { 'hits, %': hits(rounds) }),
      ...Object.fromEntries(ratios),
      'requests a second': Math.round(column(rounds, 'perSecond').middle),
      'p50 ms': round3(column(rounds, 'p50Ms').middle),
      'p99 ms': round3(column(rounds, 'p99Ms').middle),
    }
  })
  const bars = [...taken.keys()].flatMap(course => {
    const share = times(course, raw)
    if (share === undefined) return []
    const { low, middle, high } = share
    return [{ label: course, value: middle, low, high, isOurs: /\bLarder\b/.test(course) }]
  })
  report(name, {
    title,
    about: `${about} ${load.connections} connections, load from ${tool}, ${rounds} rounds of ${load.seconds} s.`,
    rows,
    goals: reached(name, times),
    plots: bars.length > 0 ? [{ kind: 'bars', title: `${title}: share of raw node:http (CPU time)`, bars }] : [],
    notes: [...(contest.notes ?? []), ...notes],
  })
  // In a quick run the servers were in this process, and not all of them end when they are told to.
  process.exit()
}

/** Of all requests of a course that counts the runs of its handler. */
function hits(rounds: readonly Round[]): string | undefined {
  if (rounds.every(({ runs }) => runs === 0)) return undefined
  return spread(rounds.map(({ runs, requests }) => 100 * (1 - runs / requests))).middle.toFixed(1)
}

function round3(value: number): number {
  return Math.round(value * 1000) / 1000
}
