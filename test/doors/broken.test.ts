// Answers that do not come to their end are never kept, and the next client has a whole one.

import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createCache } from '@larder/core'
import { expect } from 'chai'
import type { RequestHandler } from 'express'
import { adapted as expressAdapted } from './express.ts'
import { frameworks, type Middleware, type Reply } from './frameworks.ts'
import { type KoaMiddleware, adapted as koaAdapted } from './koa.ts'
import { type Client, said, serving, stage } from './stage.ts'

const pieces = (...parts: string[]) => Readable.from(parts, { objectMode: false })

/** Gives one piece and is gone. */
function breaking(first: string, error?: Error): Readable {
  let isGiven = first === ''
  return new Readable({
    read() {
      if (isGiven) return void setImmediate(() => this.destroy(error))
      isGiven = true
      this.push(first)
    },
  })
}

const cases: readonly (readonly [title: string, reply: () => Reply])[] = [
  ['shorter than it said', () => ({ headers: { 'Content-Length': '10' }, body: pieces('four') })],
  ['longer than it said', () => ({ headers: { 'Content-Length': '2' }, body: pieces('four') })],
  ['destroyed half way', () => ({ body: breaking('half') })],
  [
    'destroyed half way through a declared length',
    () => ({ headers: { 'Content-Length': '9' }, body: breaking('half') }),
  ],
  ['failing half way', () => ({ body: breaking('half', new Error('broken')) })],
  ['failing before its first byte', () => ({ body: breaking('', new Error('broken')) })],
  ['of an error', () => ({ status: 503, body: 'half' })],
]

const byHand: Record<'express' | 'koa', readonly (readonly [title: string, handler: Middleware])[]> = {
  express: express([
    ['destroyed by the handler', (_req, res) => void res.write('half', () => res.destroy())],
    ['whose socket the handler destroys', (req, res) => void res.write('half', () => req.socket.destroy())],
    ['destroyed before its head', (_req, res) => void res.destroy()],
    ['of a handler that throws after its first byte', (_req, res) => thrown(res.write('half'))],
    [
      'of a handler that hands on an error after its first byte',
      (_req, res, next) => next(new Error(String(res.write('half')))),
    ],
    ['shorter than writeHead said', (_req, res) => void res.writeHead(200, { 'Content-Length': 10 }).end('four')],
    ['of a pipeline that fails', async (_req, res) => pipeline(breaking('half', new Error('broken')), res)],
    ['of an end that Node refuses', (_req, res) => void res.end(42)],
    ['of a write that Node refuses', (_req, res) => thrown(res.write(null))],
  ]),
  koa: koa([
    ['whose socket the handler destroys', ctx => void ctx.req.socket.destroy()],
    ['that the handler ends itself', ctx => void ctx.res.end('half')],
    ['of a handler that throws after setting a body', ctx => thrown(Reflect.set(ctx, 'body', 'half'))],
  ]),
}

for (const framework of frameworks) {
  describe(`${framework.name}: answers that do not come to their end`, () => {
    const serve = serving()

    for (const [title, reply] of cases) {
      it(`one ${title}`, async () => {
        const site = await stage(serve, framework, () => (site.runs() === 1 ? reply() : { body: 'whole' }))
        await expectRecovered(site, framework.name === 'Koa 2')
        expect(site.runs()).to.equal(2)
      })
    }

    for (const [title, handler] of byHand[framework.family]) {
      it(`one ${title}`, async () => {
        const app = framework.app()
        let runs = 0
        const whole = framework.handler(() => ({ body: 'whole' }))
        const first = ((...args: never[]) => (++runs === 1 ? handler(...args) : whole(...args))) as Middleware
        Object.defineProperty(first, 'length', { value: 3 })
        // A handler that destroys its own socket looks like a client that left, whom the fill outlives.
        app.use(framework.door.responseCache({ ttl: '1m', cache: createCache(), collapseTimeout: '20ms' }), first)
        await expectRecovered(await serve(app))
      })
    }

    it('one whose handler gives up when its client leaves', async () => {
      const site = await stage(
        serve,
        framework,
        asked => {
          if (site.runs() > 1) return { body: 'whole' }
          const source = new Readable({ read() {} })
          source.push('half')
          asked.closed.then(() => source.destroy())
          return { body: source }
        },
        { cache: { collapseTimeout: '20ms' } },
      )
      const call = site.open()
      await call.has('half')
      call.leave()
      const next = await site.ask()
      expect(next.text).to.equal('whole')
      expect(site.runs()).to.equal(2)
    })

    it("one that a layer of the app's own makes of an error", async () => {
      const catching = [framework.catching()]
      const site = await stage(
        serve,
        framework,
        () => {
          if (site.runs() === 1) throw new Error('no such luck')
          return { body: 'whole' }
        },
        framework.family === 'koa' ? { before: catching } : { last: catching },
      )
      const broken = await site.ask()
      expect([broken.status, broken.text]).to.deep.equal([500, 'no such luck'])
      await site.ask()
      expect(said(await site.ask())).to.equal('hit')
    })

    it('one that never comes holds nobody up', async () => {
      const site = await stage(
        serve,
        framework,
        () => (site.runs() === 1 ? new Promise<never>(() => {}) : { body: 'whole' }),
        { cache: { collapseTimeout: '20ms' } },
      )
      const leader = site.open()
      while (site.runs() === 0) await new Promise(resolve => setImmediate(resolve))
      expect((await site.ask()).text).to.equal('whole')
      leader.leave()
    })
  })
}

/** `mayHang`: Koa 2 leaves a response open whose stream has failed, with the cache and without it. */
async function expectRecovered(client: Client, mayHang = false): Promise<void> {
  const headers = { Connection: 'close' }
  const broken = client.ask('/', mayHang ? { headers, waitMs: 50 } : { headers })
  const text = await broken.then(
    answer => answer.text,
    error => (mayHang ? 'none' : Promise.reject(error)),
  )
  expect(text).not.to.equal('whole')
  const next = await client.ask()
  expect(next.text).to.equal('whole')
  expect(said(next)).to.equal('fwd=uri-miss; stored')
  const third = await client.ask()
  expect(third.text).to.equal('whole')
  expect(third.complete).to.equal(true)
  expect(said(third)).to.equal('hit')
}

function express(table: readonly (readonly [string, RequestHandler])[]) {
  return table.map(([title, handler]) => [title, expressAdapted(handler)] as const)
}

function koa(table: readonly (readonly [string, KoaMiddleware])[]) {
  return table.map(([title, handler]) => [title, koaAdapted(handler)] as const)
}

function thrown(_after: unknown): never {
  throw Object.assign(new Error('broken'), { stack: 'Error: broken' })
}
