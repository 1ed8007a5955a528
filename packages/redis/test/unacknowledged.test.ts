// A purge that Redis did not acknowledge: it holds where it was made, whatever the shared store has, until it is in the log.

import { createCache } from '@larder/core'
import { expect } from 'chai'
import { type RedisServer, startRedis } from '../../../test/support/redis-server.ts'
import { redisLog, redisStore } from '../src/index.ts'
import { codeOf, majors, until } from './support.ts'

const unacknowledged = 'LARDER_INVALIDATION_UNACKNOWLEDGED'

describe('a purge that is not acknowledged', function () {
  this.timeout(20_000)
  let server: RedisServer
  beforeEach(async () => {
    server = await startRedis()
    // Whoever is not allowed to append is cut off from the log as a writer alone.
    await server.command('ACL', 'SETUSER', 'reader', 'on', '>secret', '~*', '&*', '+@all', '-xadd')
  })
  const closers: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const close of closers.splice(0)) await close()
    await server.end()
  })

  async function start(user = {}) {
    const client = majors[0].connect(server.port, user)
    const log = redisLog(client, { tick: '20ms' })
    const cache = createCache({ log, far: redisStore(client), waitTimeout: '200ms' })
    closers.push(async () => {
      await cache.close()
      await log.close()
      client.disconnect()
    })
    await until(() => log.confirmedAt() > 0)
    return { log, cache }
  }

  it('holds where it was made though others store what may be older at later positions', async () => {
    const b = await start()
    const a = await start({ username: 'reader', password: 'secret' })
    const tags = ['event-1']
    await b.cache.set('before', 'old', { ttl: '1h', tags })
    // The shared store is asked.
    await until(async () => (await a.cache.get('before')) === 'old')
    expect(await codeOf(a.cache.invalidateTags(tags))).to.equal(unacknowledged)
    expect(a.log.unacknowledged).to.equal(1)
    expect(await a.cache.get('before')).to.equal(undefined)
    // The other one does not know of it, and goes on in the log: for all that the first one knows, with what it read before.
    await b.cache.invalidateTags(['other'])
    await b.cache.set('later', 'old', { ttl: '1h', tags })
    await until(() => a.log.position() === b.log.position())
    for (const key of ['before', 'later']) {
      expect(await a.cache.get(key), key).to.equal(undefined)
      expect(await a.cache.getOrSet(key, () => 'new', { ttl: '1h', tags }), key).to.equal('new')
      expect(await a.cache.get(key), key).to.equal('new')
    }
    // In the log it takes what the other one holds as well.
    await server.command('ACL', 'SETUSER', 'reader', '+xadd')
    await until(() => a.log.unacknowledged === 0)
    await until(() => a.log.position() === b.log.position())
    expect(await b.cache.get('later')).not.to.equal('old')
    await b.cache.set('afterwards', 'shared', { ttl: '1h', tags })
    await until(async () => (await a.cache.get('afterwards')) === 'shared')
  })
})
