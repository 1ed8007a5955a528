// cacheHealth(): liveness, readiness, start-up and detail, from memory alone, without a secret.

import { createCache, type InvalidationLog } from '@larder/core'
import type { CacheHealthOptions, HealthSource } from '@larder/core/door'
import { expect } from 'chai'
import { frameworks } from './frameworks.ts'
import { serving } from './stage.ts'

for (const framework of frameworks) {
  describe(`${framework.name}: cacheHealth()`, () => {
    const serve = serving()
    const { cacheHealth, responseCache, attachCache } = framework.door

    async function site(base = '/health', options?: CacheHealthOptions, cache = createCache()) {
      const app = framework.app()
      attachCache(app.native, cache)
      // In Express it counts from its mount, in Koa from the root.
      if (framework.family === 'koa') app.use(cacheHealth(options))
      else app.mount(base, () => {}, cacheHealth(options))
      app.use(
        responseCache({ ttl: '1m', tags: ['tag-canary'] }),
        framework.handler(({ target }) => ({ body: `page ${target}` })),
      )
      return { ...(await serve(app)), cache }
    }

    it('live and ready while the cache is open; live but not ready once it is closed', async () => {
      const { ask, cache } = await site()
      for (const path of ['/health/live', '/health/ready', '/health/startup']) {
        const answer = await ask(path)
        expect([answer.status, JSON.parse(answer.text)]).to.deep.equal([200, { status: 'pass' }])
        expect(answer.header('content-type')).to.equal('application/health+json')
        expect(answer.header('cache-control')).to.equal('no-store')
      }
      await cache.close()
      expect((await ask('/health/live')).status).to.equal(200)
      const ready = await ask('/health/ready')
      expect([ready.status, JSON.parse(ready.text)]).to.deep.equal([503, { status: 'fail' }])
      expect((await ask('/health/startup')).status).to.equal(200)
      const detail = await ask('/health')
      expect([detail.status, JSON.parse(detail.text).status]).to.deep.equal([503, 'fail'])
    })

    it('tells entries, mode and hit ratio', async () => {
      const { ask } = await site()
      await ask('/page-canary')
      await ask('/page-canary')
      const detail = JSON.parse((await ask('/health')).text)
      const [memory] = detail.checks['cache:memory']
      expect(detail.status).to.equal('pass')
      expect(memory).to.include({ status: 'pass', entries: 1, mode: 'on', hitRatio: 0.5, fillsUnderWay: 0 })
    })

    it('tells no key, target, tag or host', async () => {
      const { ask } = await site()
      await ask('/page-canary?token=canary', { headers: { Host: 'canary.example' } })
      expect((await ask('/health')).text).not.to.include('canary')
    })

    it('is never kept, though a cache stands in front', async () => {
      const cache = createCache()
      const app = framework.app()
      app.use(responseCache({ ttl: '1m', cache }), cacheHealth({ cache, path: '/health' }))
      const { ask } = await serve(app)
      for (let turn = 0; turn < 2; turn++) {
        expect((await ask('/health/live')).header('cache-status')).to.equal('larder; fwd=uri-miss; detail=no-store')
      }
    })

    it('answers HEAD without a body, and leaves other methods and paths to others', async () => {
      const { ask } = await site()
      const head = await ask('/health/live', { method: 'HEAD' })
      expect([head.status, head.header('content-length')]).to.deep.equal([200, '17'])
      for (const [method, path] of [
        ['POST', '/health/live'],
        ['GET', '/health/other'],
        ['GET', '/healthy'],
      ] as const) {
        expect((await ask(path, { method })).text).to.equal(`page ${path}`)
      }
    })

    it('stands at the path that it is given', async () => {
      const { ask } = await site('/', { path: '/status/cache' })
      expect((await ask('/status/cache/ready')).status).to.equal(200)
      expect((await ask('/health')).text).to.equal('page /health')
    })

    const verdicts: readonly [ReturnType<HealthSource['report']>, live: number, ready: number, startup: number][] = [
      [{ live: 'pass', ready: 'pass', startup: 'pass', checks: {} }, 200, 200, 200],
      [{ live: 'pass', ready: 'warn', startup: 'pass', checks: {} }, 200, 200, 200],
      [{ live: 'pass', ready: 'fail', startup: 'fail', checks: {} }, 200, 503, 503],
      [{ live: 'fail', ready: 'fail', startup: 'pass', checks: {} }, 503, 503, 200],
    ]
    for (const [report, ...statuses] of verdicts) {
      it(`checks that say live ${report.live}, ready ${report.ready}, startup ${report.startup} → ${statuses}`, async () => {
        const { ask } = await site('/', { path: '/health', checks: { report: () => report } })
        const answers = await Promise.all(['live', 'ready', 'startup'].map(name => ask(`/health/${name}`)))
        expect(answers.map(({ status }) => status)).to.deep.equal(statuses)
        expect(answers.map(({ text }) => JSON.parse(text))).to.deep.equal([
          { status: report.live },
          { status: report.ready },
          { status: report.startup },
        ])
      })
    }

    it('shows what checks found, and nothing that is no fact', async () => {
      const checks = {
        report: () => ({
          live: 'pass',
          ready: 'warn',
          startup: 'pass',
          checks: {
            database: {
              status: 'warn',
              reason: 'threw',
              time: '2026-01-01T00:00:00.000Z',
              durationMs: 3,
              detail: { rows: 5, error: new Error('canary'), long: 'x'.repeat(5000), pool: { host: 'canary' } },
              error: new Error('canary'),
              host: 'canary',
            },
            'cache:memory': { status: 'pass' },
          },
        }),
      } as unknown as HealthSource
      const { ask } = await site('/', { path: '/health', checks })
      const answer = await ask('/health')
      const detail = JSON.parse(answer.text)
      expect([answer.status, detail.status]).to.deep.equal([200, 'warn'])
      expect(detail.checks.database).to.deep.equal([
        {
          componentType: 'component',
          status: 'warn',
          reason: 'threw',
          time: '2026-01-01T00:00:00.000Z',
          durationMs: 3,
          rows: 5,
          long: 'x'.repeat(200),
        },
      ])
      expect(detail.checks['cache:memory'], 'the cache comes first').to.have.length(2)
      expect(answer.text).not.to.include('canary')
    })

    it('with detail: false tells which component has which status, and no number', async () => {
      const checks: HealthSource = {
        report: () => ({
          live: 'pass',
          ready: 'pass',
          startup: 'pass',
          checks: { database: { status: 'pass', detail: { rows: 5 }, durationMs: 3 } },
        }),
      }
      const { ask } = await site('/', { path: '/health', checks, detail: false })
      expect(JSON.parse((await ask('/health')).text)).to.deep.equal({
        status: 'pass',
        checks: {
          'cache:memory': [{ componentType: 'datastore', status: 'pass' }],
          database: [{ componentType: 'component', status: 'pass' }],
        },
      })
    })

    const broken: readonly [title: string, report: () => unknown][] = [
      [
        'throw',
        () => {
          throw new Error('canary')
        },
      ],
      ['return nothing', () => undefined],
      ['return a promise', () => Promise.resolve({ ready: 'pass' })],
      ['return other words', () => ({ live: 'up', ready: 'up', startup: 'up', checks: {} })],
      ['return null for a check', () => ({ live: 'pass', ready: 'pass', startup: 'pass', checks: { a: null } })],
    ]
    for (const [title, report] of broken) {
      it(`checks that ${title} make it not ready, and no error`, async () => {
        const { ask } = await site('/', { path: '/health', checks: { report } as HealthSource })
        const paths = ['/health/live', '/health/ready', '/health/startup', '/health']
        const answers = await Promise.all(paths.map(path => ask(path)))
        expect(answers.map(({ status }) => status)).to.deep.equal([200, 503, 200, 503])
        for (const { text } of answers) expect(text).not.to.include('canary')
      })
    }

    it('a shared log that is silent for longer than the coherence bound: degraded, ready, and not when strict', async () => {
      let time = 1_000_000
      let confirmedAt = Number.NEGATIVE_INFINITY
      const log: InvalidationLog = {
        epoch: 'canary',
        position: () => 42,
        floor: () => 0,
        unacknowledged: 0,
        confirmedAt: () => confirmedAt,
        append: async () => 42,
        subscribe: () => () => {},
        close: async () => {},
      }
      const cache = createCache({ log, now: () => time, coherenceBound: '5s' })
      const { ask } = await site('/', { path: '/health' }, cache)
      const strict = await site('/', { path: '/health', strict: true }, cache)
      async function seen() {
        const detail = JSON.parse((await ask('/health')).text)
        const { status, lagMs, position } = detail.checks['cache:log'][0]
        const statuses = [(await ask('/health/ready')).status, (await strict.ask('/health/ready')).status]
        return { all: detail.status, status, lagMs, position, statuses }
      }
      const degraded = { all: 'warn', status: 'warn', position: 42, statuses: [200, 503] }
      expect(await seen()).to.deep.equal({ ...degraded, lagMs: undefined })
      confirmedAt = time
      time += 5000
      expect(await seen()).to.deep.equal({
        all: 'pass',
        status: 'pass',
        position: 42,
        lagMs: 5000,
        statuses: [200, 200],
      })
      time += 1
      expect(await seen()).to.deep.equal({ ...degraded, lagMs: 5001 })
      expect((await ask('/health')).text).not.to.include('canary')
      await cache.close()
    })

    it('an option that nobody knows, or that cannot be meant, is an error when it is made', () => {
      for (const [options, code] of [
        [{ pth: '/x' }, 'LARDER_UNKNOWN_OPTION'],
        [{ checks: {} }, 'LARDER_INVALID_OPTION'],
        [{ strict: 'yes' }, 'LARDER_INVALID_OPTION'],
        [{ detail: 0 }, 'LARDER_INVALID_OPTION'],
      ] as const) {
        expect(() => cacheHealth(options as object))
          .to.throw()
          .with.property('code', code)
      }
    })
  })
}
