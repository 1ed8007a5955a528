// Rows in which the way to Redis is lost: its name, or all connections of all nodes at once.

import { setTimeout as sleep } from 'node:timers/promises'
import { type NamedBed, named, type ProxyBed, proxied } from '../beds.ts'
import type { Row } from '../run-row.ts'
import { now } from '../site.ts'

const NODES = 50

/** Elsewhere a machine may have one address alone that is its own. */
const byName: readonly Row[] = [
  {
    id: 'R1b',
    title: 'The name of Redis is unknown at boot (ENOTFOUND)',
    setUp: named(undefined),
    inject: async () => {},
    heal: ({ bed, a }) => a.app.call('name', bed.name, bed.host),
    terms: { startsWithout: true },
  } satisfies Row<NamedBed>,
  {
    id: 'E5a',
    title: 'The name of Redis leads to another server, and the old one stands still',
    setUp: named('127.0.0.1'),
    async inject({ bed, a }) {
      await a.app.call('name', bed.name, bed.elsewhere)
      bed.redis.stop()
    },
    lastsMs: () => 0,
    heal: async () => {},
    // Nobody tells the client; it has to notice.
    terms: { breaker: 'opens' },
  } satisfies Row<NamedBed>,
  {
    id: 'E5b',
    title: 'The name of Redis is unknown for a while (ENOTFOUND), and connections are dropped',
    setUp: named('127.0.0.1'),
    async inject({ bed, a }) {
      await a.app.call('name', bed.name, undefined)
      for (const type of ['normal', 'pubsub']) await bed.redis.command('CLIENT', 'KILL', 'TYPE', type)
    },
    heal: ({ bed, a }) => a.app.call('name', bed.name, bed.host),
    terms: { breaker: 'opens' },
  } satisfies Row<NamedBed>,
]

export const network: readonly Row[] = [...(process.platform === 'linux' ? byName : []), herd()]

function herd(): Row<ProxyBed> {
  let against: string[] = []
  return {
    id: 'R27',
    title: `${NODES} nodes lose their connections in one instant, and come back`,
    setUp: proxied(),
    async prepare({ bed, lane }) {
      await (await lane.process('bystanders')).call('bystanders', bed.proxy.port, NODES)
    },
    inject: async ({ bed }) => bed.proxy.reset(),
    lastsMs: ({ name, faultMs }) => (name === 'full' ? faultMs : 2500),
    async during({ bed, lane, note }, until) {
      const before = bed.proxy.accepted
      const arrivals: number[] = []
      while (now() < until) {
        while (before + arrivals.length < bed.proxy.accepted) arrivals.push(now())
        await sleep(10)
      }
      const ready = await (await lane.process('bystanders')).call<number>('ready')
      const spreadMs = Math.round((arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0))
      const most = Math.max(...arrivals.map(at => arrivals.filter(other => other >= at && other < at + 100).length))
      note(`${arrivals.length} connections over ${spreadMs} ms, at most ${most} of them in 100 ms`)
      against = []
      if (spreadMs < 1000) against.push(`they came back within ${spreadMs} ms`)
      if (ready < NODES) against.push(`only ${ready} nodes came back`)
    },
    heal: async ({ lane }) => (await lane.process('bystanders')).call('dismiss'),
    verify: async () => against,
  }
}
