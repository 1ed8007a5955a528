// A process that serves sites, one after the other or several, and says how it is while they are under load.

import dns from 'node:dns'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { type Cache, type CacheMetrics, createCache, onCacheEvent } from '@larder/core'
import { connectRedis, redisStore } from '@larder/redis'
import { Cluster, type Redis } from 'ioredis'
import { serve } from '../support/child.ts'
import { createSite, now, type Site, type SiteConfig } from './site.ts'

/** Where a site finds Redis. */
export interface FarConfig {
  readonly port?: number
  readonly host?: string
  /** Of a host below `larder.example`: the address that its name has at first. Without one there is no such name. */
  readonly address?: string
  readonly username?: string
  readonly password?: string
  readonly sentinels?: readonly { readonly host: string; readonly port: number }[]
  readonly nodes?: readonly { readonly host: string; readonly port: number }[]
  /** Replicas that have to have a purge. */
  readonly replicas?: number
}

export interface OpenConfig extends SiteConfig {
  /** Without it, memory alone. */
  readonly far: FarConfig | undefined
  readonly maxBytes: number
  readonly coherenceBound?: string
  readonly breakerReset?: string
}

/** What a site was since it was last asked; the largest of what goes up and down. */
export interface Sample {
  readonly metrics: CacheMetrics
  /** Commands that the client holds, as the client itself counts them. */
  readonly commands: number
  /** Bytes that wait to be sent. */
  readonly bytes: number
  readonly rss: number
  readonly loopP99Ms: number
  /** Calls to the far tier that somebody waited for in vain; probes are none. */
  readonly timeouts: number
  readonly breaker: readonly string[]
  readonly codes: Readonly<Record<string, number>>
  readonly unhandled: number
  /** Of these, how often ioredis threw because an empty reply came that nobody had asked for. */
  readonly unasked: number
}

interface Opened {
  readonly cache: Cache
  readonly client: Redis | Cluster | undefined
  readonly server: Server
  readonly site: Site
  mode: 'on' | 'bypass'
  breaker: string[]
  codes: Record<string, number>
  timeouts: number
  commands: number
  bytes: number
}

/** Clients with caches that nobody asks anything. */
const bystanders: { readonly client: Redis; readonly cache: Cache }[] = []
const sites = new Map<string, Opened>()
const told: string[] = []
const written: string[] = []
const loop = monitorEventLoopDelay({ resolution: 10 })
let rss = 0
let unhandled = 0
let unasked = 0
let count = 0

// It wants to say so in an error event, and trips over the reply that is null. Nobody can catch that.
function isUnasked(error: Error | undefined): boolean {
  return /reading 'toString'[\s\S]*shiftCommand[\s\S]*ioredis/.test(error?.stack ?? '')
}

for (const event of ['unhandledRejection', 'uncaughtException'] as const)
  process.on(event, (error: unknown) => {
    unhandled++
    if (isUnasked(error as Error | undefined)) unasked++
    written.push(`${event}: ${(error as Error | undefined)?.stack}`)
  })
for (const stream of [process.stdout, process.stderr]) {
  const write = stream.write.bind(stream) as (...args: unknown[]) => boolean
  stream.write = ((chunk: unknown, ...rest: unknown[]) => {
    written.push(String(chunk))
    return write(chunk, ...rest)
  }) as typeof stream.write
}
onCacheEvent(event => {
  if (event.type === 'request' || event.type === 'eviction') return
  if (told.length < 20_000) told.push(JSON.stringify(event))
  const site = sites.get(event.cache)
  if (event.type === 'far' && event.outcome === 'timeout' && event.operation !== 'probe' && site) site.timeouts++
  if (event.type === 'breaker') site?.breaker.push(event.state)
  if (event.type === 'fault' && site) site.codes[String(event.code)] = (site.codes[String(event.code)] ?? 0) + 1
})
setInterval(watch, 50).unref()

function watch(): void {
  rss = Math.max(rss, process.memoryUsage.rss())
  for (const site of sites.values()) {
    const clients = site.client instanceof Cluster ? site.client.nodes() : site.client ? [site.client] : []
    // Internals of ioredis: nothing public says what it holds.
    const held = clients as unknown as readonly {
      readonly commandQueue: { readonly length: number }
      readonly offlineQueue: { readonly length: number }
      readonly stream?: { readonly writableLength: number }
    }[]
    const commands = held.reduce((sum, each) => sum + each.commandQueue.length + each.offlineQueue.length, 0)
    const bytes = held.reduce((sum, each) => sum + (each.stream?.writableLength ?? 0), 0)
    site.commands = Math.max(site.commands, commands)
    site.bytes = Math.max(site.bytes, bytes)
  }
}

