// The cache on both servers: a hit leaves request and response to their listeners as a handler that answers would.

import { createCache, responseCache } from '@larder/express'
import { expect } from 'chai'
import { ask } from '../support/http.ts'
import { onBoth, portOf, versions } from './both.ts'

for (const { name, express } of versions) {
  describe(`${name} with the cache, on either server`, () => {
    const start = onBoth()

    it('tells those who listen to a response the same of a handler and of a hit', async () => {
      const told: string[][] = []
      const sides = await start(() => {
        const seen: string[] = []
        told.push(seen)
        const app = express()
        app.use((req, res, next) => {
          res.once('finish', () => {
            const { writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(res, 'req')!
            const linked = res.req === req && req.res === res
            seen.push(
              [linked, writable, enumerable, configurable, res.statusCode, Object.keys(res).toSorted()].join(' '),
            )
          })
          next()
        })
        app.get('/bare', (_req, res) => void res.writeHead(200, { 'Content-Length': 1 }).end('x'))
        app.use(responseCache({ ttl: '1m', cache: createCache() }))
        return app.get('/kept', (_req, res) => void res.writeHead(200, { 'Content-Length': 1 }).end('x'))
      })
      for (const server of [sides.node, sides.fast]) {
        await ask(portOf(server), '/bare')
        expect((await ask(portOf(server), '/kept')).header('cache-status')).to.match(/stored/)
        expect((await ask(portOf(server), '/kept')).header('cache-status')).to.match(/hit/)
      }
      const [onNode, onFast] = told as [string[], string[]]
      expect(onNode[0]).to.match(/^true true true true 200 /)
      // Of the three the second filled the cache, and is still recorded by then.
      const [handlers, hits] = [onNode[0], [onNode[2], onFast[0], onFast[2]]]
      expect(hits).to.deep.equal([handlers, handlers, handlers])
    })

    it('caches over both alike', async () => {
      const sides = await start(() => {
        const app = express()
        app.use(responseCache({ ttl: '1m', cache: createCache() }))
        let runs = 0
        return app.get('/', (_req, res) => void res.json({ runs: ++runs }))
      })
      const wires: string[][] = []
      for (const server of [sides.node, sides.fast]) {
        const said: string[] = []
        for (const method of ['GET', 'GET', 'HEAD']) {
          said.push((await ask(portOf(server), '/', { method })).wire.replace(/^Date: .*$/m, 'Date: then'))
        }
        wires.push(said)
      }
      expect(wires[1]).to.deep.equal(wires[0])
      expect(wires[1]?.[1]).to.match(/Cache-Status: larder; hit/)
    })
  })
}
