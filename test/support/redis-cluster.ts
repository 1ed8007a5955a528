// A Redis Cluster of masters and replicas, made command by command, whose masters can be lost and whose slots can be moved.

import { setTimeout as sleep } from 'node:timers/promises'
import { freePort, type RedisServer, type RedisServerOptions, startRedis } from './redis-server.ts'
import type { Reply } from './resp.ts'

export interface RedisClusterOptions {
  /** @default 3 */
  readonly masters?: number
  /** Of each master. @default 1 */
  readonly replicas?: number
  /** How long, in milliseconds, a node may be silent before the others give it up. @default 1000 */
  readonly nodeTimeoutMs?: number
  /** More settings of every node. */
  readonly config?: RedisServerOptions['config']
}

export interface RedisCluster {
  readonly servers: readonly RedisServer[]
  /** Where the nodes listen, as ioredis takes it: `new Cluster(nodes)`. */
  readonly nodes: readonly { readonly host: string; readonly port: number }[]
  slotOf(key: string): Promise<number>
  /** The master that holds the slot of `key` at this moment. */
  masterOf(key: string): Promise<RedisServer>
  /** The master of another slot. */
  otherMaster(key: string): Promise<RedisServer>
  /** Stops or kills the master of `key` and waits until a replica has its slots. */
  failOver(key: string, how: 'stop' | 'kill'): Promise<{ readonly old: RedisServer; readonly promoted: RedisServer }>
  /** Waits until all slots are served and every node that runs says so. */
  settle(): Promise<void>
  /** Moves the slot of `key` to another master, all its keys with it; `between` runs half way. */
  moveSlot(key: string, to: RedisServer, between?: () => Promise<void>): Promise<void>
  end(): Promise<void>
}

const SLOTS = 16_384

