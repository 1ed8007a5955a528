// What it costs to observe a handler: misses and hits with observation and without, in Express 5 and Koa 3, beside the bare handler.
// Once over HTTP, once without a network, where the same costs are a larger share of less; in processor time of the application,
// each in a process of its own: what V8 learns of one must not slow down another.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Framework, Handler, Layer, Round } from './observation.course.ts'
import { quick } from './quick.ts'
import { type Row, report } from './report.ts'

const ROUNDS = quick ? 1 : 15
const REQUESTS = quick ? 20 : 1000
/** Until V8 has made up its mind. */
const WARM_UP_ROUNDS = quick ? 0 : 5

interface Course {
  readonly asks: Round['asks']
  readonly process: ChildProcess
  micros: number[]
}

const figures: Row[] = []
for (const framework of ['Express 5', 'Express 5, fast server', 'Koa 3'] as const) {
  for (const handler of ['plain', 'reading'] as const) figures.push(...(await race(framework, handler)))
}
report('observation', {
  title: 'Observing a handler',
  about:
    'What it costs to see which inputs a handler reads: misses and hits with observation and without (the preset `rfc9111`), beside the bare handler, each in a process of its own. Over HTTP, in CPU time of the server; and without a network, where the same costs are a larger share of less.',
  rows: figures,
})

/** Rounds of all courses in turn, so that what disturbs one disturbs all. */
async function race(framework: Framework, handler: Handler): Promise<Row[]> {
  const course = (layer: Layer, asks: Round['asks']) => start(framework, handler, layer, asks)
  const courses = await Promise.all([
    course('bare', 'miss'),
    course('unobserved', 'miss'),
    course('observed', 'miss'),
    course('unobserved', 'hit'),
    course('observed', 'hit'),
  ])
  const rows: Row[] = []
  // The fast server makes the messages itself.
  const ways = framework === 'Express 5, fast server' ? (['HTTP'] as const) : (['HTTP', 'in process'] as const)
  for (const way of ways) {
    for (const each of courses) each.micros = []
    for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
      const from = Math.abs(round) % courses.length
      for (const each of [...courses.slice(from), ...courses.slice(0, from)]) {
        const took = await run(each, way)
        if (round >= 0) each.micros.push(took)
      }
    }
    const [bare, missWithout, missWith, hitWithout, hitWith] = courses
    const row = (what: string, each: Course, against?: Course) => ({
      way,
      framework,
      handler,
      what,
      ...compared(each, bare, against),
    })
    rows.push(
      row('bare', bare),
      row('miss, not observed', missWithout),
      row('miss, observed', missWith, missWithout),
      row('hit of what was not observed', hitWithout),
      row('hit of what was observed', hitWith, hitWithout),
    )
  }
  for (const each of courses) each.process.disconnect()
  return rows
}

async function start(framework: Framework, handler: Handler, layer: Layer, asks: Round['asks']): Promise<Course> {
  const child = fork(new URL('observation.course.ts', import.meta.url), [framework, handler, layer])
  await once(child, 'message')
  return { asks, process: child, micros: [] }
}

async function run({ asks, process }: Course, way: Round['way']): Promise<number> {
  const round: Round = { way, asks, requests: REQUESTS }
  process.send(round)
  const [took] = await once(process, 'message')
  return took
}

function compared({ micros }: Course, bare: Course, against: Course | undefined) {
  const { middle, low, high } = spread(micros)
  const added = against && spread(micros.map((took, i) => (took / against.micros[i]! - 1) * 100))
  return {
    'µs median': round1(middle),
    'µs p25–p75': `${round1(low)}–${round1(high)}`,
    '× bare': round2(spread(micros.map((took, i) => took / bare.micros[i]!)).middle),
    'observation adds %': added && round1(added.middle),
    'p25–p75 %': added && `${round1(added.low)}–${round1(added.high)}`,
  }
}

function spread(values: readonly number[]) {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))]!
  return { low: at(0.25), middle: at(0.5), high: at(0.75) }
}

function round1(value: number): number {
  return Math.round(value * 10) / 10
}

function round2(value: number): number {
  return Math.round(value * 100) / 100
}
