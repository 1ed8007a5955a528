// The invalidation log on a Redis Stream: the contract, its commands, what it leaves alone.

import { inspect } from 'node:util'
import type { Invalidation, LogRecord } from '@larder/core'
import { invalidationLogContract } from '@larder/core/testing'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import { Redis as Redis6 } from 'ioredis6'
import { type RedisServer, startRedis } from '../../../test/support/redis-server.ts'
import { redisLog } from '../src/index.ts'
import { codeOf, majors, nodesOn, until } from './support.ts'

const tag = (...names: string[]): Invalidation => ({ kind: 'names', names, soft: false })

for (const { major, connect } of majors) {
  describe(`redisLog on ${major}`, () => {
    let server: RedisServer
    before(async () => {
      server = await startRedis()
    })
    after(() => server?.end())
    const nodes = nodesOn(() => server, connect)
    afterEach(() => nodes.end())

    const clients: Redis[] = []
    after(() => {
      for (const client of clients) client.disconnect()
    })
    const onNewClient = (): Redis => {
      const client = connect(server.port)
      clients.push(client)
      return client
    }
    // A log tells what is in it already, so each begins one of its own.
    let begun = 0
    const onNewLog = () => redisLog(onNewClient(), { prefix: `contract-${begun++}:` })
    invalidationLogContract(`redisLog on ${major}`, onNewLog, { describe, it })
    invalidationLogContract(
      `a redisLog on ${major} that has heard from Redis`,
      async () => {
        const log = onNewLog()
        await until(() => log.confirmedAt() > 0)
        return log
      },
      { describe, it },
    )

    it('appends in one round trip', async () => {
      const { log } = await nodes.start({ tick: '60s' })
      await log.append(tag('t:a'))
      await new Promise(resolve => setTimeout(resolve, 20))
      await server.command('CONFIG', 'RESETSTAT')
      await log.append(tag('t:b'))
      const stats = String(await server.command('INFO', 'commandstats'))
      expect(stats).to.match(/cmdstat_evalsha:calls=1,/)
      expect(stats).not.to.match(/cmdstat_eval:/)
      expect(stats).to.match(/cmdstat_xadd:calls=1,/)
    })

    it('tells a node that comes later what was invalidated before it came, and since when it knows', async () => {
      const [prefix, early] = ['later:', await nodes.start({ prefix: 'later:' })]
      const first = await early.log.append(tag('t:a'))
      await early.log.append(tag('t:b'))
      const client = onNewClient()
      const late = redisLog(client, { prefix })
      const told: LogRecord[] = []
      late.subscribe(record => void told.push(record))
      await until(() => late.confirmedAt() > 0)
      expect(told.map(({ invalidation }) => invalidation)).to.deep.equal([tag('t:a'), tag('t:b')])
      expect([late.epoch, late.position()]).to.deep.equal([early.log.epoch, early.log.position()])
      expect(late.floor()).to.be.lessThan(first)
      await late.close()
    })

    it('is told by another node within 250 ms, with the same position', async () => {
      const [a, b] = [await nodes.start(), await nodes.start()]
      const told: LogRecord[] = []
      b.log.subscribe(record => void told.push(record))
      const position = await a.log.append(tag('t:a', '\ud800', 'line\nbreak'))
      expect(await until(() => told.length > 0)).to.be.below(250)
      expect(told).to.deep.equal([{ position, invalidation: tag('t:a', '\ud800', 'line\nbreak') }])
      expect(b.log.epoch).to.equal(a.log.epoch)
    })

    it('works through a key prefix of the client, and keeps apart what has another prefix', async () => {
      const client = connect(server.port)
      const prefixed = client.duplicate({ keyPrefix: 'app:' })
      const [log, sameLog] = [redisLog(prefixed, { prefix: 'one:' }), redisLog(prefixed, { prefix: 'one:' })]
      const other = redisLog(prefixed, { prefix: 'two:' })
      try {
        const told: string[] = []
        sameLog.subscribe(() => void told.push('same'))
        other.subscribe(() => void told.push('other'))
        await until(() => [log, sameLog, other].every(each => each.confirmedAt() > 0))
        await log.append(tag('t:a'))
        await until(() => told.length > 0)
        await other.append(tag('t:b'))
        expect(told).to.deep.equal(['same', 'other'])
        expect(await server.command('EXISTS', 'app:one:{log}', 'app:two:{log}')).to.equal(2)
      } finally {
        await Promise.all([log.close(), sameLog.close(), other.close()])
        prefixed.disconnect()
        client.disconnect()
      }
    })

    it('closes its own connection, and leaves the client and its options as they were', async () => {
      const client = connect(server.port)
      await until(() => client.status === 'ready')
      const before = { options: inspect(client.options), listeners: client.listenerCount('ready') }
      const connections = async () =>
        String(await server.command('CLIENT', 'LIST', 'TYPE', 'pubsub')).split('id=').length - 1
      const others = await connections()
      const log = redisLog(client)
      await until(async () => (await connections()) === others + 1)
      await log.close()
      await until(async () => (await connections()) === others)
      expect(await client.ping()).to.equal('PONG')
      expect({ options: inspect(client.options), listeners: client.listenerCount('ready') }).to.deep.equal(before)
      expect(await codeOf(log.append(tag('t:a')))).to.equal('LARDER_CLOSED')
      client.disconnect()
    })

    it('trims what is older than its retention once its successor is, and goes on', async () => {
      const { log, client } = await nodes.start({ prefix: 'trim:', retention: '1m' })
      const key = 'trim:{log}'
      const old = Date.now() - 120_000
      for (let i = 0; i < 10; i++) {
        const position = await log.append(tag(`t:${i}`))
        // The same record, written two minutes ago: as a stream has no update, the log is written anew.
        const entries = (await client.xrange(key, '-', '+')).map(([id, fields]) => [id, fields] as const)
        await client.del(key)
        for (const [id, [, epoch = '', , own = '', , , , text = '']] of entries)
          await client.xadd(key, id, 'e', epoch, 'i', own, 't', String(old), 'r', text)
        expect(position).to.equal(log.position())
      }
      for (let i = 0; i < 12; i++) await log.append(tag('t:new'))
      const entries = await client.xrange(key, '-', '+')
      expect(entries.length).to.be.within(12, 14)
    })
  })
}

