// Rows in which Redis is gone, frozen, slow, or says what cannot be understood.

import { setTimeout as sleep } from 'node:timers/promises'
import { startTcpProxy } from '../../support/tcp-proxy.ts'
import { type ProxyBed, proxied, type ServerBed, server } from '../beds.ts'
import type { Bed, Row } from '../run-row.ts'
import { now } from '../site.ts'

const killed: Row<ServerBed> = {
  id: 'R2',
  title: 'Redis is killed under load, and comes back empty',
  setUp: server(),
  inject: ({ bed }) => bed.redis.kill(),
  heal: ({ bed }) => bed.redis.restart(),
  terms: { firstMs: 5 },
}

const frozen: Row<ServerBed> = {
  id: 'R5',
  title: 'Redis is frozen (SIGSTOP)',
  setUp: server(),
  inject: async ({ bed }) => bed.redis.stop(),
  heal: async ({ bed }) => bed.redis.cont(),
  terms: { breaker: 'opens' },
}

const slow = (id: string, ms: number): Row<ProxyBed> => ({
  id,
  title: `Redis is slow: ${ms} ms each way`,
  setUp: proxied(),
  inject: async ({ bed }) => bed.proxy.set('both', { delayMs: ms }),
  heal: ({ bed }) => bed.proxy.heal(),
  // What is on its way when it ends takes as long as it takes.
  terms: { breaker: 'opens', recoveryMs: 5000 + 2 * ms },
})

export const silence: readonly Row[] = [
  {
    id: 'R1',
    title: 'Redis is down at boot',
    setUp: async () => {
      const bed = await server()()
      await bed.redis.kill()
      return bed
    },
    inject: async ({ a, note }) => {
      note(`listens after ${Math.round(a.listenMs)} ms`)
      const health = await fetch(`http://127.0.0.1:${a.port}/health`)
      const { status } = (await health.json()) as { status: string }
      note(`health: ${health.status}, ${status}`)
    },
    heal: ({ bed }) => bed.redis.restart(),
    terms: { startsWithout: true },
  } satisfies Row<ServerBed>,
  killed,
  slow('R3a', 100),
  slow('R3b', 1000),
  slow('R3c', 5000),
  {
    id: 'R4',
    title: 'Redis is slow at random: 20 to 200 ms for three of ten packets',
    setUp: proxied(),
    inject: async ({ bed }) => bed.proxy.set('both', { delayMs: 20, jitterMs: 180, delayChance: 0.3 }),
    heal: ({ bed }) => bed.proxy.heal(),
    terms: { everyMs: 60, openings: 6 },
  } satisfies Row<ProxyBed>,
  frozen,
  { ...frozen, id: 'R5k', title: 'The same with Koa', site: () => ({ framework: 'koa' }) },
  {
    ...frozen,
    id: 'R5l',
    title: 'It is frozen for longer than the breaker waits for its first probe (90 s)',
    site: ({ name }) => (name === 'full' ? {} : { breakerReset: '500ms' }),
    lastsMs: ({ name, faultMs }) => (name === 'full' ? 90_000 : faultMs),
    // Probed in vain meanwhile, and nobody waits for that.
    verify: async (_, { breaker }) => (breaker.includes('half-open') ? [] : ['it was not probed while it was frozen']),
  },
  {
    ...frozen,
    id: 'R6',
    title: 'Redis is frozen, and bodies have 100 KB',
    load: ({ name }) => ({ bodyBytes: 100_000, rate: name === 'full' ? 1000 : 100 }),
    lastsMs: ({ name, faultMs }) => (name === 'full' ? 60_000 : faultMs),
  },
  {
    id: 'R8',
    title: 'The network swallows everything, without a FIN',
    setUp: proxied(),
    inject: async ({ bed }) => bed.proxy.set('both', { swallow: true }),
    heal: ({ bed }) => bed.proxy.heal(),
    terms: { breaker: 'opens' },
  } satisfies Row<ProxyBed>,
  {
    id: 'R8b',
    title: 'The address leads to another server, and connections to the old one stay open for ever',
    async setUp() {
      const [first, second] = [await server()(), await server()()]
      let { port } = first.redis
      const proxy = await startTcpProxy({ target: () => port })
      return {
        far: { port: proxy.port },
        move: () => {
          port = second.redis.port
          first.redis.stop()
        },
        async end() {
          await proxy.close()
          await Promise.all([first.end(), second.end()])
        },
      }
    },
    inject: async ({ bed }) => bed.move(),
    lastsMs: () => 0,
    heal: async () => {},
    // Nobody tells the client; it has to notice.
    terms: { breaker: 'opens' },
  } satisfies Row<Bed & { move(): void }>,
  {
    id: 'R9a',
    title: 'Replies are cut in the middle: each connection after 3,000 bytes',
    setUp: proxied(),
    inject: async ({ bed }) => bed.proxy.set('toClient', { cutAfterBytes: 3000 }),
    heal: ({ bed }) => bed.proxy.heal(),
    // It may open anew with each connection.
    terms: { everyMs: 60 },
  } satisfies Row<ProxyBed>,
  {
    id: 'R9b',
    title: 'Replies are garbage: one byte of a thousand has a flipped bit',
    setUp: proxied(),
    inject: async ({ bed }) => bed.proxy.set('toClient', { flipChance: 0.001 }),
    heal: ({ bed }) => bed.proxy.heal(),
    terms: { everyMs: 60, unasked: true },
    async verify({ note }, { unasked }) {
      if (unasked > 0) note(`ioredis threw ${unasked} times at an empty reply that nobody had asked for`)
      return []
    },
  } satisfies Row<ProxyBed>,
  { id: 'R26a', title: 'Redis flaps: frozen for 2 s, well for 2 s', ...flapping(2000) },
  { id: 'R26b', title: 'Redis flaps: frozen for 200 ms, well for 200 ms', ...flapping(200) },
]

function flapping(ms: number): Omit<Row<ProxyBed>, 'id' | 'title'> {
  let accepted = 0
  return {
    setUp: proxied(),
    lastsMs: ({ name, faultMs }) => (name === 'full' ? faultMs : ms > 1000 ? 6000 : 2000),
    async inject({ bed }) {
      accepted = bed.proxy.accepted
    },
    async during({ bed }, until) {
      while (now() < until) {
        bed.redis.stop()
        await sleep(ms)
        bed.redis.cont()
        await sleep(ms)
      }
    },
    async heal({ bed, note, mode }) {
      bed.redis.cont()
      const lasted = mode.name === 'full' ? mode.faultMs : ms > 1000 ? 6000 : 2000
      // Three connections: the cache's, the log's, and that of the leases.
      note(`${((bed.proxy.accepted - accepted) / 3 / (lasted / 1000)).toFixed(2)} reconnects a second`)
    },
    terms: { everyMs: 60 },
  }
}
