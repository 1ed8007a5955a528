// Two example servers that share a Redis: a write to one makes the next read of the other new.

import { expect } from 'chai'
import { startRedis } from '../support/redis-server.ts'
import { type ExampleServer, start, temporaryFolder } from './server.ts'

describe('the examples on one Redis', function () {
  this.timeout(120_000)
  const folders = [temporaryFolder(), temporaryFolder()]
  const servers: ExampleServer[] = []
  let redis: Awaited<ReturnType<typeof startRedis>>

  before(async () => {
    redis = await startRedis()
    const { hostname, port } = new URL(redis.url)
    for (const [name, env] of [
      ['express', { REDIS_URL: redis.url }],
      ['koa', { REDIS_HOST: hostname, REDIS_PORT: port }],
    ] as const) {
      servers.push(await start(name, { DATA_DIR: folders[servers.length]!.path, ...env }))
    }
  })
  after(async () => {
    for (const server of servers) await server.end()
    await redis.end()
    for (const folder of folders) folder.remove()
  })

  it('say so', () => {
    for (const server of servers) expect(server.output()).to.include('purges are shared through Redis')
  })

  for (const [writer, reader] of [
    [0, 1],
    [1, 0],
  ] as const) {
    it(`a write to ${['Express', 'Koa'][writer]} purges ${['Express', 'Koa'][reader]}`, async () => {
      const said = async () => (await servers[reader]!.ask('/events/42')).headers['cache-status']
      await said()
      expect(await said()).to.include('larder; hit')
      const written = await servers[writer]!.ask('/events/42', { method: 'PATCH', body: { title: `by ${writer}` } })
      expect(written.status).to.equal(200)
      let now = await said()
      for (const until = Date.now() + 1000; now?.includes('hit') && Date.now() < until; ) now = await said()
      expect(now).to.include('detail=invalidated')
    })
  }

  it('go on without it, and end in time', async () => {
    redis.stop()
    for (const server of servers) expect((await server.ask('/events/43')).status).to.equal(200)
    const { code, ms } = await servers.pop()!.end()
    redis.cont()
    expect(code).to.equal(0)
    expect(ms).to.be.lessThan(6000)
  })
})
