// A server whose wall clock steps while processes share it: they notice with the next fill, and share again.

import { type Cache, createCache, onCacheEvent } from '@larder/core'
import { expect } from 'chai'
import { type MovableClock, startMovableClock, whyNoMovableClock } from '../../../test/support/faketime.ts'
import { findRedisServer, type RedisServer, startRedis } from '../../../test/support/redis-server.ts'
import { connectRedis, redisStore } from '../src/index.ts'
import { codeOf, until } from './support.ts'

describe('E2: the wall clock of the server steps', function () {
  this.timeout(30_000)
  let clock: MovableClock
  let server: RedisServer
  const ends: (() => Promise<void>)[] = []
  before(async function () {
    if (whyNoMovableClock(findRedisServer()) !== undefined) this.skip()
    clock = startMovableClock()
    server = await startRedis({ env: clock.env })
  })
  after(async () => {
    await server?.end()
    clock?.end()
  })
  afterEach(async () => {
    for (const end of ends.splice(0)) await end()
  })

  async function node(): Promise<Cache> {
    const client = connectRedis({ port: server.port })
    const cache = createCache({ far: redisStore(client), farDeadline: '500ms' })
    ends.push(async () => {
      await cache.close()
      client.disconnect()
    })
    await until(async () => (await codeOf(cache.invalidateTags(['ready']))) === 'none')
    await until(async () => {
      await cache.set('ready', 1)
      return cache.getMetrics().farSets > 0
    })
    return cache
  }

  for (const hours of [1, 24]) {
    it(`${hours} h ahead: one fill for all processes again within about a second, though nobody probes for half a minute`, async () => {
      const nodes = await Promise.all([node(), node(), node()])
      let probes = 0
      const end = onCacheEvent(event => {
        if (event.type === 'far' && event.operation === 'probe') probes++
      })
      let round = 0
      /** How often a cold key is filled when all want it at the same time. */
      const fills = async (): Promise<number> => {
        let runs = 0
        const key = `cold ${hours} ${++round}`
        const fill = async () => {
          runs++
          await new Promise(resolve => setTimeout(resolve, 20))
          return key
        }
        const values = await Promise.all(nodes.map(cache => cache.getOrSet(key, fill)))
        expect(values).to.deep.equal(nodes.map(() => key))
        return runs
      }
      try {
        await until(async () => (await fills()) === 1)
        clock.move(hours * 3600)
        expect(await fills()).to.equal(nodes.length)
        expect(await until(async () => (await fills()) === 1)).to.be.below(2000)
        expect(probes).to.be.within(nodes.length, 2 * nodes.length)
      } finally {
        end()
      }
    })
  }
})
