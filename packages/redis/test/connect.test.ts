// connectRedis(): fails at once, comes back by itself, shows no secret.

import { inspect } from 'node:util'
import { expect } from 'chai'
import { freePort, startRedis } from '../../../test/support/redis-server.ts'
import { reconnectDelayMs } from '../src/client.ts'
import { clientSettings } from '../src/connect.ts'
import { type ConnectRedisOptions, connectRedis } from '../src/index.ts'
import { until } from './support.ts'

describe('connectRedis', () => {
  it('connects with a password, to a database, by options or by URL, and comes back after a restart', async () => {
    const server = await startRedis({ config: { requirepass: 'secret' } })
    const clients = [
      connectRedis({ port: server.port, password: 'secret', db: 3 }),
      connectRedis({ url: `redis://:secret@127.0.0.1:${server.port}/3` }),
    ]
    try {
      for (const client of clients) await until(() => client.status === 'ready')
      await clients[0]?.set('a', '1')
      expect(await clients[1]?.get('a')).to.equal('1')
      await server.restart()
      for (const client of clients) await until(async () => client.ping().then(Boolean, () => false), 8000)
    } finally {
      for (const client of clients) client.disconnect()
      await server.end()
    }
  })

  it('F4: fails at once while there is no server', async () => {
    const client = connectRedis({ port: await freePort() })
    const begin = performance.now()
    let error: unknown
    await client.get('a').catch(caught => {
      error = caught
    })
    expect(error).to.be.instanceOf(Error)
    expect(performance.now() - begin).to.be.below(100)
    client.disconnect()
  })

  it('F3: queues nothing, sends nothing twice, and never gives up', () => {
    const { enableOfflineQueue, autoResendUnfulfilledCommands, retryStrategy } = clientSettings({})
    expect([enableOfflineQueue, autoResendUnfulfilledCommands]).to.deep.equal([false, false])
    for (const times of [1, 10, 1e6]) expect(retryStrategy?.(times)).to.be.within(250, 3000)
  })

  it('R27: 50 nodes come back over a second and more, with their first try too', () => {
    for (const times of [1, 2, 3]) {
      const delays = Array.from({ length: 50 }, () => reconnectDelayMs(times))
      expect(Math.max(...delays) - Math.min(...delays)).to.be.above(950)
    }
  })

  it('refuses what cannot be, and repeats no secret', () => {
    const wrong = [
      { url: 'http://user:canary@host' },
      { url: 'canary' },
      { password: ['canary'] },
      { username: { canary: 1 } },
      { port: 70_000 },
      { family: 5 },
      { passwort: 'canary' },
      { host: '' },
      { sentinels: [{ port: 1 }] },
      { sentinels: [], name: 'master' },
      { sentinels: [{ port: 1 }], name: 'master', host: 'a' },
      { cluster: [{ port: 1, password: 'canary' }] },
      { cluster: [{ port: 1 }], db: 1 },
      { cluster: [{ port: 1 }], url: 'redis://:canary@host' },
    ]
    for (const options of wrong) {
      let error: unknown
      try {
        connectRedis(options as ConnectRedisOptions).disconnect()
      } catch (caught) {
        error = caught
      }
      expect((error as { code?: string } | undefined)?.code, inspect(options)).to.match(
        /^LARDER_(INVALID|UNKNOWN)_OPTION$/,
      )
      expect(inspect(error)).not.to.include('canary')
    }
  })
})
