// Random histories on a real server: no value older than an acknowledged purge is served on the purging node, nor elsewhere after the
// bound. LARDER_RUNS=n runs n times as many. With a mechanism off, the same histories find a violation.

import { type Cache, createCache, type InvalidationLog } from '@larder/core'
import { expect } from 'chai'
import { type RedisServer, startRedis } from '../../../test/support/redis-server.ts'
import { redisLog } from '../src/index.ts'
import { codeOf, majors, until } from './support.ts'

const runs = 3 * Number(process.env['LARDER_RUNS'] ?? 1)
const keys = Array.from({ length: 120 }, (_, i) => `key-${i}`)
const tickMs = 40
const boundMs = 200
/** What a busy machine may add to a tick and a round trip. */
const slackMs = 250

type Mutant = 'none' | 'epoch ignored' | 'stamp at store time'

interface Purge {
  readonly key: string
  readonly version: number
  readonly node: number
  readonly isAcknowledged: boolean
  readonly at: number
}

/** A generator of numbers from 0 to 1 that a seed decides. */
function random(seed: number): () => number {
  let state = (seed * 2654435761) >>> 0 || 1
  return () => {
    state ^= state << 13
    state >>>= 0
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state / 4294967296
  }
}

async function violationsIn(server: RedisServer, seed: number, mutant: Mutant, lastsMs: number): Promise<string[]> {
  const chance = random(seed)
  const below = (n: number): number => Math.floor(chance() * n)
  const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))
  const versions = new Map(keys.map(key => [key, 0]))
  const purges: Purge[] = []
  const violations: string[] = []
  await server.command('FLUSHALL')
  const parts = Array.from({ length: 3 }, (_, n) => {
    const client = majors[n % 2]!.connect(server.port)
    const log = redisLog(client, { tick: `${tickMs}ms`, deadline: '100ms' })
    const shown: InvalidationLog = mutant === 'epoch ignored' ? Object.create(log, { epoch: { value: 'always' } }) : log
    return { client, log, cache: createCache({ log: shown, coherenceBound: `${boundMs}ms`, defaultTtl: '1h' }) }
  })
  await until(() => parts.every(({ log }) => log.confirmedAt() > 0))
  const endAt = performance.now() + lastsMs

  async function fill(key: string): Promise<number> {
    await pause(below(15))
    const version = versions.get(key) as number
    await pause(below(25))
    return version
  }
  async function read(cache: Cache, node: number, key: string): Promise<void> {
    const at = performance.now()
    const value = await cache.get<number>(key)
    if (value !== undefined) {
      for (const purge of purges) {
        const isLate =
          purge.node === node ? at >= purge.at : purge.isAcknowledged && at > purge.at + boundMs + tickMs + slackMs
        if (purge.key === key && value < purge.version && isLate)
          violations.push(`seed ${seed}: node ${node}, ${key}: ${value} < ${purge.version}, ${at - purge.at} ms after`)
      }
    } else if (mutant === 'stamp at store time') await cache.set(key, await fill(key), { tags: [`tag:${key}`] })
    else await cache.getOrSet(key, () => fill(key), { ttl: '1h', tags: [`tag:${key}`] })
  }
  async function traffic(): Promise<void> {
    while (performance.now() < endAt) {
      const node = below(parts.length)
      await read(parts[node]!.cache, node, keys[below(keys.length)]!)
      await pause(below(4))
    }
  }
  async function purging(): Promise<void> {
    while (performance.now() < endAt) {
      const node = below(parts.length)
      const key = keys[below(keys.length)]!
      const version = (versions.get(key) as number) + 1
      versions.set(key, version)
      // Not acknowledged, it promises nothing elsewhere, but the purging node keeps to it all the same.
      const isAcknowledged = (await codeOf(parts[node]!.cache.invalidateTags([`tag:${key}`]))) === 'none'
      purges.push({ key, version, node, isAcknowledged, at: performance.now() })
      await pause(below(30))
    }
  }
  async function chaos(): Promise<void> {
    while (performance.now() < endAt) {
      await pause(150 + below(300))
      const kind = below(6)
      if (kind < 2) await server.command('CLIENT', 'KILL', 'TYPE', 'pubsub')
      else if (kind === 2) await server.command('CLIENT', 'KILL', 'TYPE', 'normal')
      else if (kind < 5) await server.command('FLUSHALL')
      else {
        server.stop()
        await pause(50 + below(400))
        server.cont()
      }
    }
  }
  try {
    await Promise.all([...Array.from({ length: 8 }, traffic), purging(), chaos()])
    // Once all is well again, all nodes agree.
    await until(() => new Set(parts.map(({ log }) => `${log.epoch} ${log.position()}`)).size === 1, 8000)
  } finally {
    server.cont()
    for (const { cache, log, client } of parts) {
      await cache.close()
      await log.close()
      client.disconnect()
    }
  }
  return violations
}

describe('random histories on a real server', function () {
  this.timeout(100_000 + runs * 15_000)
  let server: RedisServer
  before(async () => {
    server = await startRedis()
  })
  after(() => server?.end())

  it(`serve nothing older than a purge (${runs} of them)`, async () => {
    for (let seed = 1; seed <= runs; seed++) expect(await violationsIn(server, seed, 'none', 2500)).to.deep.equal([])
  })

  for (const mutant of ['epoch ignored', 'stamp at store time'] as const) {
    it(`do with a mechanism off: ${mutant}`, async () => {
      for (let seed = 1; seed <= 30; seed++) if ((await violationsIn(server, seed, mutant, 2500)).length > 0) return
      expect.fail('The checker sees no violation.')
    })
  }
})
