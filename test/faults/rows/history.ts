// Rows that are about what is old: what was purged is never served again, whatever becomes of Redis.

import { setTimeout as sleep } from 'node:timers/promises'
import { ask } from '../../support/http.ts'
import { type ProxyBed, proxied, type ServerBed, server } from '../beds.ts'
import type { Bed, Row } from '../run-row.ts'
import { now } from '../site.ts'
import { describeStaleness, type Seen, staleObjections, watchStaleness } from '../staleness.ts'

interface StaleRow<B extends Bed> extends Row<B> {
  readonly purges: 'a' | 'b'
  /** How long the node that did not purge may serve what is older, once the purge is acknowledged. */
  readonly otherMs: number
}

/** Two nodes; one of them purges all the time, and both are read. */
export function whilePurging<B extends Bed>(row: StaleRow<B>): Row<B> {
  let end: (() => Promise<Seen>) | undefined
  return {
    ...row,
    nodes: 2,
    async prepare(scene) {
      await row.prepare?.(scene)
      const { a, b } = scene
      end = watchStaleness(row.purges === 'a' ? a : b!, row.purges === 'a' ? b : a)
    },
    async verify(scene, result) {
      const seen = await end!()
      scene.note(describeStaleness(seen))
      const more = (await row.verify?.(scene, result)) ?? []
      // On a machine that others use too, a message is late as well.
      const slackMs = scene.mode.name === 'short' ? 2 * result.summary.noiseMs : 0
      return [...staleObjections(seen, row.otherMs + slackMs), ...more]
    },
  }
}

/** A message takes so long at the most. */
const MESSAGE_MS = 250
/** And where it is lost, the tick finds it. */
const TICK_MS = 500
/** So long a node that cannot reach Redis serves what it has. */
const COHERENCE_MS = 5000

const LOG = 'app:larder:{log}'

/** Again and again while the fault lasts. */
async function repeat(until: number, everyMs: number, action: () => Promise<unknown>): Promise<void> {
  while (now() < until) {
    await action()
    await sleep(everyMs)
  }
}

export const history: readonly Row[] = [
  whilePurging<ServerBed>({
    id: 'R7',
    title: 'Writes of before a freeze are carried out after it',
    purges: 'b',
    otherMs: MESSAGE_MS,
    setUp: server(),
    inject: async ({ bed }) => bed.redis.stop(),
    heal: async ({ bed }) => bed.redis.cont(),
    // While it is frozen nothing is acknowledged.
    terms: { breaker: 'opens' },
  }),
  whilePurging<ServerBed>({
    id: 'R18',
    title: 'Redis evicts nearly everything (allkeys-lru), the log too at times',
    purges: 'a',
    otherMs: MESSAGE_MS + TICK_MS,
    setUp: server({ config: { 'maxmemory-policy': 'allkeys-lru' } }),
    async inject({ bed }) {
      const used = Number(/used_memory:(\d+)/.exec(String(await bed.redis.command('INFO', 'memory')))![1])
      await bed.redis.command('CONFIG', 'SET', 'maxmemory', used + 20_000)
    },
    heal: async ({ bed }) => void (await bed.redis.command('CONFIG', 'SET', 'maxmemory', 0)),
    terms: { breaker: 'stays closed' },
    async verify({ bed, note }) {
      const evicted = Number(/evicted_keys:(\d+)/.exec(String(await bed.redis.command('INFO', 'stats')))![1])
      note(`${evicted} keys evicted`)
      return evicted > 0 ? [] : ['nothing was evicted']
    },
  }),
  whilePurging<ServerBed>({
    id: 'R19',
    title: 'The log is deleted, and the entries remain',
    purges: 'a',
    otherMs: MESSAGE_MS + TICK_MS,
    setUp: server(),
    async inject({ bed }) {
      if ((await bed.redis.command('DEL', LOG)) !== 1) throw new Error('There is no log.')
    },
    during: ({ bed }, until) => repeat(until - 1000, 400, () => bed.redis.command('DEL', LOG)),
    heal: async () => {},
    terms: { breaker: 'stays closed' },
    async verify({ a }, { summary }) {
      // Everything older than the new epoch is made anew, as soon as a tick has told.
      const until = now() + 2000 + 2 * summary.noiseMs
      while ((await a.runs('hot-0')) < 2) {
        if (now() > until) return ['what is older than the new log was still served']
        await ask(a.port, '/item/hot-0')
        await sleep(20)
      }
      return []
    },
  }),
  whilePurging<ServerBed>({
    id: 'R20',
    title: 'FLUSHALL',
    purges: 'a',
    otherMs: MESSAGE_MS + TICK_MS,
    setUp: server(),
    inject: async ({ bed }) => void (await bed.redis.command('FLUSHALL')),
    heal: async () => {},
    terms: { breaker: 'stays closed' },
    async verify({ a, note, mode }, { summary }) {
      const runs = await Promise.all(Array.from({ length: Math.ceil(mode.rate * 0.2) }, (_, i) => a.runs(`hot-${i}`)))
      note(`the handler ran ${Math.max(...runs) - 1} times for a key that was in memory`)
      // A node that is left without its processor for long confirms nothing, and fills anew.
      const most = summary.noiseMs > 100 ? 4 : 2
      return runs.every(each => each <= most) ? [] : [`the handler ran ${Math.max(...runs)} times for one key`]
    },
  }),
  whilePurging<ProxyBed>({
    id: 'R23a',
    title: 'One node is cut off from Redis; the other one purges',
    purges: 'b',
    otherMs: COHERENCE_MS + TICK_MS,
    lastsMs: ({ name, faultMs }) => (name === 'full' ? faultMs : COHERENCE_MS + 2000),
    setUp: aside,
    inject: async ({ bed }) => bed.proxy.set('both', { hold: true }),
    heal: ({ bed }) => bed.proxy.heal(),
    terms: { breaker: 'opens' },
  }),
  whilePurging<ProxyBed>({
    id: 'R23b',
    title: 'One node is cut off from Redis, and purges',
    purges: 'a',
    otherMs: MESSAGE_MS + TICK_MS,
    setUp: aside,
    inject: async ({ bed }) => bed.proxy.set('both', { hold: true }),
    heal: ({ bed }) => bed.proxy.heal(),
    terms: { breaker: 'opens' },
  }),
  whilePurging<ServerBed>({
    id: 'R24',
    title: 'The channel is cut again and again, the data goes on',
    purges: 'a',
    otherMs: 1000,
    setUp: server(),
    inject: async () => {},
    during: ({ bed }, until) => repeat(until, 100, () => bed.redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub')),
    heal: async () => {},
    terms: { breaker: 'stays closed' },
  }),
  {
    id: 'R25',
    title: 'Somebody floods the channel with 50,000 messages a second',
    setUp: server(),
    inject: async () => {},
    async during({ bed, mode, note }, until) {
      const batch = mode.name === 'full' ? 2500 : 1000
      let sent = 0
      const flood = `for i = 1, ${batch} do redis.call('PUBLISH', '${LOG}', 'nonsense') end`
      await repeat(until, 50, async () => {
        await bed.redis.command('EVAL', flood, 0)
        sent += batch
      })
      note(`${sent} messages`)
    },
    heal: async () => {},
    terms: { breaker: 'stays closed', loopMs: 10 },
  } satisfies Row<ServerBed>,
]

/** The first node goes through a proxy, the second one does not. */
async function aside(): Promise<ProxyBed> {
  const bed = await proxied()()
  return { ...bed, farOfB: { port: bed.redis.port } }
}
