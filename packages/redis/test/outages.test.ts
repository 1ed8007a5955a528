// Redis frozen, dead, back empty, back with less: what a purge says then, and how long anything older is served.

import type { Socket } from 'node:net'
import { createCache, onCacheEvent } from '@larder/core'
import { expect } from 'chai'
import type { Redis as Redis5 } from 'ioredis'
import { type RedisServer, startRedis } from '../../../test/support/redis-server.ts'
import { redisLog } from '../src/index.ts'
import { codeOf, majors, nodesOn, until } from './support.ts'

const unacknowledged = 'LARDER_INVALIDATION_UNACKNOWLEDGED'
const usualSettings = { enableOfflineQueue: true, autoResendUnfulfilledCommands: true, maxRetriesPerRequest: 20 }

for (const { major, connect } of majors) {
  describe(`outages on ${major}`, function () {
    this.timeout(30_000)
    let server: RedisServer
    beforeEach(async () => {
      server = await startRedis()
    })
    const nodes = nodesOn(() => server, connect)
    afterEach(async () => {
      server.cont()
      await nodes.end()
      await server.end()
    })
    const recordsWith = async (name: string): Promise<number> =>
      JSON.stringify(await server.command('XRANGE', 'larder:{log}', '-', '+')).split(name).length - 1

    it('R5: frozen, an append rejects in a second, holds here, and is in the log once when Redis thaws', async () => {
      const [a, b] = [await nodes.start(), await nodes.start()]
      for (const { cache } of [a, b]) await cache.set('page', 'old', { tags: ['event-1'] })
      const faults: unknown[] = []
      const end = onCacheEvent(
        event => void (event.type === 'fault' && event.operation === 'invalidate' && faults.push(event.code)),
      )
      server.stop()
      const begin = performance.now()
      expect(await codeOf(a.cache.invalidateTags(['event-1']))).to.equal(unacknowledged)
      expect(performance.now() - begin).to.be.within(900, 1500)
      end()
      expect(faults).to.deep.equal([unacknowledged])
      expect(await a.cache.get('page')).to.equal(undefined)
      // What is filled from now on is newer, and is served while Redis is away.
      await a.cache.set('page', 'new', { tags: ['event-1'] })
      expect(await a.cache.get('page')).to.equal('new')
      server.cont()
      await until(async () => (await b.cache.get('page')) === undefined)
      await until(async () => (await recordsWith('t:event-1')) === 1)
      await new Promise(resolve => setTimeout(resolve, 50))
      await until(() => a.log.position() === b.log.position())
      expect(await recordsWith('t:event-1')).to.equal(1)
      await a.cache.invalidateTags(['event-1'])
    })

    it('closed while Redis is frozen, nothing stays open that would keep the process', async () => {
      const client = connect(server.port)
      // The log's own connection takes the time from the log, not from its user's client.
      const patient = client.duplicate({ disconnectTimeout: 5000 }).on('error', () => {})
      const own: Redis5[] = []
      const duplicate = patient.duplicate.bind(patient)
      patient.duplicate = options => {
        const connection = duplicate(options)
        own.push(connection)
        return connection
      }
      const log = redisLog(patient)
      try {
        await until(() => log.confirmedAt() > 0 && client.status === 'ready' && own[0]?.status === 'ready')
        const sockets = [client, ...own].map(each => (each as unknown as { stream: Socket }).stream)
        expect(sockets.map(({ destroyed }) => destroyed)).to.deep.equal([false, false])
        server.stop()
        await log.close()
        client.disconnect()
        expect(await until(() => sockets.every(({ destroyed }) => destroyed))).to.be.below(1000)
      } finally {
        client.disconnect()
        patient.disconnect()
      }
    })

    it('F3: a client with the defaults of ioredis, which sends again what was cut off, changes nothing of that', async () => {
      const client = connect(server.port)
      const usual = client.duplicate({ ...usualSettings })
      usual.on('error', () => {})
      const log = redisLog(usual, { deadline: '100ms' })
      try {
        await until(() => log.confirmedAt() > 0)
        server.stop()
        expect(await codeOf(log.append({ kind: 'names', names: ['t:event-1'], soft: false }))).to.equal(unacknowledged)
        server.cont()
        await until(async () => (await recordsWith('t:event-1')) > 0)
        await until(() => log.position() % 1 === 0 && log.position() > 1)
        expect(await recordsWith('t:event-1')).to.equal(1)
      } finally {
        await log.close()
        usual.disconnect()
        client.disconnect()
      }
    })

    it('R2, R20: dead and back empty, a new epoch: nothing older is served, and the queue is replayed', async () => {
      const [a, b] = [await nodes.start(), await nodes.start()]
      const epoch = a.log.epoch
      for (const { cache } of [a, b]) await cache.set('page', 'old', { tags: ['event-1'] })
      await server.kill()
      const begin = performance.now()
      expect(await codeOf(a.cache.invalidateTags(['event-1']))).to.equal(unacknowledged)
      expect(performance.now() - begin).to.be.below(1100)
      await server.restart()
      await until(() => a.log.epoch !== epoch && b.log.epoch === a.log.epoch, 10_000)
      for (const { cache } of [a, b]) expect(await cache.get('page')).to.equal(undefined)
      await until(async () => (await recordsWith('t:event-1')) === 1)
      await a.cache.invalidateTags(['event-2'])
      await until(() => a.log.position() === b.log.position())
    })

    it('FLUSHALL: a new epoch on every node within a tick or two', async () => {
      const [a, b] = [await nodes.start(), await nodes.start()]
      const epoch = a.log.epoch
      await b.cache.set('page', 'old')
      await server.command('FLUSHALL')
      const took = await until(() => a.log.epoch !== epoch && b.log.epoch === a.log.epoch)
      expect(took).to.be.below(1500)
      expect(await b.cache.get('page')).to.equal(undefined)
      // An append that finds no log begins one and is acknowledged there.
      await server.command('FLUSHALL')
      await a.cache.invalidateTags(['event-1'])
      await until(() => b.log.epoch === a.log.epoch && b.log.position() === a.log.position())
    })

    it('a failover that lost the last records: a new epoch, though the log has grown past the place again', async () => {
      const [a, b] = [await nodes.start({ tick: '60s' }), await nodes.start({ tick: '60s' })]
      await a.cache.invalidateTags(['lost-1'])
      await a.cache.invalidateTags(['lost-2'])
      await until(() => b.log.position() === a.log.position())
      await a.cache.set('page', 'old')
      const { epoch } = a.log
      const last = a.log.position()
      // As a replica that had not heard of them, and that others have written to since.
      await server.command('XTRIM', 'larder:{log}', 'MAXLEN', 0)
      await server.command('DEL', 'larder:{log}')
      for (let n = last - 2; n <= last + 1; n++)
        await server.command(
          'XADD',
          'larder:{log}',
          `${n}-0`,
          'e',
          epoch,
          'i',
          `other-${n}`,
          't',
          Date.now(),
          'r',
          '{}',
        )
      await a.cache.invalidateTags(['next'])
      expect(a.log.epoch).not.to.equal(epoch)
      expect(await a.cache.get('page')).to.equal(undefined)
      await until(() => b.log.epoch === a.log.epoch)
    })

    it('a failover, and the first record after it is not heard: the second is not taken for the successor of the lost one', async () => {
      const { log, cache, client } = await nodes.start({ tick: '60s' })
      await cache.invalidateTags(['first'])
      await cache.invalidateTags(['lost'])
      await cache.set('page', 'old', { tags: ['event-1'] })
      const { epoch } = log
      const last = log.position()
      const commands = client.multi().del('larder:{log}')
      const encode = (name: string) => JSON.stringify({ kind: 'names', names: [name], soft: false })
      const add = (n: number, id: string, text: string) =>
        commands.xadd('larder:{log}', `${n}-0`, 'e', epoch, 'i', id, 't', Date.now(), 'r', text)
      add(last, 'other-1', encode('t:event-1'))
      add(last + 1, 'other-2', encode('t:event-2'))
      commands.publish('larder:{log}', [epoch, last + 1, 'other-2', 'other-1', encode('t:event-2')].join('\n'))
      await commands.exec()
      await until(() => log.epoch !== epoch)
      expect(await cache.get('page')).to.equal(undefined)
    })

    it('killed and back with its data: the same epoch, nothing is lost', async () => {
      await server.end()
      server = await startRedis({ config: { appendonly: 'yes', appendfsync: 'always' } })
      const [a, b] = [await nodes.start(), await nodes.start()]
      const { epoch } = a.log
      await a.cache.invalidateTags(['event-1'])
      await server.kill()
      expect(await codeOf(a.cache.invalidateTags(['event-2']))).to.equal(unacknowledged)
      await server.restart()
      await until(async () => (await recordsWith('t:event-2')) === 1, 10_000)
      expect(await recordsWith('t:event-1')).to.equal(1)
      await until(() => b.log.position() === a.log.position())
      expect([a.log.epoch, b.log.epoch]).to.deep.equal([epoch, epoch])
    })

    it('R23: cut off, a node serves for the coherence bound after the last confirmation or the fill, then no more', async () => {
      let time = 1_000_000
      const node = await nodes.start({ now: () => time, tick: '20ms' })
      await node.cache.set('before', 'old', { ttl: '1h' })
      await until(() => node.log.confirmedAt() === time)
      time += 1_000_000
      await until(() => node.log.confirmedAt() === time)
      expect(await node.cache.get('before')).to.equal('old')
      server.stop()
      await new Promise(resolve => setTimeout(resolve, 40))
      time += 4000
      await node.cache.set('during', 'filled', { ttl: '1h' })
      time += 1000
      expect([await node.cache.get('before'), await node.cache.get('during')]).to.deep.equal(['old', 'filled'])
      time += 1
      expect([await node.cache.get('before'), await node.cache.get('during')]).to.deep.equal([undefined, 'filled'])
      time += 4000
      expect(await node.cache.get('during')).to.equal(undefined)
      await node.cache.set('again', 'filled', { ttl: '1h' })
      server.cont()
      await until(() => node.log.confirmedAt() === time)
      time += 5000
      await until(() => node.log.confirmedAt() === time)
      expect(await node.cache.get('again')).to.equal('filled')
    })

    it('R1: started without Redis, it works alone, and joins the log when there is one', async () => {
      const { port } = server
      await server.kill()
      const client = connect(port)
      const log = redisLog(client)
      const cache = createCache({ log })
      try {
        await cache.set('page', 'old', { tags: ['event-1'] })
        expect(await cache.get('page')).to.equal('old')
        expect(await codeOf(cache.invalidateTags(['event-1']))).to.equal(unacknowledged)
        expect(await cache.get('page')).to.equal(undefined)
        await server.restart()
        await until(() => log.confirmedAt() > 0, 10_000)
        await until(async () => (await recordsWith('t:event-1')) === 1)
      } finally {
        await cache.close()
        await log.close()
        client.disconnect()
      }
    })

    it('close ends within the deadline while Redis is frozen', async () => {
      const { log } = await nodes.start()
      server.stop()
      const rejected = codeOf(log.append({ kind: 'all', soft: false }))
      const begin = performance.now()
      await log.close()
      expect(performance.now() - begin).to.be.below(2500)
      expect(await rejected).to.equal(unacknowledged)
    })
  })
}