describe('redisLog', () => {
  it('takes a client of either major as it is typed', async () => {
    for (const client of [new Redis({ port: 1, lazyConnect: true }), new Redis6({ port: 1, lazyConnect: true })]) {
      client.on('error', () => {})
      const log = client instanceof Redis ? redisLog(client) : redisLog(client)
      await log.close()
      client.disconnect()
    }
  })

  it('refuses options that it does not know, at once', () => {
    const client = new Redis({ lazyConnect: true })
    const codes = [{ tik: '1s' }, { tick: '1 s' }, { tick: 0 }, { prefix: 'a{b}' }, { retention: '1s' }].map(
      options => {
        try {
          redisLog(client, options as object)
          return 'none'
        } catch (error) {
          return (error as { code: string }).code
        }
      },
    )
    expect(codes).to.deep.equal([
      'LARDER_UNKNOWN_OPTION',
      'LARDER_INVALID_DURATION',
      'LARDER_INVALID_DURATION',
      'LARDER_INVALID_OPTION',
      'LARDER_INVALID_DURATION',
    ])
    client.disconnect()
  })

  it('F5: lets no error of the client out, and so no password, no key and no tag', async () => {
    const server = await startRedis({ config: { requirepass: 'right' } })
    const client = new Redis({ port: server.port, password: 'secret-canary', enableOfflineQueue: false })
    client.on('error', () => {})
    const log = redisLog(client, { prefix: 'prefix-canary:', deadline: '200ms' })
    try {
      let error: unknown
      await log.append(tag('t:tag-canary')).catch(caught => {
        error = caught
      })
      expect((error as { code: string }).code).to.equal('LARDER_INVALIDATION_UNACKNOWLEDGED')
      expect(inspect(error, { depth: 9, showHidden: true })).not.to.match(/canary/)
    } finally {
      await log.close()
      client.disconnect()
      await server.end()
    }
  })

  it('heals a stream that somebody else wrote into, and bears a key of another type', async () => {
    const server = await startRedis()
    const nodes = nodesOn(() => server, majors[0].connect)
    try {
      const { log } = await nodes.start({ tick: '20ms', deadline: '200ms' })
      await server.command('XADD', 'larder:{log}', '99999-5', 'a', 'b')
      await until(async () => (await codeOf(log.append(tag('t:a')))) === 'none')
      await server.command('DEL', 'larder:{log}')
      await server.command('LPUSH', 'larder:{log}', 'x')
      expect(await codeOf(log.append(tag('t:a')))).to.equal('LARDER_INVALIDATION_UNACKNOWLEDGED')
      await server.command('DEL', 'larder:{log}')
      await until(async () => (await codeOf(log.append(tag('t:a')))) === 'none')
    } finally {
      await nodes.end()
      await server.end()
    }
  })
})
