// Single-flight over a real Express: clients that come, wait and leave.

import { AsyncLocalStorage } from 'node:async_hooks'
import { PassThrough, pipeline, Readable } from 'node:stream'
import { cacheHealth, responseCache } from '@larder/express'
import { expect } from 'chai'
import type { Request, Response } from 'express'
import type { Answer } from '../support/http.ts'
import { gate, stages, told, until } from './stage.ts'

const shared = 'public, max-age=60'

describe('Express: single-flight', () => {
  const stageFor = stages()

  it('one run for all who ask at once', async () => {
    let runs = 0
    const made = gate()
    const stage = await stageFor((app, { cache }) => {
      app.get('/', responseCache({ cache, ttl: '1m' }), async (_req, res) => {
        runs++
        await made.passed
        res.json({ runs })
      })
    })
    const answers = Array.from({ length: 200 }, () => stage.ask())
    await stage.arrived(200)
    made.open()
    const bodies = new Set((await Promise.all(answers)).map(({ text }) => text))
    expect([...bodies]).to.deep.equal(['{"runs":1}'])
    expect(runs).to.equal(1)
  })

  it('each with a private page runs in its own async context, side by side', async () => {
    const context = new AsyncLocalStorage<string>()
    const entered: Response[] = []
    const stage = await stageFor((app, { cache }) => {
      app.use((req, _res, next) => context.run(String(req.headers['cookie']), next))
      app.get('/', responseCache({ cache, ttl: '1m' }), (_req, res) => {
        entered.push(res)
        res.locals['user'] = context.getStore()
      })
    })
    const users = Array.from({ length: 20 }, (_, i) => `u=${i}`)
    const answers = users.map(user => stage.ask('/', { headers: { Cookie: user } }))
    await stage.arrived(20)
    expect(entered).to.have.length(1)
    const [first] = entered
    first!.set('Cache-Control', 'private').flushHeaders()
    expect(entered, 'all are in before any has ended').to.have.length(20)
    for (const res of entered) res.end(res.locals['user'])
    expect((await Promise.all(answers)).map(({ text }) => text)).to.deep.equal(users)
  })

  const bodies: readonly [string, (res: Response, source: PassThrough) => void, whole: boolean][] = [
    ['written by hand', (res, source) => source.on('data', chunk => res.write(chunk)).on('end', () => res.end()), true],
    ['piped', (res, source) => source.pipe(res), true],
    ['in a pipeline, which gives up with its client', (res, source) => pipeline(source, res, () => {}), false],
  ]
  for (const [title, send, whole] of bodies) {
    it(`the leader leaves, its response is ${title} → the others have theirs`, async () => {
      const sources: PassThrough[] = []
      const stage = await stageFor((app, { cache }) => {
        app.use('/health', cacheHealth({ cache }))
        app.get('/', responseCache({ cache, ttl: '1m', collapseTimeout: '1h' }), (_req, res) => {
          const source = new PassThrough()
          sources.push(source)
          send(res, source)
        })
      })
      const leader = stage.open()
      await stage.arrived(1)
      const followers = Array.from({ length: 5 }, () => stage.ask())
      await stage.arrived(6)
      sources[0]!.write('begin ')
      await leader.has('begin ')
      leader.leave()
      if (whole) await new Promise(resolve => setTimeout(resolve, 20))
      else await until(() => sources.length === 6)
      for (const source of sources.slice(whole ? 0 : 1)) source.end(whole ? 'end' : 'begin end')
      for (const { text, complete } of await Promise.all(followers)) {
        expect([text, complete]).to.deep.equal(['begin end', true])
      }
      expect(sources).to.have.length(whole ? 1 : 6)
      expect((await stage.ask()).text).to.equal('begin end')
      expect(JSON.parse((await stage.ask('/health')).text).checks['cache:memory'][0].fillsUnderWay).to.equal(0)
    })
  }

  it('followers that leave free their places', async () => {
    const made = gate()
    let runs = 0
    const stage = await stageFor((app, { cache }) => {
      app.get('/', responseCache({ cache, ttl: '1m' }), async (_req, res) => {
        runs++
        await made.passed
        res.set('Cache-Control', 'no-store').send('own')
      })
    })
    const calls = Array.from({ length: 50 }, () => stage.open())
    await stage.arrived(50)
    for (const call of calls.slice(1)) call.leave()
    await Promise.allSettled(calls.slice(1).map(call => call.done))
    await new Promise(resolve => setTimeout(resolve, 30))
    made.open()
    expect((await calls[0]!.done).text).to.equal('own')
    expect(runs).to.equal(1)
  })

  it('one that left while a function of the route was awaited does not wait at all', async () => {
    const asked = gate()
    const left = gate()
    let runs = 0
    const entered: Response[] = []
    const stage = await stageFor((app, { cache }) => {
      app.use((req, res, next) => {
        if (req.headers['x-leaving'] !== undefined) res.on('close', left.open)
        next()
      })
      const key = async (req: Request) => {
        if (req.headers['x-leaving'] !== undefined) await asked.passed
        return ''
      }
      app.get('/', responseCache({ cache, ttl: '1m', key, collapseTimeout: '1h' }), (_req, res) => {
        runs++
        entered.push(res)
      })
    })
    const leader = stage.ask()
    await until(() => runs === 1)
    const leaving = stage.open('/', { headers: { 'X-Leaving': '1' } })
    await stage.arrived(2)
    leaving.leave()
    await left.passed
    asked.open()
    await new Promise(resolve => setTimeout(resolve, 10))
    entered[0]!.set('Cache-Control', 'no-store').send('own')
    expect((await leader).text).to.equal('own')
    expect(runs, 'no run for nobody').to.equal(1)
  })

  it('somebody in front answers one who waits (a timeout) → the others are none the worse', async () => {
    const made = gate()
    const waiting: Response[] = []
    const stage = await stageFor((app, { cache }) => {
      app.use((req, res, next) => {
        if (req.headers['x-impatient'] !== undefined) waiting.push(res)
        next()
      })
      app.get('/', responseCache({ cache, ttl: '1m' }), async (_req, res) => {
        await made.passed
        res.set('Cache-Control', shared).send('page')
      })
    })
    const leader = stage.ask()
    await stage.arrived(1)
    const impatient = stage.open('/', { headers: { 'X-Impatient': '1' } })
    await stage.arrived(2)
    const patient = stage.ask()
    await stage.arrived(3)
    // Its head is out, its end is not: the connection is still open.
    waiting[0]!.writeHead(503).write('too slow')
    await impatient.has('too slow')
    made.open()
    expect((await leader).text).to.equal('page')
    expect((await patient).text).to.equal('page')
    waiting[0]!.end()
    expect((await impatient.done).status).to.equal(503)
  })

  for (const options of [{}, { ttl: '2m' }, { collapseTimeout: '1m' }] as const) {
    it(`a cache on the app and one on the route ${JSON.stringify(options)} do not wait for each other`, async () => {
      let runs = 0
      const stage = await stageFor((app, { cache }) => {
        app.use(responseCache({ cache, ttl: '1m', ...options }))
        app.get('/', responseCache({ cache, ttl: '1m' }), (_req, res) => void res.json({ run: ++runs }))
      })
      const startedAt = Date.now()
      const first = await Promise.all([stage.ask(), stage.ask()])
      expect(Date.now() - startedAt).to.be.lessThan(1000)
      for (const { text } of [...first, await stage.ask()]) expect(text).to.equal('{"run":1}')
    })
  }

  it('a body that breaks off half way is not kept, and those who waited run their own', async () => {
    let runs = 0
    const begun = gate()
    const stage = await stageFor((app, { cache }) => {
      app.get('/', responseCache({ cache, ttl: '1m' }), async (_req, res) => {
        if (++runs > 1) return void res.send('whole')
        await begun.passed
        const source = Readable.from(
          (async function* () {
            yield 'half'
            throw new Error('broken')
          })(),
        )
        pipeline(source, res, () => {})
      })
    })
    const leader = stage.ask()
    await stage.arrived(1)
    const followers = [stage.ask(), stage.ask()]
    await stage.arrived(3)
    begun.open()
    expect((await leader).complete).to.equal(false)
    const texts = (await Promise.all(followers)).map(({ text }: Answer) => text)
    expect(texts).to.deep.equal(['whole', 'whole'])
    expect(told(await stage.ask())).to.equal('hit')
  })
})
