// Redis freezes under load, and thaws: what each request takes meanwhile.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { connectRedis, redisStore } from '@larder/redis'
import { type Answer, openLoop, percentile } from './open-loop.ts'
import { createOrigin } from './origin.ts'
import { larderExpress } from './ours.ts'
import { peer } from './peers.ts'
import { quick } from './quick.ts'
import { type Course, type MakeCourse, NotHere, serveCourse } from './race.ts'
import { type Row, report } from './report.ts'
import { onRedis, provideRedis, redisPort } from './with-redis.ts'

const PER_SECOND = quick ? 40 : 200
const PAGES = 256
const SECONDS = quick ? 0.6 : 12
const [FROM, TO] = quick ? [0.2, 0.4] : [4, 8]

/** Memory for a quarter of the responses: a hit of the others asks Redis. */
function ours(): Course {
  const client = connectRedis({ port: redisPort() })
  const bytes = (PAGES / 4) * (createOrigin().body.length + 1900)
  return larderExpress({ cache: { maxBytes: bytes, far: redisStore(client) } })
}

const courses: Readonly<Record<string, MakeCourse>> = {
  Larder: ours,
  'bentocache on Redis': peer('bentocache', onRedis),
  'cache-manager on Redis': peer('cache-manager', onRedis),
}

const [name] = process.argv.slice(2)
if (name !== undefined) await serveCourse(courses[name]!)
else await measure()

async function measure(): Promise<void> {
  const redis = await provideRedis()
  if (typeof redis !== 'object') {
    return report('freeze', { title: 'Redis freezes under load', about: 'Not run.', rows: [], notes: [`${redis}`] })
  }
  const rows: Row[] = []
  const notes: string[] = []
  const series: { name: string; points: (readonly [number, number])[] }[] = []
  for (const course of Object.keys(courses)) {
    const child = fork(fileURLToPath(import.meta.url), [course])
    const [started] = (await once(child, 'message')) as [{ port: number } | { refused: string }]
    if ('refused' in started) {
      if (course === 'Larder') throw new NotHere(started.refused)
      notes.push(`${course}: ${started.refused}`)
      continue
    }
    const pathOf = (i: number) => `/?n=${i % PAGES}`
    const { port } = started
    // The responses are filled, and the code is warm.
    await openLoop({ port, perSecond: PER_SECOND, seconds: quick ? 0.2 : 2, pathOf })
    const timers = [setTimeout(() => redis.stop(), FROM * 1000), setTimeout(() => redis.cont(), TO * 1000)]
    const answers = await openLoop({ port, perSecond: PER_SECOND, seconds: SECONDS, pathOf, timeoutMs: 5000 })
    for (const timer of timers) clearTimeout(timer)
    child.disconnect()
    await once(child, 'exit')
    const within = (from: number, to: number) =>
      answers.filter(({ dueMs }) => dueMs >= from * 1000 && dueMs < to * 1000)
    const row = (when: string, some: readonly Answer[]): Row => ({
      course,
      when,
      requests: some.length,
      'without an answer, or a 5xx': some.filter(({ status }) => status === 0 || status >= 500).length,
      'p50 ms': percentile(some, 0.5),
      'p99 ms': percentile(some, 0.99),
      'longest ms': percentile(some, 1),
    })
    rows.push(
      row('before', within(0, FROM)),
      row('while it is frozen', within(FROM, TO)),
      row('after', within(TO, SECONDS)),
    )
    series.push({ name: course, points: timeline(answers) })
  }
  await redis.end()
  report('freeze', {
    title: 'Redis freezes under load',
    about: `${PER_SECOND} requests a second come, whether or not those before them are answered; latency counts from when a request was due. ${TO - FROM} s long, Redis is stopped (SIGSTOP): connections stay, and nothing answers. Memory holds a quarter of the ${PAGES} pages, so that hits ask Redis. A request counts as unanswered after 5 s.`,
    rows,
    plots: [
      {
        kind: 'lines',
        title: 'Slowest of each 100 ms while Redis freezes and thaws',
        x: 'seconds',
        y: 'ms',
        isLogarithmic: true,
        series,
        spans: [{ from: FROM, to: TO, label: 'Redis frozen' }],
      },
    ],
    notes,
  })
  process.exit()
}

/** The slowest of each 100 ms. */
function timeline(answers: readonly Answer[]): (readonly [number, number])[] {
  const slowest = new Map<number, number>()
  for (const { dueMs, tookMs } of answers) {
    const slot = Math.floor(dueMs / 100)
    slowest.set(slot, Math.max(slowest.get(slot) ?? 0, tookMs))
  }
  return [...slowest].map(([slot, ms]) => [slot / 10, Math.round(ms * 100) / 100] as const)
}
