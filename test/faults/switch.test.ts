// The kill switch: off means that Redis is left alone, and on again serves nothing that was purged meanwhile.

import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { ask } from '../support/http.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { createLane, type Lane, type Node } from './lane.ts'
import { mode } from './mode.ts'
import { now } from './site.ts'

describe('the switch of the cache, under load', function () {
  this.timeout(60_000)
  let redis: RedisServer
  let lane: Lane
  let a: Node
  let b: Node

  before(async () => {
    redis = await startRedis()
    lane = await createLane(mode)
    ;[a, b] = [await lane.open('a', { far: { port: redis.port } }), await lane.open('b', { far: { port: redis.port } })]
  })
  after(async () => {
    await lane?.end()
    await redis?.end()
  })

  const item = async (node: Node, id: string): Promise<{ readonly startedAt: number }> => {
    const { text } = await ask(node.port, `/item/${id}`)
    return JSON.parse(text) as { startedAt: number }
  }

  /** How often the commands of a look-up were called: nothing but the far store sends them. */
  async function lookUps(): Promise<number> {
    const stats = String(await redis.command('INFO', 'commandstats'))
    return ['hmget', 'hset', 'hdel'].reduce(
      (sum, name) => sum + Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0),
      0,
    )
  }

  async function untilFound(): Promise<void> {
    const deadline = performance.now() + 30_000
    for (let i = 0; ; i++) {
      const { startedAt } = await item(a, `early-${i}`)
      if ((await item(b, `early-${i}`)).startedAt === startedAt) return
      if (performance.now() > deadline) throw new Error('Nothing is shared.')
      await sleep(20)
    }
  }

  it('off: no call to the far store within a second, and none after; on: nothing from before that was purged', async () => {
    await untilFound()
    const before = await item(a, 'page')
    expect((await item(b, 'page')).startedAt).to.equal(before.startedAt)
    // One request after the other until told, so that some are always under way.
    let isOver = false
    const busy = (async () => {
      for (let i = 0; !isOver; i++) await Promise.all([item(a, `off-${i}`), item(a, 'page'), item(a, `far-${i % 20}`)])
    })()
    const offAt = now()
    await a.app.call('setMode', a.id, 'bypass')
    await sleep(Math.max(0, 1000 - (now() - offAt)))
    const first = await lookUps()
    expect(first).to.be.above(0)
    await sleep(1000)
    expect(await lookUps()).to.equal(first)
    // Another node purges, and fills anew.
    const purgedAt = await b.purge('item:page')
    expect((await item(b, 'page')).startedAt).to.be.above(before.startedAt)
    await sleep(250)
    isOver = true
    await busy
    await a.app.call('setMode', a.id, 'on')
    const { startedAt } = await item(a, 'page')
    expect(startedAt).to.be.above(before.startedAt)
    expect(startedAt).to.be.at.least(purgedAt - 1000)
    expect(await lookUps()).to.be.above(first)
  })
})
