// Every way to answer: a miss is what the bare app sends, a hit is the miss, and what may not be stored runs again.

import { createCache } from '@larder/core'
import { expect } from 'chai'
import { expectSameAnswer, expectUntouched } from './compare.ts'
import { expressWays, prepareExpress } from './express-answers.ts'
import { type Framework, frameworks, type Middleware } from './frameworks.ts'
import { koaWays } from './koa-answers.ts'
import { type Client, said, serving } from './stage.ts'
import type { Way } from './ways.ts'

const ways: Record<Framework['family'], readonly Way[]> = { express: expressWays, koa: koaWays }
const prepare: Record<Framework['family'], (native: never) => void> = { express: prepareExpress, koa: () => {} }

for (const framework of frameworks) {
  describe(`${framework.name}: every way to answer`, () => {
    const serve = serving()

    for (const way of ways[framework.family]) {
      if (way.only !== undefined && way.only !== framework.version) continue
      it(way.why === undefined ? `${way.title} is kept` : `${way.title} is not kept: ${way.why}`, async () => {
        const bare = await (await serveWay([])).client.ask('/', way.ask)
        const { client, runs } = await serveWay([framework.door.responseCache({ ttl: '1m', cache: createCache() })])
        const miss = await client.ask('/', way.ask)
        expectUntouched(miss, bare, way.reads)
        const second = await client.ask('/', way.ask)
        if (way.why === undefined) {
          expect(said(miss)).to.equal('fwd=uri-miss; stored')
          expect(said(second)).to.equal('hit')
          expectSameAnswer(second, miss)
          expect(runs()).to.equal(1)
          await expectHeadLike(second, client, way)
        } else {
          expect(said(miss)).to.equal(way.why === 'unsaid' ? 'nothing' : `fwd=uri-miss; detail=${way.why}`)
          expectUntouched(second, bare)
          expect(runs()).to.equal(2)
        }
      })

      it(`${way.title} to HEAD is the bare app's`, async () => {
        const ask = { ...way.ask, method: 'HEAD' }
        const bare = await (await serveWay([])).client.ask('/', ask)
        const { client } = await serveWay([framework.door.responseCache({ ttl: '1m', cache: createCache() })])
        expectUntouched(await client.ask('/', ask), bare)
      })

      it(`${way.title} past a cache that is off is the bare app's`, async () => {
        const bare = await (await serveWay([])).client.ask('/', way.ask)
        const cache = createCache({ flags: { mode: () => 'bypass' } })
        const { client } = await serveWay([framework.door.responseCache({ ttl: '1m', cache })])
        expectUntouched(await client.ask('/', way.ask), bare)
      })

      async function serveWay(layers: Middleware[]): Promise<{ client: Client; runs: () => number }> {
        const app = framework.app()
        prepare[framework.family](app.native)
        let runs = 0
        const counting = framework.setting(() => ({}))
        const count = ((...args: never[]) => {
          runs++
          return counting(...args)
        }) as Middleware
        // Express tells handlers for errors by their number of parameters.
        Object.defineProperty(count, 'length', { value: counting.length })
        app.use(...layers, count, way.handler)
        return { client: await serve(app), runs: () => runs }
      }
    }
  })
}

/** S7: a HEAD is answered as the hit was, without its body. */
async function expectHeadLike(hit: Awaited<ReturnType<Client['ask']>>, client: Client, way: Way): Promise<void> {
  const head = await client.ask('/', { ...way.ask, method: 'HEAD' })
  expect(head.wire.replace(/Age: \d+|ttl=\d+/g, '')).to.equal(
    `${hit.wire.split('\r\n\r\n')[0]}\r\n\r\n`.replace(/Age: \d+|ttl=\d+/g, ''),
  )
}
