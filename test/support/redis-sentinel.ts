// A Redis with a replica, and three Sentinels that promote it when its master is gone.

import { setTimeout as sleep } from 'node:timers/promises'
import { type RedisServer, type RedisServerOptions, startRedis } from './redis-server.ts'
import type { Reply } from './resp.ts'

export interface RedisSentinelOptions {
  /** More settings of both servers. */
  readonly config?: RedisServerOptions['config']
  /** How long, in milliseconds, a master gives no sign of life before it counts as gone. @default 500 */
  readonly downAfterMs?: number
}

export interface RedisSentinel {
  /** What the Sentinels call the master. */
  readonly name: 'larder'
  /** Where the Sentinels listen, as ioredis takes it: `new Redis({ sentinels, name })`. */
  readonly sentinels: readonly { readonly host: string; readonly port: number }[]
  /** The server that the Sentinels name as master at this moment. */
  master(): Promise<RedisServer>
  /** The other one. */
  replica(): Promise<RedisServer>
  /** Stops or kills the master and waits for the promotion. Answers with the old master and the new one. */
  failOver(how: 'stop' | 'kill'): Promise<{ readonly old: RedisServer; readonly promoted: RedisServer }>
  /** Waits until the Sentinels know of a master with a replica that is in step: then the next one can take over. */
  settle(): Promise<void>
  end(): Promise<void>
}

const name = 'larder'

/** Starts all five, and waits until a failover would succeed. */
export async function startRedisSentinel(options: RedisSentinelOptions = {}): Promise<RedisSentinel> {
  const { config, downAfterMs = 500 } = options
  const started: RedisServer[] = []
  const start = async (more: RedisServerOptions): Promise<RedisServer> => {
    const server = await startRedis(more)
    started.push(server)
    return server
  }
  const end = async (): Promise<void> => void (await Promise.all(started.map(server => server.end())))
  try {
    return await open()
  } catch (error) {
    await end()
    throw error
  }

  async function open(): Promise<RedisSentinel> {
    // A replica of a master that is empty is in step at once; without the delay it is so sooner.
    const common = { 'repl-diskless-sync-delay': 0, 'repl-ping-replica-period': 1, ...config }
    const first = await start({ config: common })
    const second = await start({ config: { ...common, replicaof: `127.0.0.1 ${first.port}` } })
    const configFile = [
      `sentinel monitor ${name} 127.0.0.1 ${first.port} 2`,
      `sentinel down-after-milliseconds ${name} ${downAfterMs}`,
      `sentinel failover-timeout ${name} 3000`,
      `sentinel parallel-syncs ${name} 1`,
      '',
    ].join('\n')
    const sentinels = await Promise.all([1, 2, 3].map(() => start({ args: ['--sentinel'], configFile })))
    // They ask every 10 s by default, and take an old master back after four greetings of 2 s.
    for (const sentinel of sentinels)
      await sentinel.command('SENTINEL', 'DEBUG', 'INFO-PERIOD', 500, 'PUBLISH-PERIOD', 250, 'PING-PERIOD', 200)
    const servers = [first, second]

    async function master(): Promise<RedisServer> {
      const replies = await Promise.all(
        sentinels.map(sentinel => sentinel.command('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name)),
      )
      const ports = replies.map(reply => Number((reply as readonly Reply[])[1]))
      // What two of the three say.
      const port = ports.find((each, i) => ports.indexOf(each) !== i)
      const found = servers.find(server => server.port === port)
      if (found === undefined) throw new Error(`The Sentinels do not agree: ${ports}`)
      return found
    }
    const otherThan = (server: RedisServer): RedisServer => servers.find(each => each !== server)!

    async function isReady(): Promise<boolean> {
      const current = await master()
      for (const sentinel of sentinels) {
        const known = fields(await sentinel.command('SENTINEL', 'MASTER', name))
        if (known.get('flags') !== 'master' || known.get('num-other-sentinels') !== '2') return false
        const replicas = (await sentinel.command('SENTINEL', 'REPLICAS', name)) as readonly Reply[]
        const inStep = replicas.map(fields).filter(each => {
          return each.get('flags') === 'slave' && each.get('master-link-status') === 'ok'
        })
        if (inStep.length !== 1 || Number(inStep[0]?.get('port')) !== otherThan(current).port) return false
      }
      return String(await otherThan(current).command('INFO', 'replication')).includes('master_link_status:up')
    }

    async function settle(): Promise<void> {
      await until('The Sentinels are not ready', isReady)
    }

    await settle()
    return {
      name,
      sentinels: sentinels.map(({ host, port }) => ({ host, port })),
      master,
      async replica() {
        return otherThan(await master())
      },
      async failOver(how) {
        const old = await master()
        if (how === 'stop') old.stop()
        else await old.kill()
        await until('No replica was promoted', async () => {
          const promoted = await master()
          return promoted !== old && String((await promoted.command('ROLE')) as unknown).startsWith('master')
        })
        return { old, promoted: await master() }
      },
      settle,
      end,
    }
  }
}

/** The pairs of a flat list. */
function fields(reply: Reply): ReadonlyMap<string, string> {
  const list = (reply as readonly Reply[]).map(String)
  return new Map(Array.from({ length: list.length / 2 }, (_, i) => [list[2 * i]!, list[2 * i + 1]!]))
}

async function until(failure: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000
  for (;;) {
    // While they elect, they may not agree, or refuse.
    const isMet = await condition().catch(() => false)
    if (isMet) return
    if (performance.now() > deadline) throw new Error(`${failure} within 20 s`)
    await sleep(25)
  }
}
