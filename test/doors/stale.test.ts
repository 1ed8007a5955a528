// RFC 9111 §4.3 and RFC 5861 at the door: what has gone stale is validated, refreshed behind its back, or stands in for a failure.

import { onCacheEvent } from '@larder/core'
import { expect } from 'chai'
import { frameworks } from './frameworks.ts'
import { said, serving, stage } from './stage.ts'

const whole = { headers: { ETag: '"1"' }, body: 'whole' }

const failures: readonly (readonly [
  string,
  () => { status: number; headers: Record<string, string>; body: string },
])[] = [
  ['answers 500', () => ({ status: 500, headers: { 'X-Failed': '1' }, body: 'failed' })],
  ['answers 503', () => ({ status: 503, headers: { 'X-Failed': '1' }, body: 'failed' })],
  [
    'throws',
    () => {
      throw Object.assign(new Error('failed'), { stack: 'failed' })
    },
  ],
]

for (const framework of frameworks) {
  describe(`${framework.name}: what has gone stale`, () => {
    const serve = serving()

    it('is made anew', async () => {
      const { ask, clock } = await stage(serve, framework, () => ({ body: 'x' }))
      await ask()
      clock.advance(59)
      expect((await ask()).header('age')).to.equal('59')
      clock.advance(1)
      expect(said(await ask())).to.equal('fwd=stale; stored')
    })

    it('is validated by the handler, whoever asks', async () => {
      const seen: (string | undefined)[] = []
      const { ask, clock, runs } = await stage(serve, framework, asked => {
        seen.push(asked.field('if-none-match'))
        return asked.field('if-none-match') === '"1"' ? { status: 304, headers: { 'X-New': '2' } } : whole
      })
      await ask()
      clock.advance(61)
      const validated = await ask('/', { headers: { 'If-None-Match': '"other"' } })
      expect([validated.status, validated.text]).to.deep.equal([200, 'whole'])
      expect(said(validated)).to.equal('fwd=stale; fwd-status=304; stored')
      expect(validated.header('x-new')).to.equal('2')
      const hit = await ask()
      expect([said(hit), hit.text, hit.header('x-new'), hit.header('age')]).to.deep.equal(['hit', 'whole', '2', '0'])
      clock.advance(61)
      expect((await ask('/', { headers: { 'If-None-Match': '"1"' } })).status).to.equal(304)
      expect(seen).to.deep.equal([undefined, '"1"', '"1"'])
      expect(runs()).to.equal(3)
    })

    it('is replaced when the handler has something new', async () => {
      const site = await stage(serve, framework, () => ({
        headers: { ETag: `"${site.runs()}"` },
        body: `run ${site.runs()}`,
      }))
      await site.ask()
      site.clock.advance(61)
      expect((await site.ask()).text).to.equal('run 2')
      expect((await site.ask()).header('etag')).to.equal('"2"')
    })

    it('goes out at once while it is refreshed behind', async () => {
      const site = await stage(serve, framework, () => ({ headers: { 'X-Run': '1' }, body: `run ${site.runs()}` }), {
        cache: { staleWhileRevalidate: '1m' },
      })
      await site.ask()
      site.clock.advance(61)
      const refreshed = refresh()
      const stale = await site.ask()
      expect([stale.text, said(stale)]).to.deep.equal(['run 1', 'hit; detail=stale-while-revalidate'])
      expect(await refreshed).to.equal('stored')
      const fresh = await site.ask()
      expect([fresh.text, said(fresh)]).to.deep.equal(['run 2', 'hit'])
      expect(site.runs()).to.equal(2)
    })

    it('is refreshed by a 304 too, through layers in front of the cache', async () => {
      const site = await stage(
        serve,
        framework,
        asked => (asked.field('if-none-match') === '"1"' ? { status: 304 } : whole),
        { cache: { staleWhileRevalidate: '1m' }, before: [framework.compressing(), framework.givingCookie('sid')] },
      )
      await site.ask()
      site.clock.advance(61)
      const refreshed = refresh()
      expect((await site.ask()).text).to.equal('whole')
      expect(await refreshed).to.equal('stored')
      expect(said(await site.ask())).to.equal('hit')
      expect(site.runs()).to.equal(2)
    })

    it('stays when the refresh fails', async () => {
      const site = await stage(serve, framework, () => (site.runs() === 1 ? whole : { status: 500, body: 'failed' }), {
        cache: { staleWhileRevalidate: '1m' },
      })
      await site.ask()
      site.clock.advance(61)
      const refreshed = refresh()
      await site.ask()
      expect(await refreshed).to.equal('failed')
      expect((await site.ask()).text).to.equal('whole')
    })

    for (const [title, fail] of failures) {
      it(`stands in for a handler that ${title}`, async () => {
        const site = await stage(serve, framework, () => (site.runs() === 1 ? whole : fail()), {
          cache: { staleIfError: '1h' },
          before: [framework.setting(() => ({ 'X-Outer': 'yes' }))],
        })
        await site.ask()
        site.clock.advance(61)
        for (let turn = 0; turn < 2; turn++) {
          const stale = await site.ask()
          expect([stale.status, stale.text]).to.deep.equal([200, 'whole'])
          expect(said(stale)).to.match(/^fwd=stale(; fwd-status=\d+)?; detail=stale-if-error$/)
          expect(stale.header('x-failed')).to.equal(undefined)
          expect(stale.header('x-outer')).to.equal('yes')
        }
        expect((await site.ask('/', { headers: { 'If-None-Match': '"1"' } })).status).to.equal(304)
        site.clock.advance(3600)
        expect((await site.ask()).status).to.be.oneOf([500, 503])
      })
    }

    for (const status of [401, 403, 404, 410]) {
      it(`does not stand in for a ${status}, which ends it`, async () => {
        const site = await stage(serve, framework, () => (site.runs() === 2 ? { status, body: 'no' } : whole), {
          cache: { staleIfError: '1h' },
        })
        await site.ask()
        site.clock.advance(61)
        expect((await site.ask()).status).to.equal(status)
        expect(said(await site.ask())).to.equal('fwd=uri-miss; stored')
      })
    }

    it('stands in for a handler that takes too long', async () => {
      const site = await stage(serve, framework, () => (site.runs() === 1 ? whole : new Promise<never>(() => {})), {
        cache: { staleIfError: '1h', softTimeout: '20ms' },
      })
      await site.ask()
      site.clock.advance(61)
      const stale = await site.ask()
      expect([stale.text, said(stale)]).to.deep.equal(['whole', 'hit; detail=soft-timeout'])
    })
  })
}

/** How the next refresh ends. */
function refresh(): Promise<string> {
  return new Promise(resolve => {
    const off = onCacheEvent(event => {
      if (event.type !== 'refresh' || event.outcome === 'started') return
      off()
      resolve(event.outcome)
    })
  })
}
