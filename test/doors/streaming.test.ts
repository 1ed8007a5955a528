// Answers that take their time: bytes go on as they are made, and whoever leaves takes nothing from those who stay.

import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { createCache } from '@larder/core'
import { expect } from 'chai'
import type { RequestHandler, Response } from 'express'
import { adapted, express4Framework, express5Framework } from './express.ts'
import { type Asked, frameworks } from './frameworks.ts'
import { said, serving, stage } from './stage.ts'

const text = { 'Content-Type': 'text/plain' }

for (const framework of frameworks) {
  describe(`${framework.name}: answers that take their time`, () => {
    const serve = serving()

    /** One stream for all runs, in the hands of the test. */
    async function slow(headers: Record<string, string> = text, options = {}) {
      const sources: PassThrough[] = []
      const begun: Asked[] = []
      const site = await stage(
        serve,
        framework,
        asked => {
          const source = new PassThrough()
          sources.push(source)
          begun.push(asked)
          return { headers, body: source }
        },
        { cache: options },
      )
      return { ...site, sources, begun }
    }

    it('the first byte is not held back', async () => {
      const { open, ask, sources } = await slow()
      const call = open()
      await reached(() => sources.length === 1)
      sources[0]!.write('one ')
      await call.has('one ')
      expect(said(await call.head)).to.equal('fwd=uri-miss; stored')
      sources[0]!.end('two')
      expect((await call.done).text).to.equal('one two')
      const hit = await ask()
      expect(said(hit)).to.equal('hit')
      expect(hit.text).to.equal('one two')
    })

    it('events go out at once, each client has its own, and none are kept', async () => {
      const { open, sources, runs } = await slow({ 'Content-Type': 'text/event-stream; charset=utf-8' })
      for (const turn of [0, 1]) {
        const call = open()
        await reached(() => sources.length === turn + 1)
        sources[turn]!.write('data: now\n\n')
        await call.has('data: now')
        expect(said(await call.head)).to.equal('fwd=uri-miss; detail=event-stream')
      }
      expect(runs()).to.equal(2)
    })

    it('who asks meanwhile is answered from the one run', async () => {
      const { open, sources, runs } = await slow()
      const leader = open()
      await reached(() => sources.length === 1)
      const followers = [open(), open(), open()]
      sources[0]!.write('one ')
      await leader.has('one ')
      sources[0]!.end('two')
      for (const follower of followers) {
        const answer = await follower.done
        expect(said(answer)).to.be.oneOf(['fwd=uri-miss; collapsed', 'hit'])
        expect(answer.text).to.equal('one two')
      }
      expect(runs()).to.equal(1)
    })

    it('who waits for an answer that turns out private has a run of their own at once', async () => {
      const { open, sources } = await slow({ ...text, 'Cache-Control': 'private' })
      const leader = open()
      await reached(() => sources.length === 1)
      const follower = open()
      sources[0]!.write('for the first')
      await leader.has('for the first')
      await reached(() => sources.length === 2)
      sources[1]!.end('for the second')
      expect((await follower.done).text).to.equal('for the second')
    })

    it('who waits too long has a run of their own', async () => {
      const { open, sources } = await slow(text, { collapseTimeout: '20ms' })
      open()
      await reached(() => sources.length === 1)
      const follower = open()
      await reached(() => sources.length === 2)
      sources[1]!.end('mine')
      expect((await follower.done).text).to.equal('mine')
    })

    it('a follower that leaves is not waited for', async () => {
      const { open, sources, ask } = await slow()
      const leader = open()
      await reached(() => sources.length === 1)
      open().leave()
      sources[0]!.end('whole')
      expect((await leader.done).text).to.equal('whole')
      expect(said(await ask())).to.equal('hit')
    })

    it('a leader that leaves goes on filling, for those who wait and those who come', async () => {
      const { open, ask, sources, begun, runs } = await slow()
      const leader = open()
      await reached(() => sources.length === 1)
      sources[0]!.write('one ')
      await leader.has('one ')
      const followers = Array.from({ length: 5 }, () => open())
      leader.leave()
      await begun[0]!.closed
      sources[0]!.write('two ')
      sources[0]!.end('three')
      for (const follower of followers) expect((await follower.done).text).to.equal('one two three')
      const hit = await ask()
      expect(said(hit)).to.equal('hit')
      expect(hit.text).to.equal('one two three')
      expect(runs()).to.equal(1)
    })

    it('a leader that leaves a source that waits for it goes on filling', async () => {
      const { open, ask, sources, begun, runs } = await slow(text, { maxBodyBytes: 10_000_000 })
      const leader = open()
      await reached(() => sources.length === 1)
      const source = sources[0]!
      const piece = Buffer.alloc(100_000, 'larder ')
      source.write(piece)
      leader.pause()
      // More than the socket takes of a client that does not read.
      for (let i = 0; i < 79; i++) source.write(piece)
      await reached(() => source.isPaused() || source.readableLength > 0)
      leader.leave()
      await begun[0]!.closed
      source.end('end')
      const next = await ask()
      expect(next.body.equals(Buffer.concat([...Array(80).fill(piece), Buffer.from('end')]))).to.equal(true)
      expect(runs()).to.equal(1)
    })

    it('a leader that leaves before the head goes on filling', async () => {
      let proceed = () => {}
      let asked: Asked | undefined
      const site = await stage(serve, framework, async given => {
        asked = given
        await new Promise<void>(resolve => {
          proceed = resolve
        })
        return { headers: text, body: 'whole' }
      })
      const leader = site.open()
      await reached(() => asked !== undefined)
      leader.leave()
      await asked!.closed
      proceed()
      const next = await site.ask()
      expect(next.text).to.equal('whole')
      expect(said(next)).to.be.oneOf(['fwd=uri-miss; collapsed', 'hit'])
      expect(site.runs()).to.equal(1)
    })

    it('a leader that leaves an answer that is not kept lets its source go', async () => {
      const { open, sources } = await slow({ ...text, 'Cache-Control': 'no-store' })
      const leader = open()
      await reached(() => sources.length === 1)
      sources[0]!.write('one ')
      await leader.has('one ')
      leader.leave()
      // Express's own `pipe` leaves the source as it is, Koa destroys it.
      await reached(() =>
        framework.family === 'koa' ? sources[0]!.destroyed : sources[0]!.listenerCount('data') === 0,
      )
    })

    for (const [size, isKept] of [
      [1000, true],
      [1001, false],
    ] as const) {
      for (const kind of ['string', 'stream'] as const) {
        it(`a ${kind} of ${size} bytes under a maxBodyBytes of 1000 passes and is ${isKept ? '' : 'not '}kept`, async () => {
          const site = await stage(
            serve,
            framework,
            () => {
              if (kind === 'string') return { body: 'x'.repeat(size) }
              const source = new PassThrough()
              source.write('x'.repeat(500))
              source.end('x'.repeat(size - 500))
              return { body: source }
            },
            { cache: { maxBodyBytes: 1000 } },
          )
          for (let turn = 0; turn < 2; turn++) expect((await site.ask()).text).to.equal('x'.repeat(size))
          expect(site.runs()).to.equal(isKept ? 1 : 2)
        })
      }
    }

    it('a body that says at the head that it is too large is refused there', async () => {
      const headers = { 'Content-Length': '2000' }
      const site = await stage(serve, framework, () => ({ headers, body: 'x'.repeat(2000) }), {
        cache: { maxBodyBytes: 1000 },
      })
      expect(said(await site.ask())).to.equal('fwd=uri-miss; detail=too-large')
    })
  })
}

for (const framework of [express5Framework, express4Framework]) {
  describe(`${framework.name}: a handler that writes by hand`, () => {
    const serve = serving()

    it('goes on filling when its client leaves', async () => {
      let response: Response | undefined
      const app = framework.app()
      const handler: RequestHandler = (_req, res) => {
        response = res
        res.write('one ')
      }
      app.use(framework.door.responseCache({ ttl: '1m', cache: createCache() }), adapted(handler))
      const { open, ask } = await serve(app)
      const leader = open()
      await leader.has('one ')
      const closed = once(response!, 'close')
      leader.leave()
      await closed
      response!.write('two ')
      response!.end('three')
      const hit = await ask()
      expect([said(hit), hit.text]).to.deep.equal(['hit', 'one two three'])
    })
  })
}

/** Looks again after every turn of the event loop. The test's own limit ends it. */
async function reached(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(resolve => setImmediate(resolve))
}