/** Names below `larder.example`, as the name server of this process has them. */
const addresses = new Map<string, string>()
const resolve = dns.lookup as (...args: unknown[]) => void
dns.lookup = ((name: string, options: dns.LookupOptions, callback: (...answer: unknown[]) => void) => {
  if (!name.endsWith('.larder.example')) return resolve(name, options, callback)
  const address = addresses.get(name)
  const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND', syscall: 'getaddrinfo' })
  process.nextTick(() => {
    if (address === undefined) callback(error)
    else if (options.all) callback(null, [{ address, family: 4 }])
    else callback(null, address, 4)
  })
}) as typeof dns.lookup

function name(host: string, address: string | undefined): void {
  if (address === undefined) addresses.delete(host)
  else addresses.set(host, address)
}

function connect(far: FarConfig): Redis | Cluster {
  const { sentinels, nodes, replicas: _, address, ...direct } = far
  if (direct.host !== undefined) name(direct.host, address)
  if (sentinels !== undefined) return connectRedis({ sentinels, name: 'larder' })
  return nodes === undefined ? connectRedis(direct) : connectRedis({ cluster: nodes })
}

async function open(config: OpenConfig): Promise<{ id: string; port: number; listenMs: number }> {
  const startedAt = performance.now()
  const id = `site-${++count}`
  const { far, maxBytes, coherenceBound, breakerReset } = config
  const client = far && connect(far)
  client?.on('error', () => {})
  const opened: { mode: 'on' | 'bypass' } = { mode: 'on' }
  const cache = createCache({
    name: id,
    maxBytes,
    flags: { mode: () => (sites.get(id) ?? opened).mode },
    ...(client && { far: redisStore(client, { log: { replicas: far.replicas ?? 0 } }) }),
    ...(coherenceBound !== undefined && { coherenceBound }),
    ...(breakerReset !== undefined && { breakerReset }),
  })
  const site = createSite(cache, config)
  const server = createServer(site.listener as never).listen(0, '127.0.0.1')
  // A connection that ends while it is taken up again is no fault of anybody here.
  server.keepAliveTimeout = 0
  await once(server, 'listening')
  sites.set(id, { cache, client, server, site, mode: 'on', breaker: [], codes: {}, timeouts: 0, commands: 0, bytes: 0 })
  return { id, port: (server.address() as AddressInfo).port, listenMs: performance.now() - startedAt }
}

serve({
  open,
  async close(id: string) {
    const site = sites.get(id)
    sites.delete(id)
    site?.server.close()
    site?.server.closeAllConnections()
    await site?.cache.close()
    site?.client?.disconnect()
  },
  sample(id: string): Sample {
    watch()
    const site = sites.get(id)!
    const { cache, commands, bytes, timeouts, breaker, codes } = site
    const loopP99Ms = loop.percentile(99) / 1e6
    const errors = { codes, unhandled, unasked }
    const sample = { metrics: cache.getMetrics(), commands, bytes, rss, loopP99Ms, timeouts, breaker, ...errors }
    Object.assign(site, { commands: 0, bytes: 0, timeouts: 0, breaker: [], codes: {} })
    rss = 0
    unhandled = 0
    unasked = 0
    loop.reset()
    return sample
  },
  async purge(id: string, tags: string[]) {
    await sites.get(id)!.cache.invalidateTags(tags)
    return now()
  },
  runs: (id: string, item: string) => sites.get(id)!.site.runs.get(item) ?? 0,
  setMode(id: string, mode: 'on' | 'bypass') {
    sites.get(id)!.mode = mode
  },
  /** Stands still. */
  stall(ms: number) {
    const end = performance.now() + ms
    while (performance.now() < end);
  },
  told: () => told.join('\n'),
  written: () => written.join(''),
  collect: () => globalThis.gc?.(),
  /** Data of the cache itself. */
  data: (id: string, method: 'get' | 'set' | 'delete' | 'mget' | 'mset', ...args: unknown[]) =>
    (sites.get(id)!.cache[method] as (...args: unknown[]) => Promise<unknown>)(...args),
  /** From now on the name has this address, or is none. */
  name,
  /** So many nodes that do nothing but keep their connections. Resolves when all of them are ready. */
  async bystanders(port: number, howMany: number) {
    for (let i = 0; i < howMany; i++) {
      const client = connectRedis({ port })
      bystanders.push({ client, cache: createCache({ name: `bystander-${i}`, far: redisStore(client) }) })
    }
    const waiting = bystanders.map(({ client }) => client.status === 'ready' || once(client, 'ready'))
    await Promise.all(waiting)
  },
  /** How many of them are ready. */
  ready: () => bystanders.filter(({ client }) => client.status === 'ready').length,
  async dismiss() {
    for (const { client, cache } of bystanders.splice(0)) {
      await cache.close()
      client.disconnect()
    }
  },
})
loop.enable()
