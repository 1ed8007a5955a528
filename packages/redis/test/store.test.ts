// The far store on a real Redis: what it costs, what strangers may leave in its keys, and one fill for a fleet.

import { type Cache, type CacheOptions, createCache, type FarStore, type FarWrite } from '@larder/core'
import { expect } from 'chai'
import type { Redis } from 'ioredis'
import { type RedisServer, startRedis } from '../../../test/support/redis-server.ts'
import { startTcpProxy } from '../../../test/support/tcp-proxy.ts'
import { type RedisStoreOptions, redisStore } from '../src/index.ts'
import { codeOf, majors, until } from './support.ts'

for (const { major, connect } of majors) {
  describe(`redisStore on ${major}`, function () {
    this.timeout(30_000)
    let server: RedisServer
    const clients: Redis[] = []
    const caches: Cache[] = []
    before(async () => {
      server = await startRedis()
    })
    after(() => server?.end())
    afterEach(async () => {
      for (const cache of caches.splice(0)) await cache.close()
      for (const client of clients.splice(0)) client.disconnect()
      await server.command('FLUSHALL')
    })

    async function client(): Promise<Redis> {
      const made = connect(server.port)
      clients.push(made)
      await until(() => made.status === 'ready')
      return made
    }

    async function store(options?: RedisStoreOptions): Promise<FarStore> {
      return redisStore(await client(), options)
    }

    const keys = async () => ((await server.command('KEYS', 'larder:e:*')) as string[]).toSorted()

    /** A process: a client and a cache of its own. */
    async function node(options: CacheOptions = {}, port = server.port): Promise<Cache> {
      const made = connect(port)
      clients.push(made)
      // Nothing of the log's own while it is counted.
      const cache = createCache({
        far: redisStore(made, { log: { tick: '60s' } }),
        farDeadline: '2s',
        coherenceBound: '1h',
        ...options,
      })
      caches.push(cache)
      // From then on it has the log's epoch.
      await until(async () => (await codeOf(cache.invalidateTags(['ready']))) === 'none')
      await until(async () => {
        await cache.set('ready', 1)
        return cache.getMetrics().farSets > 0
      })
      return cache
    }

    /** The commands that clients sent while `run` was under way; those of scripts and of this very question left out. */
    async function sent(run: () => Promise<unknown>): Promise<Record<string, number>> {
      await server.command('CONFIG', 'RESETSTAT')
      await run()
      const lines = String(await server.command('INFO', 'commandstats')).matchAll(/cmdstat_([^:]+):calls=(\d+)/g)
      const counts = Object.fromEntries([...lines].map(([, name, calls]) => [name!, Number(calls)]))
      const own = ['evalsha', 'eval', 'hmget', 'get', 'unlink', 'hdel', 'publish', 'keys', 'scan']
      return Object.fromEntries(Object.entries(counts).filter(([name]) => own.includes(name)))
    }

    describe('what it costs', () => {
      it('a look-up is one command, and so is a write', async () => {
        const [a, b] = [await node(), await node()]
        expect((await sent(() => a.set('k', 'v'))).evalsha).to.equal(1)
        expect(await sent(() => b.get('k'))).to.deep.equal({ hmget: 1 })
        expect(await sent(() => b.get('k'))).to.deep.equal({})
        expect(await sent(() => b.get('none'))).to.deep.equal({ hmget: 1 })
      })

      it('a fill is a look-up with a claim before, and a write after; a hit on its way to a fill is one command once hits are usual', async () => {
        const [a, b] = [await node(), await node()]
        let fills = 0
        const commands = await sent(async () => {
          await a.getOrSet('k', () => ++fills)
          await until(async () => (await keys()).length === 2)
        })
        expect(commands).to.include({ hmget: 1, evalsha: 2 })
        for (let i = 0; i < 40; i++) await a.set(`k${i}`, i)
        for (let i = 0; i < 30; i++) await b.getOrSet(`k${i}`, () => ++fills)
        const usual = await sent(async () => {
          for (let i = 30; i < 40; i++) expect(await b.getOrSet(`k${i}`, () => -1)).to.equal(i)
        })
        expect(usual).to.deep.equal({ hmget: 10 })
        expect(fills).to.equal(1)
      })

      it('a hit is one round trip, a miss one before the fill and one after', async () => {
        const proxy = await startTcpProxy({ target: server.port })
        try {
          const [near, distant] = [await node(), await node({}, proxy.port)]
          await near.set('k', 'v')
          // Its script is known there by now, and a turn is 300 ms.
          await distant.getOrSet('warm', () => 1)
          await until(async () => (await keys()).length === 3)
          proxy.set('both', { delayMs: 150 })
          const begin = performance.now()
          expect(await distant.get('k')).to.equal('v')
          expect(performance.now() - begin).to.be.within(299, 590)
          const again = performance.now()
          let began = 0
          await distant.getOrSet('cold', () => {
            began = performance.now() - again
            return 1
          })
          expect(began).to.be.within(299, 590)
          const shared = performance.now()
          await distant.set('k', 'w')
          expect(performance.now() - shared).to.be.within(299, 590)
        } finally {
          await proxy.close()
        }
      })

      it('no key is ever searched for', async () => {
        const all = await sent(async () => {
          const [a, b] = [await node(), await node()]
          for (let i = 0; i < 50; i++) await a.set(`k${i}`, i, { ttl: 60, tags: ['t'] })
          await b.mget(Array.from({ length: 60 }, (_, i) => `k${i}`))
          await a.invalidateTags(['t'])
          await a.invalidatePattern('k*')
          await b.clear()
          await b.delete('k1')
        })

        expect(all).not.to.have.any.keys('scan', 'keys')
      })

      it('an entry takes little more memory than its bytes', async () => {
        const far = await store()
        const rows: string[] = []
        for (const bytes of [100, 1000, 10_000, 100_000, 1_000_000]) {
          const key = `of ${bytes}`
          const before = new Set(await keys())
          await far.set(write({ key, epoch: '0'.repeat(36), frame: Buffer.alloc(bytes, 'x') }))
          const name = (await keys()).find(each => !before.has(each))!
          const used = Number(await server.command('MEMORY', 'USAGE', name, 'SAMPLES', 0))
          rows.push(`${bytes} B: ${used - bytes} more`)
          // The allocator rounds up, by a fifth at the most.
          expect(used).to.be.below(bytes * 1.25 + 600)
        }
        console.log(`      ${rows.join(', ')}`)
      })
    })

    describe('one fill in the fleet', () => {
      it('12 processes, 100 requests in each, 40 cold keys → 40 fills', async function () {
        this.timeout(60_000)
        const nodes = await Promise.all(
          Array.from({ length: 12 }, () => node({ waitTimeout: '30s', coherenceBound: '5s' })),
        )
        const fills = new Map<string, number>()
        const requests = nodes.flatMap(cache =>
          Array.from({ length: 100 }, (_, i) => {
            const key = `cold ${i % 40}`
            return cache.getOrSet(key, async () => {
              fills.set(key, (fills.get(key) ?? 0) + 1)
              await new Promise(resolve => setTimeout(resolve, 50))
              return key
            })
          }),
        )
        const values = await Promise.all(requests)
        expect(values).to.have.length(1200)
        values.forEach((value, i) => void expect(value).to.equal(`cold ${(i % 100) % 40}`))
        expect([...fills.values()]).to.deep.equal(Array.from({ length: 40 }, () => 1))
      })

      it('a holder that is gone holds up the others until its lease ends by itself', async () => {
        const far = await store()
        expect(await far.claim('k', { ...lease('gone'), holdMs: 300 })).to.equal('mine')
        const begin = performance.now()
        await until(async () => (await far.claim('k', lease('next'))) === 'mine')
        expect(performance.now() - begin).to.be.within(200, 2000)
      })

      it('a claim that a frozen server carries out when it thaws holds up nobody', async () => {
        const cache = await node({ farDeadline: '50ms' })
        const other = await store()
        server.stop()
        try {
          expect(await cache.getOrSet('frozen', () => 'own')).to.equal('own')
          await new Promise(resolve => setTimeout(resolve, 200))
        } finally {
          server.cont()
        }
        await other.time()
        await until(async () => ((await server.command('KEYS', 'larder:l:*')) as string[]).length === 0, 500)
      })
    })

    describe('what strangers leave', () => {
      const types: readonly [string, (key: string) => readonly (string | number)[]][] = [
        ['a string', key => ['SET', key, 'x']],
        ['a list', key => ['RPUSH', key, 'x']],
        ['a set', key => ['SADD', key, 'x']],
        ['a sorted set', key => ['ZADD', key, 1, 'x']],
        ['a stream', key => ['XADD', key, '*', 'a', 'b']],
        ['a bitmap', key => ['SETBIT', key, 100, 1]],
      ]
      for (const [type, command] of types) {
        it(`${type} under a key is nothing, goes, and hinders nobody`, async () => {
          const far = await store()
          await far.set(write({}))
          const [key] = await keys()
          for (const first of ['get', 'set'] as const) {
            await server.command('DEL', key!)
            await server.command(...command(key!))
            if (first === 'get') {
              expect(await far.get('k', '')).to.deep.equal({ rule: undefined, frame: undefined, claimed: undefined })
              await until(async () => (await server.command('EXISTS', key!)) === 0)
            }
            expect(await far.set(write({}))).to.equal('stored')
            expect((await far.get('k', '')).frame?.toString()).to.equal('frame')
          }
        })

        it(`${type} where a lease is hinders nobody for longer than one look-up`, async () => {
          const far = await store()
          await far.claim('k', lease('a'))
          const [key] = (await server.command('KEYS', 'larder:l:*')) as [string]
          await server.command('DEL', key)
          await server.command(...command(key))
          const first = await far.get('k', '', () => lease('a'))
          expect(first.frame).to.equal(undefined)
          await until(async () => (await far.claim('k', lease('a')).catch(() => 'failed')) === 'mine')
        })
      }

      const ages = ['', 'x', 'a b c d', 'epoch nan nan nan', 'epoch 1', '  ', `${'9'.repeat(400)} x`]
      for (const age of ages) {
        it(`an age that is none (${JSON.stringify(age.slice(0, 20))}) is no reason to refuse a frame`, async () => {
          const far = await store()
          for (const variant of ['v', 'w']) await far.set(write({ rule: 'x', variant, maxVariants: 2 }))
          const [key] = await keys()
          for (const field of (await server.command('HKEYS', key!)) as string[]) {
            if (field.startsWith('m')) await server.command('HSET', key!, field, age)
          }
          expect(await far.set(write({ rule: 'x', variant: 'new', maxVariants: 2 }))).to.equal('stored')
          expect(await far.set(write({ rule: 'x', variant: 'v', frame: Buffer.from('again') }))).to.equal('stored')
          expect((await far.get('k', 'v')).frame?.toString()).to.equal('again')
        })
      }

      it('a frame that is larger than any of its own is nothing, and goes', async () => {
        const far = await store({ maxEntryBytes: 1024 })
        expect(await far.set(write({ frame: Buffer.alloc(1025) }))).to.equal('too-large')
        await far.set(write({ frame: Buffer.alloc(1024) }))
        const [key] = await keys()
        const field = ((await server.command('HKEYS', key!)) as string[]).find(name => name.startsWith('v'))!
        await server.command('HSET', key!, field, Buffer.alloc(1025))
        expect((await far.get('k', '')).frame).to.equal(undefined)
        await until(async () => (await server.command('HEXISTS', key!, field)) === 0)
      })
    })
  })
}

const lease = (token: string) => ({ lease: 'lease', token, holdMs: 10_000, until: 8e15 })

function write(changes: Partial<FarWrite>): FarWrite {
  return {
    key: 'k',
    variant: '',
    rule: '',
    widens: undefined,
    epoch: 'epoch',
    position: 1,
    filledAt: 1000,
    expiresAt: 8e15,
    livesMs: 60_000,
    maxVariants: 32,
    frame: Buffer.from('frame'),
    release: undefined,
    ...changes,
  }
}
