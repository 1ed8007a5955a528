// F5: the client's own errors hold the password, keys and whole bodies. None of that gets into events, output or health.

import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { createLane, type Lane, type Node } from './lane.ts'
import { mode } from './mode.ts'

const password = 'canary-of-the-password'
const key = 'canary-of-the-key'
const value = 'canary-of-the-value'

describe('secrets while Redis fails', function () {
  this.timeout(60_000)
  let redis: RedisServer
  let lane: Lane
  let node: Node
  // What was told before this test is none of its business.
  let from = 0

  before(async () => {
    lane = await createLane(mode)
  })
  after(() => lane?.end())
  beforeEach(async () => {
    redis = await startRedis()
    await redis.command('ACL', 'SETUSER', 'larder', 'on', `>${password}`, '~*', '&*', '+@all')
    from = (await (await lane.process('a')).call<string>('told')).length
  })
  afterEach(async () => {
    await lane.clear()
    redis?.cont()
    await redis?.end()
  })

  const open = async (given = password): Promise<void> => {
    node = await lane.open('a', { far: { port: redis.port, username: 'larder', password: given } })
  }

  /** Writes until the far tier has taken one. */
  async function untilShared(): Promise<void> {
    const deadline = performance.now() + 10_000
    while ((await node.sample()).metrics.farSets === 0) {
      if (performance.now() > deadline) throw new Error('Nothing is shared.')
      await node.app.call('data', node.id, 'set', 'first', 1)
      await sleep(20)
    }
  }

  /** Writes, reads and purges until the cache has told of this fault. */
  async function untilFault(word: string): Promise<void> {
    const deadline = performance.now() + 10_000
    for (let i = 0; !(await node.app.call<string>('told')).slice(from).includes(word); i++) {
      if (performance.now() > deadline) throw new Error('There was no fault.')
      await node.app.call('data', node.id, 'set', `${key}-${i}`, value.repeat(50))
      await node.app.call('data', node.id, 'get', `${key}-other-${i}`)
      await node.purge(`tag-${key}`).catch(() => {})
    }
  }

  async function leaks(): Promise<string[]> {
    const health = await fetch(`http://127.0.0.1:${node.port}/health`)
    const texts = {
      events: await node.app.call<string>('told'),
      output: await node.app.call<string>('written'),
      health: await health.text(),
    }
    expect(health.status).to.equal(200)
    expect(texts.events).to.include('"type"')
    return Object.entries(texts).flatMap(([where, text]) =>
      ['canary', 'larder:', String(redis.port)]
        .filter(secret => text.includes(secret))
        .map(each => `${each} in ${where}`),
    )
  }

  it('a password that is wrong', async () => {
    await open(`${password}-of-yesterday`)
    await untilFault('LARDER_FAR_UNAVAILABLE')
    expect(await leaks()).to.deep.equal([])
  })

  it('no memory left', async () => {
    await open()
    await untilShared()
    await redis.command('CONFIG', 'SET', 'maxmemory', 1)
    await untilFault('LARDER_FAR_FULL')
    expect(await leaks()).to.deep.equal([])
  })

  it('another type under the key of an entry, and of the log', async () => {
    await open()
    await untilShared()
    const spoil =
      "for _, key in ipairs(redis.call('KEYS', '*')) do redis.call('DEL', key) redis.call('LPUSH', key, 'x') end"
    await redis.command('EVAL', spoil, 0)
    await node.app.call('data', node.id, 'get', 'first')
    await untilFault('LARDER_INVALIDATION_UNACKNOWLEDGED')
    expect(await leaks()).to.deep.equal([])
  })

  it('no answer in time', async () => {
    await open()
    await untilShared()
    redis.stop()
    await untilFault('"timeout"')
    expect(await leaks()).to.deep.equal([])
  })
})
