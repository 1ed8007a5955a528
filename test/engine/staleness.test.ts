// RFC 5861 and RFC 9111 §4.3 over a real Express: refreshing behind, standing in, asking the handler, and purging.

import { invalidate, responseCache, tag } from '@larder/express'
import { expect } from 'chai'
import type { NextFunction, Request, Response } from 'express'
import { gate, stages, told, until } from './stage.ts'

const page = 'public, max-age=60, stale-while-revalidate=600'

describe('Express: stale-while-revalidate', () => {
  const stageFor = stages()

  it('stale at once, one refresh, its result next; it carries no cookie and its cookies go nowhere', async () => {
    const seen: (string | undefined)[] = []
    const answered = gate()
    const stage = await stageFor((app, { cache }) => {
      app.use((req, res, next) => {
        res.append('Set-Cookie', `outer=${req.headers['cookie'] ?? 'nobody'}`)
        next()
      })
      // It reads the cookie, which would be reason enough not to keep what it says.
      app.get('/', responseCache({ cache, trust: ['cookie'] }), async (req, res) => {
        const run = seen.push(req.headers['cookie'])
        if (run > 1) await answered.passed
        res.set('Cache-Control', page).send(`run ${run}`)
      })
    })
    await stage.ask()
    stage.advance(61)
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => stage.ask('/', { headers: { Cookie: `u=${i}` } })),
    )
    for (const [i, answer] of answers.entries()) {
      expect(answer.text).to.equal('run 1')
      expect(told(answer)).to.equal('hit; detail=stale-while-revalidate')
      expect(answer.header('set-cookie')).to.equal(`outer=u=${i}`)
    }
    answered.open()
    await until(() => stage.cache.getMetrics().sets === 2)
    const next = await stage.ask()
    expect([next.text, told(next)]).to.deep.equal(['run 2', 'hit'])
    expect(next.header('set-cookie')).to.equal('outer=nobody')
    expect(seen).to.deep.equal([undefined, undefined])
  })

  it('a guard in front that answers the refresh itself (401) → stale stays, nothing of it is kept', async () => {
    let refused = 0
    let runs = 0
    const stage = await stageFor((app, { cache }) => {
      app.use((req, res, next) => {
        if (req.headers['authorization'] !== undefined) return next()
        refused++
        res.status(401).set('Cache-Control', 'public, max-age=999').send('who are you?')
      })
      app.get('/', responseCache({ cache }), (_req, res) => void res.set('Cache-Control', page).send(`run ${++runs}`))
    })
    const headers = { Authorization: 'Bearer alice' }
    await stage.ask('/', { headers })
    stage.advance(61)
    for (let i = 0; i < 3; i++) {
      expect((await stage.ask('/', { headers })).text).to.equal('run 1')
      await until(() => refused > 0)
    }
    expect([refused, runs]).to.deep.equal([1, 1])
    stage.advance(600)
    expect((await stage.ask('/', { headers })).text).to.equal('run 2')
  })
})

describe('Express: stale-if-error', () => {
  const stageFor = stages()
  const failures: readonly [string, (req: Request, res: Response, next: NextFunction) => unknown][] = [
    ['500', (_req, res) => res.status(500).send('broken')],
    ['throws', () => thrown()],
    ['rejects', async () => thrown()],
    ['next(error)', (_req, _res, next) => next(new Error('broken'))],
    ['destroys its response', (_req, res) => res.destroy()],
    ['has no such file', (_req, res) => res.sendFile('/nowhere/at/all')],
  ]
  for (const [title, fail] of failures) {
    it(`a handler that ${title} → the stored response, until its window ends`, async () => {
      let broken = false
      const stage = await stageFor((app, { cache }) => {
        app.get('/', responseCache({ cache, staleIfError: '10m', ttl: '1m' }), (req, res, next) =>
          broken ? fail(req, res, next) : res.send('page'),
        )
      })
      await stage.ask()
      broken = true
      stage.advance(61)
      for (let i = 0; i < 2; i++) {
        const answer = await stage.ask()
        expect([answer.status, answer.text, answer.complete]).to.deep.equal([200, 'page', true])
        expect(told(answer)).to.contain('detail=stale-if-error')
      }
      stage.advance(600)
      const late = await stage.ask().catch(() => undefined)
      expect(late?.text).not.to.equal('page')
    })
  }

  for (const status of [401, 403, 404, 410]) {
    it(`${status} → goes out, and what was stored is gone`, async () => {
      let answer: (res: Response) => unknown = res => res.send('page')
      const stage = await stageFor((app, { cache }) => {
        app.get('/', responseCache({ cache, staleIfError: '10m', ttl: '1m' }), (_req, res) => void answer(res))
      })
      await stage.ask()
      stage.advance(61)
      answer = res => res.status(status).send('no')
      expect((await stage.ask()).status).to.equal(status)
      answer = res => res.status(500).send('broken')
      expect((await stage.ask()).status).to.equal(500)
    })
  }

  it('softTimeout: stale at the timeout, what the slow handler makes is next', async () => {
    const slow = gate()
    let runs = 0
    const stage = await stageFor((app, { cache }) => {
      const cached = responseCache({ cache, ttl: '1m', staleIfError: '10m', softTimeout: '30ms' })
      app.get('/', cached, async (_req, res) => {
        const run = ++runs
        if (run > 1) await slow.passed
        res.send(`run ${run}`)
      })
    })
    await stage.ask()
    stage.advance(61)
    const answer = await stage.ask()
    expect([answer.text, told(answer)]).to.deep.equal(['run 1', 'hit; detail=soft-timeout'])
    slow.open()
    await until(() => stage.cache.getMetrics().sets === 2)
    expect((await stage.ask()).text).to.equal('run 2')
  })
})

