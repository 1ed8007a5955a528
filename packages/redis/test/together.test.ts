// What the store sends in one turn of the event loop: one write, in order, on whatever connection there is.

import { setImmediate as turn } from 'node:timers/promises'
import { expect } from 'chai'
import type { Redis } from 'ioredis'
import { type RedisServer, startRedis } from '../../../test/support/redis-server.ts'
import { redisStore } from '../src/index.ts'
import { majors, until } from './support.ts'

for (const { major, connect } of majors) {
  describe(`what is sent together on ${major}`, () => {
    let server: RedisServer
    let client: Redis
    before(async () => {
      server = await startRedis()
    })
    after(() => server?.end())
    beforeEach(async () => {
      client = connect(server.port)
      await until(() => client.status === 'ready')
    })
    afterEach(() => client.disconnect())

    /** What is handed to the system from now on, one member a write. */
    function writes(): string[] {
      const told: string[] = []
      const { stream } = client as unknown as { stream: Record<'_write' | '_writev', (...args: never[]) => void> }
      const { _write, _writev } = stream
      stream._write = (...args: readonly [chunk: unknown, ...never[]]) => {
        told.push(String(args[0]))
        _write.apply(stream, args as never)
      }
      stream._writev = (...args: readonly [chunks: readonly { chunk: unknown }[], ...never[]]) => {
        told.push(args[0].map(({ chunk }) => String(chunk)).join(''))
        _writev.apply(stream, args as never)
      }
      return told
    }

    it('is one write, and what others send meanwhile goes with it, in its order', async () => {
      const store = redisStore(client)
      const told = writes()
      const calls: Promise<unknown>[] = [store.get('a', ''), client.set('own', 1), store.get('b', '')]
      await Promise.resolve()
      calls.push(store.remove('c'))
      await Promise.all(calls)
      expect(told).to.have.length(1)
      const sent = [...told[0]!.matchAll(/\r\n(hmget|set|unlink)\r\n/g)].map(([, name]) => name)
      expect(sent).to.deep.equal(['hmget', 'set', 'hmget', 'unlink'])
    })

    it('is a write of its own in each turn', async () => {
      const store = redisStore(client)
      const told = writes()
      await store.get('a', '')
      await store.get('a', '')
      expect(told).to.have.length(2)
    })

    it('is nothing that a lost connection holds up', async () => {
      const store = redisStore(client)
      const lost = store.get('a', '').catch(({ code }) => code)
      ;(client as unknown as { stream: { destroy(): void } }).stream.destroy()
      expect(await lost).to.equal('LARDER_FAR_UNAVAILABLE')
      await turn()
      await until(() => client.status === 'ready')
      expect(await store.get('a', '')).to.include({ rule: undefined })
      // Also while there is none.
      client.disconnect()
      expect(await store.get('a', '').catch(({ code }) => code)).to.equal('LARDER_FAR_UNAVAILABLE')
    })
  })
}