/** Starts the nodes, joins them, and waits until every slot has a master and every replica is in step. */
export async function startRedisCluster(options: RedisClusterOptions = {}): Promise<RedisCluster> {
  const { masters = 3, replicas = 1, nodeTimeoutMs = 1000, config } = options
  const servers: RedisServer[] = []
  const end = async (): Promise<void> => void (await Promise.all(servers.map(server => server.end())))
  try {
    return await open()
  } catch (error) {
    await end()
    throw error
  }

  async function open(): Promise<RedisCluster> {
    for (let i = 0; i < masters * (1 + replicas); i++)
      servers.push(
        await startRedis({
          config: {
            'cluster-enabled': 'yes',
            // Ten thousand above its own port by default, which may be taken, or none at all.
            'cluster-port': await freePort(),
            'cluster-node-timeout': nodeTimeoutMs,
            'cluster-replica-validity-factor': 0,
            'repl-diskless-sync-delay': 0,
            ...config,
          },
        }),
      )
    const ids = new Map<RedisServer, string>()
    for (const server of servers) ids.set(server, String(await server.command('CLUSTER', 'MYID')))
    const [first] = servers as [RedisServer]
    for (const [i, server] of servers.entries()) {
      // Otherwise two of them may begin with the same epoch.
      await server.command('CLUSTER', 'SET-CONFIG-EPOCH', i + 1)
      if (i < masters) await server.command('CLUSTER', 'ADDSLOTSRANGE', firstSlot(i), firstSlot(i + 1) - 1)
    }
    for (const server of servers.slice(1)) {
      const bus = Number(((await server.command('CONFIG', 'GET', 'cluster-port')) as readonly Reply[])[1])
      await first.command('CLUSTER', 'MEET', '127.0.0.1', server.port, bus)
    }
    for (const [i, server] of servers.entries()) {
      const master = servers[i % masters]!
      // A replica has to have heard of its master first.
      if (i >= masters)
        await until('The nodes do not meet', async () => {
          return (await server.command('CLUSTER', 'REPLICATE', ids.get(master)!)) === 'OK'
        })
    }

    function firstSlot(i: number): number {
      return Math.floor((SLOTS * i) / masters)
    }

    /** What a node says about all of them: its own view, by port. */
    async function view(of: RedisServer): Promise<readonly NodeLine[]> {
      return String(await of.command('CLUSTER', 'NODES'))
        .trimEnd()
        .split('\n')
        .map(parseNode)
    }

    async function running(): Promise<readonly RedisServer[]> {
      const states = await Promise.all(
        servers.map(server =>
          server.command('PING').then(
            () => true,
            () => false,
          ),
        ),
      )
      return servers.filter((_, i) => states[i])
    }

    async function slotOf(key: string): Promise<number> {
      for (const server of servers) {
        const slot = await server.command('CLUSTER', 'KEYSLOT', key).catch(() => undefined)
        if (typeof slot === 'number') return slot
      }
      throw new Error('No node answers.')
    }

    async function masterOfSlot(slot: number, except?: RedisServer): Promise<RedisServer | undefined> {
      for (const server of servers) {
        if (server === except) continue
        // A master knows best what is its own.
        const own = await view(server).then(
          lines => lines.find(line => line.isMyself),
          () => undefined,
        )
        if (own?.isMaster && own.ranges.some(([from, to]) => from <= slot && slot <= to)) return server
      }
      return undefined
    }

    async function masterOf(key: string): Promise<RedisServer> {
      const master = await masterOfSlot(await slotOf(key))
      if (master === undefined) throw new Error('The slot has no master.')
      return master
    }

    async function isSettled(): Promise<boolean> {
      const alive = await running()
      for (const server of alive) {
        const info = String(await server.command('CLUSTER', 'INFO'))
        if (!/cluster_state:ok/.test(info) || !/cluster_slots_ok:16384/.test(info)) return false
        const lines = await view(server)
        if (lines.length !== servers.length) return false
        // All see the same: who is there is connected, and is nobody's suspect.
        const ports = new Set(alive.map(({ port }) => port))
        if (lines.some(line => ports.has(line.port) && (line.isFailing || !line.isConnected))) return false
        const isReplica = lines.find(line => line.isMyself)?.isMaster === false
        if (isReplica && !/master_link_status:up/.test(String(await server.command('INFO', 'replication'))))
          return false
        if (lines.filter(line => line.isMaster && !line.isFailing).length !== masters) return false
      }
      return true
    }
    const settle = (): Promise<void> => until('The cluster does not settle', isSettled)

    await settle()
    return {
      servers,
      nodes: servers.map(({ host, port }) => ({ host, port })),
      slotOf,
      masterOf,
      async otherMaster(key) {
        const own = await masterOf(key)
        for (const server of servers) {
          const line = (await view(server)).find(each => each.isMyself)
          if (server !== own && line?.isMaster && line.ranges.length > 0) return server
        }
        throw new Error('There is no other master.')
      },
      async failOver(key, how) {
        const slot = await slotOf(key)
        const old = await masterOf(key)
        if (how === 'stop') old.stop()
        else await old.kill()
        let promoted: RedisServer | undefined
        await until('No replica was promoted', async () => {
          promoted = await masterOfSlot(slot, old)
          return promoted !== undefined && /cluster_state:ok/.test(String(await promoted.command('CLUSTER', 'INFO')))
        })
        return { old, promoted: promoted! }
      },
      settle,
      async moveSlot(key, to, between) {
        const slot = await slotOf(key)
        const from = await masterOf(key)
        await to.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', ids.get(from)!)
        await from.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', ids.get(to)!)
        await between?.()
        for (;;) {
          const keys = (await from.command('CLUSTER', 'GETKEYSINSLOT', slot, 100)) as readonly string[]
          if (keys.length === 0) break
          await from.command('MIGRATE', '127.0.0.1', to.port, '', 0, 5000, 'KEYS', ...keys)
        }
        // The new owner first: otherwise nobody has the slot for a moment.
        for (const server of [to, from]) await server.command('CLUSTER', 'SETSLOT', slot, 'NODE', ids.get(to)!)
      },
      end,
    }
  }
}

interface NodeLine {
  readonly port: number
  readonly isMyself: boolean
  readonly isMaster: boolean
  readonly isFailing: boolean
  readonly isConnected: boolean
  readonly ranges: readonly (readonly [number, number])[]
}

/** One line of CLUSTER NODES: id, address, flags, master, ping, pong, epoch, state of the link, slots. */
function parseNode(line: string): NodeLine {
  const [, address = '', flags = '', , , , , link, ...slots] = line.split(' ')
  return {
    port: Number(/:(\d+)@/.exec(address)?.[1]),
    isMyself: flags.includes('myself'),
    isMaster: flags.includes('master'),
    // With a question mark, by the word of this node alone.
    isFailing: /fail|noaddr|handshake/.test(flags),
    isConnected: link === 'connected',
    ranges: slots
      .filter(slot => !slot.startsWith('['))
      .map(slot => {
        const [from, to = from] = slot.split('-').map(Number)
        return [from!, to!]
      }),
  }
}

async function until(failure: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 30_000
  for (;;) {
    const isMet = await condition().catch(() => false)
    if (isMet) return
    if (performance.now() > deadline) throw new Error(`${failure} within 30 s`)
    await sleep(25)
  }
}
