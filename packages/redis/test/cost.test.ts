// What a purge costs: one append, whatever it hits.

import { createCache } from '@larder/core'
import { expect } from 'chai'
import { type RedisServer, startRedis } from '../../../test/support/redis-server.ts'
import { redisLog } from '../src/index.ts'
import { majors, until } from './support.ts'

const many = 100_000

describe('the cost of a purge', function () {
  this.timeout(60_000)
  let server: RedisServer
  before(async () => {
    server = await startRedis()
  })
  after(() => server?.end())

  it(`of a tag of ${many} entries is that of a tag of one: one script, one append, one message`, async function () {
    const client = majors[0].connect(server.port)
    const log = redisLog(client, { tick: '60s' })
    const cache = createCache({ log, defaultTtl: '1h', maxBytes: 1024 * 1024 * 1024 })
    try {
      await until(() => log.confirmedAt() > 0)
      for (let i = 0; i < many; i++) await cache.set(`page:${i}`, i, { tags: ['site'] })
      await cache.set('alone', 1, { tags: ['alone'] })
      expect([await cache.get('page:0'), await cache.get(`page:${many - 1}`)]).to.deep.equal([0, many - 1])
      const purges: readonly (readonly [string, () => Promise<void>])[] = [
        ['alone', () => cache.invalidateTags(['alone'])],
        ['site', () => cache.invalidateTags(['site'])],
        ['alone, soft', () => cache.invalidateTags(['alone'], { soft: true })],
        ['site, soft', () => cache.invalidateTags(['site'], { soft: true })],
        ['pattern', () => cache.invalidatePattern('page:*')],
        ['key', () => cache.delete('page:1')],
        ['everything', () => cache.clear()],
      ]
      const commands = new Map<string, unknown>()
      const tookMs = new Map<string, number[]>(purges.map(([name]) => [name, []]))
      for (let round = 0; round < 21; round++) {
        for (const [name, purge] of purges) {
          await server.command('CONFIG', 'RESETSTAT')
          const begin = performance.now()
          await purge()
          tookMs.get(name)?.push(performance.now() - begin)
          // Trimming an old record is not asked for here, so it is the same each time.
          commands.set(name, callsIn(String(await server.command('INFO', 'commandstats'))))
        }
      }
      for (const [name, calls] of commands) expect(calls, name).to.deep.equal(commands.get('alone'))
      expect(commands.get('alone')).to.include({ evalsha: 1, xadd: 1, publish: 1 })
      for (const name of ['page:0', `page:${many - 1}`, 'alone']) expect(await cache.get(name)).to.equal(undefined)
      const median = (name: string): number => tookMs.get(name)!.sort((a, b) => a - b)[10]!
      const ratio = median('site') / median('alone')
      this.runnable().title += ` (${median('site').toFixed(2)} ms, ${median('alone').toFixed(2)} ms: ${ratio.toFixed(2)} times)`
      // A search of a hundred thousand would be a thousand times as long.
      expect(ratio).to.be.below(5)
    } finally {
      await cache.close()
      await log.close()
      client.disconnect()
    }
  })
})

/** Calls by command, but for those that ask for them. */
function callsIn(stats: string): Record<string, number> {
  const calls = [...stats.matchAll(/cmdstat_([\w|]+):calls=(\d+)/g)].map(([, name, count]) => [name!, Number(count)])
  return Object.fromEntries(calls.filter(([name]) => name !== 'config|resetstat'))
}
