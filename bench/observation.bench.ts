// What it costs to observe a handler: misses and hits with observation and without, in Express 5 and Koa 3, beside the bare handler.
// Once over HTTP, once without a network, where the same costs are a larger share of less; in processor time of the application,
// each in a process of its own: what V8 learns of one must not slow down another.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createClient } from './load.ts'
import type { Asks, Framework, Handler, Layer, Step } from './observation.course.ts'
import { fields, path } from './observation.request.ts'
import type { BarPlot } from './plots.ts'
import { quick } from './quick.ts'
import { type Row, report } from './report.ts'
import { type Spread, spread, written } from './spread.ts'

const ROUNDS = quick ? 1 : 9
const REQUESTS = quick ? 20 : 500
/** Until V8 has made up its mind. */
const WARM_UP_ROUNDS = quick ? 0 : 3

type Way = 'HTTP' | 'in process'

interface Course {
  readonly asks: Asks
  readonly process: ChildProcess
  readonly port: number
  micros: number[]
}

// One request after the other, so that nothing waits for anything.
const one = { connections: 1, requests: REQUESTS, seconds: 60 }
const clients = {
  hit: await createClient({ ...one, variety: 'same' }),
  miss: await createClient({ ...one, variety: 'unique' }),
}

const rows: Row[] = []
const bars: BarPlot['bars'][number][] = []
for (const framework of ['Express 5', 'Express 5, fast server', 'Koa 3'] as const) {
  for (const handler of ['plain', 'reading'] as const) rows.push(...(await race(framework, handler)))
}
for (const client of Object.values(clients)) client.close()
report('observation', {
  title: 'Observing a handler',
  about:
    'What it costs to see which inputs a handler reads: misses and hits with observation and without (the preset `rfc9111`), beside the bare handler, each in a process of its own. Over HTTP, in CPU time of the server; and without a network, where the same costs are a larger share of less. A handler that reads asks for two fields, as a page in several languages does.',
  rows,
  plots: [{ kind: 'bars', title: 'CPU of a miss over HTTP by that of the bare handler', bars }],
})

/** Rounds of all courses in turn, so that what disturbs one disturbs all. */
async function race(framework: Framework, handler: Handler): Promise<Row[]> {
  const course = (layer: Layer, asks: Asks) => start(framework, handler, layer, asks)
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
    const row = (what: string, each: Course, against?: Course): Row => {
      const times = timesAsSlow(each, bare)
      const added = against && spread(each.micros.map((took, i) => (took / against.micros[i]! - 1) * 100))
      if (way === 'HTTP' && what.startsWith('miss'))
        bars.push({
          label: `${framework}, ${handler}, ${what}`,
          value: times.middle,
          low: times.low,
          high: times.high,
          isOurs: true,
        })
      return {
        way,
        framework,
        handler,
        what,
        'µs of CPU': written(spread(each.micros), 1),
        '× bare': written(times),
        'observation adds, %': added && written(added, 1),
      }
    }
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

async function start(framework: Framework, handler: Handler, layer: Layer, asks: Asks): Promise<Course> {
  const child = fork(new URL('observation.course.ts', import.meta.url), [framework, handler, layer])
  const [port] = await once(child, 'message')
  return { asks, process: child, port, micros: [] }
}

/** Microseconds of CPU time for a request. */
async function run(course: Course, way: Way): Promise<number> {
  const { asks, port } = course
  if (way === 'in process') return tell(course, { inProcess: asks, requests: REQUESTS })
  const before = await tell(course, { prepare: asks })
  await clients[asks].run({ port, path, fields })
  return ((await tell(course, { cpu: true })) - before) / REQUESTS
}

async function tell({ process }: Course, step: Step): Promise<number> {
  process.send(step)
  const [figure] = await once(process, 'message')
  return figure
}

function timesAsSlow({ micros }: Course, bare: Course): Spread {
  return spread(micros.map((took, i) => took / bare.micros[i]!))
}