describe('Express: validation', () => {
  const stageFor = stages()

  it('res.send answers the cache’s condition with 304, and the client’s is answered on top', async () => {
    let runs = 0
    const stage = await stageFor((app, { cache }) => {
      app.get('/', responseCache({ cache, ttl: '1m' }), (_req, res) => {
        runs++
        res.set('X-Run', String(runs)).send('the same')
      })
    })
    const etag = (await stage.ask()).header('etag')!
    stage.advance(61)
    const validated = await stage.ask()
    expect([validated.status, validated.text, validated.header('x-run')]).to.deep.equal([200, 'the same', '2'])
    expect(told(validated)).to.equal('fwd=stale; fwd-status=304; stored')
    expect(told(await stage.ask())).to.equal('hit')
    stage.advance(61)
    const own = await stage.ask('/', { headers: { 'If-None-Match': etag } })
    expect([own.status, own.text, runs]).to.deep.equal([304, '', 3])
    stage.advance(61)
    const other = await stage.ask('/', { headers: { 'If-None-Match': '"other"' } })
    expect([other.status, other.text]).to.deep.equal([200, 'the same'])
  })

  it('res.sendFile: Last-Modified, and a range of what was validated', async () => {
    const stage = await stageFor((app, { cache }) => {
      app.get('/', responseCache({ cache, ttl: '1m' }), (_req, res) => {
        res.sendFile(import.meta.filename, { cacheControl: false })
      })
    })
    const whole = (await stage.ask()).text
    stage.advance(61)
    expect(told(await stage.ask())).to.equal('fwd=stale; fwd-status=304; stored')
    const part = await stage.ask('/', { headers: { Range: 'bytes=3-8' } })
    expect([part.status, part.text]).to.deep.equal([206, whole.slice(3, 9)])
  })
})

describe('Express: a purge wins over a fill', () => {
  const stageFor = stages()
  const ways: readonly [string, (req: Request) => Promise<void>][] = [
    ['tag', req => invalidate(req, { tags: ['t'] })],
    ['pattern', req => invalidate(req, { pattern: '/p*' })],
    ['target', req => invalidate(req, { target: '/page' })],
  ]
  for (const [title, purge] of [...ways, ['unsafe method', undefined] as const]) {
    for (const moment of ['before its head', 'in its body'] as const) {
      it(`${title}, ${moment}`, async () => {
        const entered: Response[] = []
        const stage = await stageFor(app => {
          app.post('/purge', (req, res, next) => {
            purge!(req).then(() => res.sendStatus(204), next)
          })
          app
            .route('/page')
            .all(responseCache('1m'))
            .get((req, res) => {
              tag(req, 't')
              entered.push(res)
            })
            .post((_req, res) => void res.sendStatus(204))
        })
        const old = stage.open('/page')
        await until(() => entered.length === 1)
        if (moment === 'in its body') {
          entered[0]!.write('o')
          await old.has('o')
        }
        const purged = await stage.ask(purge === undefined ? '/page' : '/purge', { method: 'POST' })
        expect(purged.status).to.equal(204)
        const late = stage.open('/page')
        await stage.arrived(3)
        entered[0]!.end('ld')
        await old.done
        await until(() => entered.length === 2)
        entered[1]!.end('new')
        expect((await late.done).text).to.equal('new')
        expect((await stage.ask('/page')).text).to.equal('new')
      })
    }
  }
})

function thrown(): never {
  throw new Error('broken')
}
