// Example servers that share a Redis: what one has stored the others serve, and a write to one makes the next read of all new.

import { expect } from 'chai'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { type MadeData, makeDataFolder } from './made-data.ts'
import { type Answer, type ExampleServer, start } from './server.ts'

/** Behind a load balancer every server is asked by the one name that clients know. */
const behindOneName = { headers: { host: 'buddies.test' } }

describe('the examples on one Redis', function () {
  this.timeout(180_000)
  const servers: ExampleServer[] = []
  let redis: RedisServer
  let data: MadeData

  before(async () => {
    data = await makeDataFolder()
    redis = await startRedis()
    const { hostname, port } = new URL(redis.url)
    const env = { REDIS_HOST: hostname, REDIS_PORT: port }
    for (const [name, where] of [
      ['express', { REDIS_URL: redis.url }],
      ['express', env],
      ['koa', env],
      ['koa', env],
    ] as const)
      servers.push(await start(name, { DATA_DIR: data.copy(), ...where }))
  })
  after(async () => {
    redis?.cont()
    for (const server of servers) await server.end()
    await redis?.end()
    data?.remove()
  })

  it('say so', () => {
    for (const server of servers) expect(server.output()).to.include('responses and purges are shared through Redis')
  })

  const names = ['Express', 'another Express', 'Koa', 'another Koa']
  for (const [one, other] of [
    [0, 1],
    [2, 3],
  ] as const)
    it(`what ${names[one]} has stored ${names[other]} serves, on another port, without running its handler`, async () => {
      const path = `/events/${50 + one}`
      const first = await stored(servers[one]!, path)
      const found = await asked(servers[other]!, path, answer => /; hit/.test(statusOf(answer)))
      expect(found.headers['x-run'], 'the run that made it').to.equal(first.headers['x-run'])
      expect(found.text).to.equal(first.text)
      const { metrics } = (await servers[other]!.ask('/health')).json
      expect(metrics.farHits).to.be.above(0)
    })

  for (const [writer, reader] of [
    [0, 1],
    [1, 2],
    [2, 0],
    [3, 2],
  ] as const)
    it(`a write to ${names[writer]} makes the next read of ${names[reader]} new`, async () => {
      const path = `/events/${60 + writer}`
      await stored(servers[writer]!, path)
      await asked(servers[reader]!, path, answer => /; hit/.test(statusOf(answer)))
      const title = `by ${names[writer]}`
      const written = await servers[writer]!.ask(path, { ...behindOneName, method: 'PATCH', body: { title } })
      expect(written.status).to.equal(200)
      // Their databases are their own, so the writer is the one to fill.
      expect((await stored(servers[writer]!, path)).json.title).to.equal(title)
      const now = await asked(servers[reader]!, path, answer => answer.json.title === title)
      expect(statusOf(now)).to.match(/; hit/)
    })

  it('a frozen Redis breaks no write: it holds where it was made', async () => {
    const [server] = servers
    redis.stop()
    const written = await server!.ask('/events/70', { method: 'PATCH', body: { title: 'All the same' } })
    expect(written.status).to.equal(200)
    expect((await server!.ask('/events/70')).json.title).to.equal('All the same')
    redis.cont()
    expect(server!.output()).to.include('a purge waits for Redis')
  })

  it('go on without it, and end in time', async () => {
    redis.stop()
    for (const server of servers) expect((await server.ask('/events/43')).status).to.equal(200)
    const { code, ms } = await servers.pop()!.end()
    redis.cont()
    expect(code).to.equal(0)
    expect(ms).to.be.lessThan(6000)
  })

  for (const name of ['express', 'koa'])
    it(`${name} listens at once though Redis has been frozen before it started`, async () => {
      redis.stop()
      try {
        const server = await start(name, { DATA_DIR: data.copy(), REDIS_URL: redis.url })
        servers.push(server)
        for (const part of ['redis', 'flags', 'cache', 'server']) expect(startMs(server, part), part).to.be.below(1000)
        expect((await server.ask('/events/44')).status).to.equal(200)
        expect(statusOf(await server.ask('/events/44'))).to.match(/; hit/)
        expect((await server.ask('/health/ready')).status).to.equal(200)
      } finally {
        redis.cont()
      }
    })
})

function statusOf({ headers }: Answer): string {
  return String(headers['cache-status'])
}

/** Asked until it answers what is expected. */
async function asked(server: ExampleServer, path: string, isSo: (answer: Answer) => boolean): Promise<Answer> {
  let answer = await server.ask(path, behindOneName)
  for (const until = Date.now() + 10_000; !isSo(answer); answer = await server.ask(path, behindOneName))
    expect(Date.now(), `${path}: ${statusOf(answer)}`).to.be.below(until)
  return answer
}

/** A response that is in memory, and so on its way to Redis. */
function stored(server: ExampleServer, path: string): Promise<Answer> {
  return asked(server, path, answer => /; hit/.test(statusOf(answer)))
}

/** How long a part took to start, as the log of pino or of the console has it. */
function startMs(server: ExampleServer, part: string): number {
  const line = new RegExp(`part"?: ?["']${part}["'], ?"?durationMs"?: ?(\\d+).*a part has started`)
  return Number(line.exec(server.output())?.[1])
}
