// What the rows stand on: a Redis, alone or behind a proxy, behind Sentinels, or a Cluster.

import { type RedisCluster, type RedisClusterOptions, startRedisCluster } from '../support/redis-cluster.ts'
import { type RedisSentinel, startRedisSentinel } from '../support/redis-sentinel.ts'
import { type RedisServer, type RedisServerOptions, startRedis } from '../support/redis-server.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import type { FarConfig } from './app.ts'
import type { Bed } from './run-row.ts'

export interface ServerBed extends Bed {
  readonly redis: RedisServer
}

export interface ProxyBed extends ServerBed {
  readonly proxy: TcpProxy
}

export interface SentinelBed extends Bed {
  readonly sentinel: RedisSentinel
}

export interface ClusterBed extends Bed {
  readonly cluster: RedisCluster
}

export function server(options: RedisServerOptions = {}, far: FarConfig = {}): () => Promise<ServerBed> {
  return async () => {
    const redis = await startRedis(options)
    return { redis, far: { port: redis.port, ...far }, end: () => redis.end() }
  }
}

export function proxied(options: RedisServerOptions = {}): () => Promise<ProxyBed> {
  return async () => {
    const redis = await startRedis(options)
    const proxy = await startTcpProxy({ target: redis.port })
    return {
      redis,
      proxy,
      far: { port: proxy.port },
      async end() {
        await proxy.close()
        await redis.end()
      },
    }
  }
}

export interface NamedBed extends ServerBed {
  readonly name: string
  readonly host: string
  /** Where its name leads after it has moved: to another server, on the same port. */
  readonly elsewhere: string
}

/** A Redis that is found by a name. */
export function named(address: string | undefined): () => Promise<NamedBed> {
  return async () => {
    const [redis, other] = [await startRedis(), await startRedis()]
    const elsewhere = '127.0.0.2'
    const proxy = await startTcpProxy({ target: other.port, host: elsewhere, port: redis.port })
    const host = `redis-${redis.port}.larder.example`
    return {
      redis,
      name: host,
      host: redis.host,
      elsewhere,
      far: { host, port: redis.port, ...(address !== undefined && { address }) },
      async end() {
        await proxy.close()
        await Promise.all([redis.end(), other.end()])
      },
    }
  }
}

export function sentinels(far: FarConfig = {}): () => Promise<SentinelBed> {
  return async () => {
    const sentinel = await startRedisSentinel()
    return { sentinel, far: { sentinels: sentinel.sentinels, ...far }, end: () => sentinel.end() }
  }
}

export function cluster(options: RedisClusterOptions = {}): () => Promise<ClusterBed> {
  return async () => {
    const made = await startRedisCluster(options)
    return { cluster: made, far: { nodes: made.nodes }, end: () => made.end() }
  }
}
