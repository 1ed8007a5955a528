// A fault of the cache's own is never the client's: whatever breaks in it, the client gets the handler's response.

import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Cache, type CacheEvent, createCache, onCacheEvent, responseCache } from '@larder/express'
import { expect } from 'chai'
import express from 'express'

/** The cache's inside, to break it. */
function insideOf(cache: Cache): {
  near: { set(): boolean }
  responses: { unshared: { delete(): void } }
  log: { append(): Promise<number> }
} {
  const [symbol] = Object.getOwnPropertySymbols(cache)
  return (cache as never)[symbol!]
}

const breaks: Readonly<Record<string, (cache: Cache) => void>> = {
  'the store': cache => {
    insideOf(cache).near.set = () => {
      throw new Error('store')
    }
  },
  'the table of flights': cache => {
    insideOf(cache).responses.unshared.delete = () => {
      throw new Error('table')
    }
  },
}

describe('faults of the cache', () => {
  let server: Server | undefined
  afterEach(() => server?.close())

  for (const [what, breakIt] of Object.entries(breaks)) {
    it(`${what}: the client gets its response, nobody waits, and an event tells`, async () => {
      const cache = createCache()
      breakIt(cache)
      const app = express()
      app.get('/page', responseCache({ ttl: 60, cache }), (_req, res) => {
        setTimeout(() => {
          res.write('a ')
          res.end('page')
        }, 20)
      })
      server = app.listen(0)
      const { port } = server.address() as AddressInfo
      const events: CacheEvent[] = []
      const off = onCacheEvent(event => events.push(event))
      const began = performance.now()
      const answers = await Promise.all([1, 2, 3].map(() => fetch(`http://127.0.0.1:${port}/page`)))
      off()
      for (const answer of answers) {
        expect(answer.status).to.equal(200)
        expect(await answer.text()).to.equal('a page')
      }
      expect(performance.now() - began).to.be.lessThan(1500)
      expect(events.filter(event => event.type === 'fault')).not.to.have.length(0)
      expect(cache.getMetrics().errors).to.be.greaterThan(0)
    })
  }

  it('the log: an unsafe request gets its response', async () => {
    const cache = createCache()
    insideOf(cache).log.append = () => {
      throw new Error('log')
    }
    const app = express()
    app.use(responseCache({ ttl: 60, cache }), (_req, res) => void res.send('changed'))
    server = app.listen(0)
    const { port } = server.address() as AddressInfo
    const answer = await fetch(`http://127.0.0.1:${port}/page`, { method: 'POST' })
    expect([answer.status, await answer.text()]).to.deep.equal([200, 'changed'])
    expect(cache.getMetrics().errors).to.be.greaterThan(0)
  })
})
