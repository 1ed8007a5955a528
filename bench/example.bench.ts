// A load test of the example application on Express: visitors come at a constant rate, with the cache and without.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { openLoop, percentile } from './open-loop.ts'
import { quick } from './quick.ts'
import { randomFrom, zipf } from './random.ts'
import { type Row, report } from './report.ts'

const RATES = quick ? [20] : [50, 200, 800]
const SECONDS = quick ? 0.5 : 6
/** Beyond this, more visitors only wait longer. */
const HOPELESS_MS = 2000

/** The application makes its data when it first starts, which takes a while; it stays for the next run. */
const dataFolder = fileURLToPath(new URL('../.cache/bench-example/', import.meta.url))
if (quick && !existsSync(dataFolder)) {
  console.log('(left out: the example has made no data here yet, which takes longer than a quick run may)')
  process.exit()
}

const withCache = 'with the cache'
const without = 'without'
const rows: Row[] = []
const series: { name: string; points: (readonly [number, number])[] }[] = []
await (await startExample(false)).end()
for (const which of [withCache, without]) {
  const app = await startExample(which === without)
  try {
    const points: (readonly [number, number])[] = []
    await openLoop({ port: app.port, perSecond: 20, seconds: quick ? 0.2 : 2, pathOf: visits(1) })
    for (const perSecond of RATES) {
      const before = app.cpuMicros()
      const answers = await openLoop({ port: app.port, perSecond, seconds: SECONDS, pathOf: visits(perSecond) })
      const p99 = percentile(answers, 0.99)
      rows.push({
        application: which,
        'requests a second': perSecond,
        'p50 ms': percentile(answers, 0.5),
        'p90 ms': percentile(answers, 0.9),
        'p99 ms': p99,
        'longest ms': percentile(answers, 1),
        'without an answer, or a 5xx': answers.filter(({ status }) => status === 0 || status >= 500).length,
        'CPU ms a request': Math.round((app.cpuMicros() - before) / answers.length) / 1000,
      })
      points.push([perSecond, p99])
      if (p99 > HOPELESS_MS) break
    }
    series.push({ name: which, points })
  } finally {
    await app.end()
  }
}
report('example', {
  title: 'The example application under load',
  about: `Link Up Buddy on Express with its embedded Postgres. An open loop: so many requests a second come for ${SECONDS} s, whether or not those before them are answered, and latency counts from the moment at which a request was due. Two thirds ask for one of 500 events by their popularity (Zipf), the others for lists, searches and pages. Without: the same application, whose responseCache() does nothing. Where the slowest of a hundred take more than ${HOPELESS_MS / 1000} s, higher rates are left out.`,
  rows,
  plots: [
    {
      kind: 'lines',
      title: 'p99 of the example by rate of arrivals',
      x: 'requests a second',
      y: 'ms',
      isLogarithmic: true,
      series,
    },
  ],
})
process.exit()

/** The same visits for the same seed. */
function visits(seed: number): (i: number) => string {
  const random = randomFrom(seed)
  const event = zipf(500, 0.9, random)
  const cities = ['52.52,13.40', '48.86,2.35', '51.51,-0.13', '40.42,-3.70', '59.33,18.07']
  const words = ['chess', 'hiking', 'jazz', 'yoga', 'picnic']
  const one = (list: readonly string[]) => list[Math.floor(random() * list.length)]!
  return () => {
    const kind = random()
    if (kind < 0.5) return `/events/${1 + event()}`
    if (kind < 0.65) return `/pages/events/${1 + event()}`
    if (kind < 0.8) return `/events?near=${one(cities)}`
    return kind < 0.9 ? `/search?q=${one(words)}` : '/pages/events'
  }
}

async function startExample(isWithoutCache: boolean) {
  const here = (name: string) => new URL(name, import.meta.url).href
  const imports = ['./strip-types.mjs', ...(isWithoutCache ? ['./without-cache.mjs'] : []), './tell-cpu.mjs']
  const flags = imports.flatMap(name => ['--import', here(name)])
  const program = fileURLToPath(here('../examples/express/src/server.ts'))
  // Without what the server would read: a name of LARDER_ that it does not know would end it.
  const read = /^(LARDER|REDIS|OTEL|LAUNCHDARKLY|DATABASE|DRAIN)_/
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !read.test(name)))
  const child = spawn(process.execPath, [...flags, program], {
    env: { ...environment, PORT: '0', DATA_DIR: dataFolder },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const port = await portOf(child)
  let cpuMicros = 0
  child.on('message', micros => {
    cpuMicros = micros as number
  })
  return {
    port,
    cpuMicros: () => cpuMicros,
    async end() {
      if (child.exitCode === null) {
        child.kill('SIGTERM')
        await once(child, 'exit')
      }
    },
  }
}

async function portOf(child: ChildProcess): Promise<number> {
  let output = ''
  for await (const chunk of child.stdout!.iterator({ destroyOnReturn: false })) {
    output += chunk
    const port = /listening on http:\/\/localhost:(\d+)/.exec(output)
    if (port === null) continue
    child.stdout!.resume()
    return Number(port[1])
  }
  throw new Error(`The example did not start: ${output}`)
}
