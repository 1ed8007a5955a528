// The far store on a real Redis: what it costs, what strangers may leave in its keys, and one fill for a fleet.

import type { Cache, FarStore, FarWrite } from '@larder/core'
import { expect } from 'chai'
import type { Redis } from 'ioredis'
import { type RedisServer, startRedis } from '../../../test/support/redis-server.ts'
import { type RedisStoreOptions, redisStore } from '../src/index.ts'
import { majors, until } from './support.ts'

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
          const first = await far.get('k', '', lease('a'))
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
