// What was purged while Redis was away: kept in order, within bounds, appended once, and gone with its process.

import { expect } from 'chai'
import { startChild } from '../../../test/support/child.ts'
import { type RedisServer, startRedis } from '../../../test/support/redis-server.ts'
import { codeOf, majors, nodesOn, until } from './support.ts'

const unacknowledged = 'LARDER_INVALIDATION_UNACKNOWLEDGED'
const key = 'larder:{log}'

for (const { major, connect } of majors) {
  describe(`the replay of purges on ${major}`, function () {
    this.timeout(30_000)
    let server: RedisServer
    beforeEach(async () => {
      server = await startRedis({ config: { appendonly: 'yes', appendfsync: 'always' } })
    })
    const nodes = nodesOn(() => server, connect)
    afterEach(async () => {
      server.cont()
      await nodes.end()
      await server.end()
    })
    const records = async (): Promise<string[]> => {
      const entries = (await server.command('XRANGE', key, '-', '+')) as [string, string[]][]
      return entries.map(([, fields]) => fields[7]!).filter(text => text !== '')
    }
    const namesIn = (texts: readonly string[]): string[] => texts.flatMap(text => JSON.parse(text).names ?? [])
    const tags = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']

    it('keeps the order of the calls, and appends each once', async () => {
      const [a, b] = [await nodes.start(), await nodes.start()]
      const { epoch } = a.log
      await server.kill()
      for (const tag of tags) expect(await codeOf(a.cache.invalidateTags([tag]))).to.equal(unacknowledged)
      expect(a.log.unacknowledged).to.equal(tags.length)
      await server.restart()
      await until(() => a.log.unacknowledged === 0, 15_000)
      expect(namesIn(await records())).to.deep.equal(tags.map(tag => `t:${tag}`))
      await until(() => b.log.position() === a.log.position())
      expect(a.log.epoch).to.equal(epoch)
    })

    it('goes into the new history when Redis comes back empty, or is emptied half way', async () => {
      const a = await nodes.start()
      server.stop()
      const calls = tags.map(tag => codeOf(a.cache.invalidateTags([tag])))
      expect(new Set(await Promise.all(calls))).to.deep.equal(new Set([unacknowledged]))
      // What was sent is carried out before what comes now.
      const emptied = server.command('FLUSHALL')
      server.cont()
      await emptied
      await until(() => a.log.unacknowledged === 0, 15_000)
      const b = await nodes.start()
      await a.cache.invalidateTags(['last'])
      await until(() => b.log.position() === a.log.position())
      // Those that the first history had acknowledged before it was lost are covered by its loss.
      const names = namesIn(await records())
      expect(names.filter(name => name !== 't:last')).to.deep.equal(
        tags.map(tag => `t:${tag}`).filter(name => names.includes(name)),
      )
      expect(names.at(-1)).to.equal('t:last')
    })

    it('of more than the queue holds is one purge of everything', async () => {
      const [a, b] = [await nodes.start(), await nodes.start()]
      await b.cache.set('page', 'old', { ttl: '1h', tags: ['event-1'] })
      await server.kill()
      await until(async () => (await codeOf(a.cache.invalidateTags(['first']))) === unacknowledged)
      const calls = Array.from({ length: 10_000 }, (_, i) => codeOf(a.cache.invalidateTags([`event-${i}`])))
      expect(new Set(await Promise.all(calls))).to.deep.equal(new Set([unacknowledged]))
      await server.restart()
      await until(() => a.log.unacknowledged === 0, 15_000)
      const texts = await records()
      expect(texts).to.include('{"kind":"all","soft":false}')
      expect(texts.length).to.be.below(100)
      await until(async () => (await b.cache.get('page')) === undefined, 15_000)
    })

    it('happens when the log is closed, if Redis is back by then', async () => {
      const { cache, log } = await nodes.start({ tick: '60s' })
      await server.command('ACL', 'SETUSER', 'default', '-xadd')
      expect(await codeOf(cache.invalidateTags(['a']))).to.equal(unacknowledged)
      await server.command('ACL', 'SETUSER', 'default', '+xadd')
      await log.close()
      expect(namesIn(await records())).to.deep.equal(['t:a'])
    })
  })
}

describe('a process that ends with purges in its queue', function () {
  this.timeout(30_000)

  it('takes them with it: others serve on what they were to purge, as its rejection has said', async () => {
    const server = await startRedis({ config: { appendonly: 'yes', appendfsync: 'always' } })
    const env = { PORT: String(server.port) }
    const program = new URL('processes/node.ts', import.meta.url)
    const [purging, other] = [await startChild(program, { env }), await startChild(program, { env })]
    try {
      for (const node of [purging, other]) await node.call('joined')
      await other.call('fill', 'old')
      await server.kill()
      const rejected = await purging.call('purge', 'tags', false).catch((error: { code: string }) => error.code)
      expect(rejected).to.equal(unacknowledged)
      await purging.kill()
      await server.restart()
      const next = await startChild(program, { env })
      try {
        await next.call('joined')
        // The other one is told of what comes, and of nothing that was lost.
        await next.call('purge', 'delete-other', false)
        await until(async () => (await other.call('read')) === 'old')
        await next.call('purge', 'tags', false)
        await until(async () => (await other.call('read')) === undefined)
      } finally {
        await next.kill()
      }
    } finally {
      await Promise.all([purging, other].map(node => node.kill()))
      await server.end()
    }
  })
})
