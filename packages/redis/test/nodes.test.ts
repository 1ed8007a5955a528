// A purge on one node holds on it at once and on all others soon, whatever was being filled, and whatever the channel lost.

import type { LogRecord } from '@larder/core'
import { expect } from 'chai'
import { type RedisServer, startRedis } from '../../../test/support/redis-server.ts'
import { majors, type Node, nodesOn, until } from './support.ts'

for (const { major, connect } of majors) {
  describe(`nodes on ${major}`, function () {
    this.timeout(20_000)
    let server: RedisServer
    before(async () => {
      server = await startRedis()
    })
    after(() => server?.end())
    const nodes = nodesOn(() => server, connect)
    afterEach(() => nodes.end())

    const start = (count: number): Promise<Node[]> => Promise.all(Array.from({ length: count }, () => nodes.start()))

    for (const count of [2, 3, 10]) {
      it(`${count}: a purge holds at once where it was made, and within 250 ms elsewhere`, async () => {
        const [first, ...others] = (await start(count)) as [Node, ...Node[]]
        for (const { cache } of [first, ...others]) await cache.set('page', 'old', { ttl: '1h', tags: ['event:1'] })
        for (const { cache } of [first, ...others]) expect(await cache.get('page')).to.equal('old')
        await first.cache.invalidateTags(['event:1'])
        expect(await first.cache.get('page')).to.equal(undefined)
        const took = await until(async () => {
          for (const { cache } of others) if ((await cache.get('page')) !== undefined) return false
          return true
        })
        expect(took).to.be.below(250)
      })
    }

    it('keys, patterns and everything are purged as tags are', async () => {
      const [a, b] = (await start(2)) as [Node, Node]
      for (const purge of [
        () => a.cache.delete('user:1'),
        () => a.cache.invalidatePattern('user:*'),
        () => a.cache.clear(),
      ]) {
        await b.cache.set('user:1', 'old')
        await purge()
        expect(await until(async () => (await b.cache.get('user:1')) === undefined)).to.be.below(250)
      }
    })

    it('a fill that began before a purge on another node never survives it', async () => {
      const [a, b] = (await start(2)) as [Node, Node]
      for (let round = 0; round < 20; round++) {
        let end: ((value: string) => void) | undefined
        const filled = b.cache.getOrSet(`page:${round}`, () => new Promise<string>(resolve => (end = resolve)), {
          ttl: '1h',
          tags: ['events'],
        })
        await until(() => end !== undefined)
        const position = await a.cache.invalidateTags(['events']).then(() => a.log.position())
        // Before the record arrives at the other node, as it comes, and after it.
        if (round % 3 === 1) await new Promise(setImmediate)
        if (round % 3 === 2) await until(() => b.log.position() >= position)
        end?.('old')
        await filled
        await until(() => b.log.position() >= position)
        expect(await b.cache.get(`page:${round}`)).to.equal(undefined)
      }
    })

    it('R24: with the channel cut, records are read from the stream, in order, once', async () => {
      const [a, b] = (await start(2)) as [Node, Node]
      const told: LogRecord[] = []
      b.log.subscribe(record => void told.push(record))
      const appended: number[] = []
      for (let i = 0; i < 60; i++) {
        if (i % 20 === 10) await server.command('CLIENT', 'KILL', 'TYPE', 'pubsub')
        appended.push(await a.log.append({ kind: 'names', names: [`t:${i}`], soft: false }))
      }
      const took = await until(() => b.log.position() === appended.at(-1))
      expect(took).to.be.below(1000)
      expect(told.map(record => record.position)).to.deep.equal(appended)
      // The channel comes back by itself.
      await until(async () => {
        const before = b.log.position()
        await a.log.append({ kind: 'all', soft: true })
        return (await until(() => b.log.position() > before)) < 100
      }, 8000)
    })

    it('a node whose place was trimmed away drops what it holds, and goes on in the same epoch', async () => {
      const [a, b] = (await start(2)) as [Node, Node]
      const { epoch } = b.log
      await b.cache.set('page', 'old', { ttl: '1h' })
      const told: LogRecord[] = []
      b.log.subscribe(record => void told.push(record))
      // One after the other on one connection, so that no tick comes between.
      const commands = a.client.multi().client('KILL', 'TYPE', 'pubsub')
      const head = b.log.position()
      const text = '{"kind":"names","names":["t:other"],"soft":false}'
      for (let n = head + 1; n <= head + 5; n++)
        commands.xadd('larder:{log}', `${n}-0`, 'e', epoch, 'i', `id-${n}`, 't', Date.now(), 'r', text)
      await commands.xtrim('larder:{log}', 'MAXLEN', 1).exec()
      await until(() => told.length > 0)
      expect(told).to.deep.equal([{ position: head + 5, invalidation: { kind: 'all', soft: false } }])
      expect(b.log.epoch).to.equal(epoch)
      expect(await b.cache.get('page')).to.equal(undefined)
    })

    it('purges at the same time on all nodes reach all nodes', async () => {
      const all = await start(5)
      await Promise.all(
        all.flatMap(({ log }, n) =>
          Array.from({ length: 200 }, (_, i) => log.append({ kind: 'names', names: [`t:${n}:${i}`], soft: false })),
        ),
      )
      await until(() => new Set(all.map(({ log }) => log.position())).size === 1)
      expect(new Set(all.map(({ log }) => log.epoch)).size).to.equal(1)
    })
  })
}
