// H2, E2, E3: a process that is killed while it fills, and processes whose wall clocks are wrong.

import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { type MovableClock, startMovableClock, whyNoMovableClock } from '../support/faketime.ts'
import { type Answer, ask } from '../support/http.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { createLane, type Lane, type Node } from './lane.ts'
import { mode } from './mode.ts'

const TTL = 3

describe('processes that share a Redis', function () {
  this.timeout(60_000)
  let redis: RedisServer
  let lane: Lane
  let clock: MovableClock | undefined

  beforeEach(async () => {
    redis = await startRedis()
    lane = await createLane(mode)
  })
  afterEach(async () => {
    await lane?.end()
    redis?.cont()
    await redis?.end()
    clock?.end()
  })

  const item = (node: Node, id: string): Promise<Answer> => ask(node.port, `/item/${id}`)
  const madeAt = ({ text }: Answer): number => (JSON.parse(text) as { startedAt: number }).startedAt
  const isHit = (answer: Answer): boolean => /\bhit\b/.test(answer.header('cache-status') ?? '')

  /** Waits until what `from` fills is found by `by`. */
  async function untilShared(from: Node, by: Node): Promise<void> {
    const deadline = performance.now() + 20_000
    for (let i = 0; ; i++) {
      const made = madeAt(await item(from, `early-${i}`))
      await sleep(20)
      if (madeAt(await item(by, `early-${i}`)) === made) return
      if (performance.now() > deadline) throw new Error('Nothing is shared.')
    }
  }

  it('H2: a process that is killed while it fills leaves no half entry, and holds nobody up for longer than a wait', async () => {
    const far = { port: redis.port }
    const [a, b] = [await lane.open('a', { far }), await lane.open('b', { far })]
    await untilShared(a, b)
    const lost = item(b, 'slow-page').catch(() => undefined)
    const deadline = performance.now() + 5000
    let leases: readonly string[] = []
    while (leases.length === 0) {
      if (performance.now() > deadline) throw new Error('There is no lease.')
      leases = (await redis.command('KEYS', 'app:larder:l:*')) as readonly string[]
      await sleep(5)
    }
    await b.app.kill()
    await lost
    for (const lease of leases) expect(await redis.command('PTTL', lease)).to.be.within(-2, 10_000)
    const begin = performance.now()
    const answer = await item(a, 'slow-page')
    // A wait of 2 s for the lease, and a run of 1 s.
    expect(performance.now() - begin).to.be.below(5000)
    expect([answer.status, answer.complete, isHit(answer)]).to.deep.equal([200, true, false])
    expect(madeAt(await item(a, 'slow-page'))).to.equal(madeAt(answer))
  })

  async function openClocked(seconds: number): Promise<Node> {
    clock = startMovableClock()
    clock.move(seconds)
    await lane.process('clocked', clock.env)
    return lane.open('clocked', { far: { port: redis.port }, ttl: TTL })
  }

  for (const seconds of [3600, -3600]) {
    it(`E2: a wall clock that jumps by ${seconds} s neither ages nor keeps what is stored, and the breaker closes in time`, async function () {
      if (whyNoMovableClock() !== undefined) this.skip()
      const node = await openClocked(0)
      await untilShared(node, node)
      const made = madeAt(await item(node, 'page'))
      const filledAt = performance.now()
      clock!.move(seconds)
      const hit = await item(node, 'page')
      if (performance.now() - filledAt < TTL * 1000) expect(madeAt(hit)).to.equal(made)
      expect(Number(hit.header('age') ?? 0)).to.be.within(0, TTL)
      while (performance.now() - filledAt < (TTL + 1) * 1000) await sleep(20)
      expect(madeAt(await item(node, 'page'))).not.to.equal(made)
      redis.stop()
      const breaker: string[] = []
      for (let i = 0; !breaker.includes('open'); i++) {
        await item(node, `frozen-${i}`)
        breaker.push(...(await node.sample()).breaker)
      }
      redis.cont()
      const thawedAt = performance.now()
      while (breaker.at(-1) !== 'closed') {
        breaker.push(...(await node.sample()).breaker)
        if (performance.now() - thawedAt > 10_000) throw new Error('The breaker stays open.')
        await sleep(20)
      }
    })
  }

  it('E3: a node whose clock is 5 minutes ahead serves what another stored, exactly as long', async function () {
    if (whyNoMovableClock() !== undefined) this.skip()
    const ahead = await openClocked(300)
    const node = await lane.open('a', { far: { port: redis.port }, ttl: TTL })
    await untilShared(node, ahead)
    const made = madeAt(await item(node, 'page'))
    const filledAt = performance.now()
    await sleep(50)
    const found = await item(ahead, 'page')
    if (performance.now() - filledAt < TTL * 1000) expect(madeAt(found)).to.equal(made)
    expect(Number(found.header('age') ?? 0)).to.be.within(0, TTL)
    while (performance.now() - filledAt < (TTL + 1) * 1000) await sleep(20)
    expect(madeAt(await item(ahead, 'page'))).not.to.equal(made)
  })
})
