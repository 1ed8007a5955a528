// Draws docs/trace.svg from a real trace, decoded as it arrived at a collector: a fill and a hit of Express behind Larder, with Redis.
// node --conditions=@larder/source --import tsx scripts/trace-picture.mjs

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startCollector } from '../test/support/otlp-collector.ts'
import { startRedis } from '../test/support/redis-server.ts'
import { root } from './setup.mjs'

const WIDTH = 920
const NAMES = 330
const ROW = 24
const colours = { server: '#0b7285', client: '#c92a2a', internal: '#868e96', cache: '#e67700' }

const traces = await record()
writeFileSync(join(root, 'docs/trace.svg'), draw(traces))
console.log(traces.map(({ title, rows }) => [title, ...rows.map(asText)].join('\n')).join('\n\n'))
process.exit()

/** The traces of a fill and of a hit. */
async function record() {
  const [collector, redis] = [await startCollector(), await startRedis()]
  const { PATH, HOME } = process.env
  const service = fork(join(root, 'test/tracing/apps/express.mjs'), {
    cwd: root,
    execArgv: ['--conditions=@larder/source', '--import', 'tsx', '--import', '@larder/tracing/register'],
    env: {
      PATH,
      HOME,
      REDIS_URL: redis.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_SERVICE_NAME: 'link-up-buddy',
    },
  })
  const [{ port }] = await once(service, 'message')
  // Many, so that there is one that nothing else on this machine disturbed.
  for (let i = 0; i < 120; i++)
    await (await fetch(`http://127.0.0.1:${port}/events/${Math.floor(i / 2)}`)).arrayBuffer()
  service.kill('SIGTERM')
  await once(service, 'exit')
  const spans = collector.spans()
  await collector.close()
  await redis.end()
  const roots = spans.filter(({ kind }) => kind === 'server').sort((a, b) => a.startedAt - b.startedAt)
  return [
    ['miss', 'A fill: the handler runs, and asks Redis'],
    ['hit', 'A hit: neither runs'],
  ].map(([status, title]) => {
    const drawn = roots
      .filter(({ attributes }) => attributes['larder.cache.status'] === status)
      .map(server => ({ title, server, rows: rowsOf(spans.filter(({ traceId }) => traceId === server.traceId)) }))
      .filter(({ server, rows }) => rows.every(({ span }) => span.endedAt <= server.endedAt + 0.1))
    return drawn.sort((a, b) => lengthOf(a.server) - lengthOf(b.server))[Math.floor(drawn.length / 2)]
  })
}

/** Each span below its parent, in the order of time. */
function rowsOf(spans, parent = undefined, depth = 0) {
  return spans
    .filter(({ parentSpanId }) => parentSpanId === parent)
    .sort((a, b) => a.startedAt - b.startedAt || a.name.localeCompare(b.name))
    .flatMap(span => [{ span, depth }, ...rowsOf(spans, span.spanId, depth + 1)])
}

function draw(all) {
  const longest = Math.max(...all.map(({ server }) => lengthOf(server)))
  const scale = (WIDTH - NAMES - 90) / longest
  let y = 8
  const parts = all.flatMap(({ title, server, rows }) => {
    y += 26
    const heading = `<text x="12" y="${y}" font-weight="600">${title}</text>`
    y += 10
    const lines = rows.map(({ span, depth }) => {
      y += ROW
      const x = NAMES + (span.startedAt - server.startedAt) * scale
      const width = Math.max(2, (span.endedAt - span.startedAt) * scale)
      const colour = span.name.startsWith('cache ') ? colours.cache : colours[span.kind]
      return [
        `<text x="${24 + depth * 18}" y="${y}">${escaped(span.name)}</text>`,
        `<rect x="${x.toFixed(1)}" y="${y - 12}" width="${width.toFixed(1)}" height="15" rx="2" fill="${colour}"/>`,
        `<text x="${(x + width + 6).toFixed(1)}" y="${y}" fill="#57606a">${duration(span)}</text>`,
      ].join('')
    })
    y += 14
    return [heading, ...lines]
  })
  const label = 'Two traces as timelines, decoded from OTLP: a fill with its handler and Redis, and a hit without them'
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y + 8}" role="img" aria-label="${label}" font-family="ui-sans-serif, system-ui, sans-serif" font-size="13" fill="#1f2328"><rect width="100%" height="100%" fill="#ffffff"/>
${parts.join('\n')}
</svg>
`
}

function asText({ span, depth }) {
  const { 'larder.cache.status': status, 'http.route': route } = span.attributes
  const said = [span.kind, duration(span), status && `larder.cache.status=${status}`, route && `http.route=${route}`]
  return `${'  '.repeat(depth + 1)}${span.name}  (${said.filter(Boolean).join(', ')})`
}

function duration(span) {
  return `${lengthOf(span).toFixed(2)} ms`
}

function lengthOf({ startedAt, endedAt }) {
  return endedAt - startedAt
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
