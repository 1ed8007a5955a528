// A purge across 1, 3 and 10 processes: at once where it was made, soon everywhere else, and bounded when its messages are lost.

import { expect } from 'chai'
import { type Child, startChild } from '../../../test/support/child.ts'
import { type RedisServer, startRedis } from '../../../test/support/redis-server.ts'
import { startTcpProxy, type TcpProxy } from '../../../test/support/tcp-proxy.ts'
import { until } from './support.ts'

const program = new URL('processes/node.ts', import.meta.url)
const purges = [
  ['tags', false],
  ['tags', true],
  ['pattern', false],
  ['pattern', true],
  ['delete', false],
  ['clear', false],
  ['clear', true],
] as const

interface Purged {
  readonly calledAt: number
  readonly resolvedAt: number
  readonly served: unknown
  readonly position: number
}

/** Milliseconds of the clock that the processes show. */
const now = (): number => Number(process.hrtime.bigint() / 1000n) / 1000

describe('purges across processes', function () {
  this.timeout(60_000)
  let server: RedisServer
  let proxy: TcpProxy
  const nodes: Child[] = []
  before(async () => {
    server = await startRedis()
    proxy = await startTcpProxy({ target: server.port })
    // The last one is reached through the proxy.
    const ports = [...Array<number>(9).fill(server.port), proxy.port]
    nodes.push(...(await Promise.all(ports.map(port => startChild(program, { env: { PORT: String(port) } })))))
    await Promise.all(nodes.map(node => node.call('joined')))
  })
  after(async () => {
    await Promise.all(nodes.map(node => node.kill()))
    await proxy?.close()
    await server?.end()
  })
  const subscribers = async (): Promise<number> =>
    Number(((await server.command('PUBSUB', 'NUMSUB', 'larder:{log}')) as readonly unknown[])[1])

  /** How long after the call each other node had applied the purge; all are asked what they serve then. */
  async function round(some: readonly Child[], index: number): Promise<number[]> {
    const [kind, soft] = purges[index % purges.length]!
    const purging = some[index % some.length]!
    await Promise.all(some.map(node => node.call('fill', `value-${index}`)))
    const { calledAt, served, position } = await purging.call<Purged>('purge', kind, soft)
    expect(served, `${kind} on the same node`).to.equal(undefined)
    const others = some.filter(node => node !== purging)
    const applied = await Promise.all(
      others.map(node => node.call<{ at: number; served: unknown }>('applied', position)),
    )
    for (const each of applied) expect(each.served, `${kind} on another node`).to.equal(undefined)
    return applied.map(({ at }) => at - calledAt)
  }

  for (const count of [1, 3, 10]) {
    it(`on ${count}: p99 at most 100 ms and at most 250 ms, whatever is purged`, async function () {
      await until(async () => (await subscribers()) === nodes.length)
      const some = nodes.slice(-count)
      // What another program does to this machine is no propagation: the bounds hold in one of three runs, or they do not hold.
      for (let attempt = 1; ; attempt++) {
        const tookMs: number[] = []
        for (let index = 0; index < 15 * purges.length; index++) tookMs.push(...(await round(some, index)))
        if (count === 1) return
        tookMs.sort((a, b) => a - b)
        const at = (part: number): number => tookMs[Math.ceil(part * tookMs.length) - 1]!
        const figures = [at(0.5), at(0.99), at(1)].map(ms => ms.toFixed(1))
        this.runnable().title += ` (${tookMs.length}: p50 ${figures[0]} ms, p99 ${figures[1]} ms, max ${figures[2]} ms)`
        if (at(0.99) <= 100 && at(1) <= 250) return
        expect(attempt, figures.join(', ')).to.be.below(3)
      }
    })
  }

  it('with no subscription to be had, what is purged is gone with the next tick, within the bound of 5 s', async function () {
    const [purging, other] = nodes as [Child, Child]
    await server.command('ACL', 'SETUSER', 'default', '-subscribe')
    try {
      await server.command('CLIENT', 'KILL', 'TYPE', 'pubsub')
      await until(async () => (await subscribers()) === 0)
      const latest: number[] = []
      for (let i = 0; i < 5; i++) {
        await other.call('fill', 'old')
        const reading = other.call<{ lastAt: number }>('lastServed', 'old', 10_000)
        const { resolvedAt } = await purging.call<Purged>('purge', 'tags', false)
        latest.push((await reading).lastAt - resolvedAt)
      }
      const worst = Math.max(...latest)
      this.runnable().title += ` (worst of 5: ${worst.toFixed(0)} ms)`
      expect(worst).to.be.at.most(5000)
      // The same in a tick and a round trip, on a machine with other things to do.
      expect(Math.min(...latest)).to.be.at.most(1000)
    } finally {
      await server.command('ACL', 'SETUSER', 'default', '+subscribe')
    }
    await until(async () => (await subscribers()) === nodes.length, 15_000)
  })

  it('cut off from Redis, a node serves what was purged elsewhere for 5 s at the most, and not again when it is back', async function () {
    const [purging, cut] = [nodes[0]!, nodes.at(-1)!]
    await cut.call('fill', 'old')
    proxy.set('both', { hold: true })
    const reading = cut.call<{ lastAt: number; endedAt: number }>('lastServed', 'old', 20_000)
    const { resolvedAt } = await purging.call<Purged>('purge', 'tags', false)
    const { lastAt } = await reading
    this.runnable().title += ` (${(lastAt - resolvedAt).toFixed(0)} ms)`
    // It was filled just before; what a busy machine adds to a read comes on top.
    expect(lastAt - resolvedAt).to.be.within(3000, 5250)
    await proxy.heal()
    const healedAt = now()
    await until(
      async () => (await cut.call<Purged>('purge', 'tags', false).catch(() => undefined)) !== undefined,
      15_000,
    )
    expect(now() - healedAt).to.be.below(10_000)
    expect(await cut.call('read')).to.equal(undefined)
  })

  it('no KEYS and no SCAN in all of that', async () => {
    const stats = String(await server.command('INFO', 'commandstats'))
    expect(stats).to.match(/cmdstat_evalsha/)
    expect(stats).not.to.match(/cmdstat_(keys|[hsz]?scan):/)
  })
})
