// OpenTelemetry: a fill, a hit and a refresh each end a server span, with the route where the cache stands on one.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'

interface Span {
  readonly name: string
  readonly route?: string
  readonly status: number
  readonly errors: number
  /** It belongs to no request but its own. */
  readonly isRoot: boolean
}

interface Told {
  readonly cacheStatus: string
  readonly spans: readonly Span[]
}

interface Server {
  readonly fill: Told
  readonly hit: Told
  readonly stale: Told
  readonly refresh: readonly Span[]
}

describe('OpenTelemetry', function () {
  this.timeout(30_000)
  let report: Readonly<Record<string, Server>>

  // What is instrumented must not be loaded yet, so it takes a process of its own.
  before(async () => {
    const path = fileURLToPath(new URL('./traced-servers.ts', import.meta.url))
    const args = ['--conditions=@larder/source', '--import', 'tsx', path]
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 20_000, killSignal: 'SIGKILL' })
    report = JSON.parse(stdout)
  })

  const route = '/items/:id'
  for (const [name, knowsRoute, refreshStatus] of [
    // A page that is still the same is answered by Express itself with 304.
    ['Express, on the app', false, 304],
    ['Express, on the route', true, 304],
    ['Express on the fast server, on the app', false, 304],
    ['Express on the fast server, on the route', true, 304],
    ['Koa, on the app', false, 200],
    ['Koa, on the route', true, 200],
  ] as const) {
    it(`${name}: its eager readers prevent nothing, and a hit ends a span ${knowsRoute ? 'with' : 'without'} its route`, () => {
      const { fill, hit, stale } = report[name]!
      expect(fill.cacheStatus).to.equal('larder; fwd=uri-miss; stored; ttl=60')
      expect(hit.cacheStatus).to.equal('larder; hit; ttl=60')
      expect(stale.cacheStatus).to.match(/^larder; hit; ttl=-\d+; detail=stale-while-revalidate$/)
      const ended = { status: 200, errors: 0, isRoot: true }
      expect(fill.spans).to.deep.equal([{ name: `GET ${route}`, route, ...ended }])
      for (const { spans } of [hit, stale]) {
        expect(spans).to.deep.equal([
          knowsRoute ? { name: `GET ${route}`, route, ...ended } : { name: 'GET', ...ended },
        ])
      }
    })

    it(`${name}: a refresh is a span of its own, and of no client's trace`, () => {
      expect(report[name]!.refresh).to.deep.equal([
        { name: `GET ${route}`, route, status: refreshStatus, errors: 0, isRoot: true },
      ])
    })
  }
})
