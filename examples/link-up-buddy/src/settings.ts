// What the environment says, checked before anything is opened.

import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ConnectRedisOptions } from '@larder/redis'

export interface Settings {
  /** 0: any free port. */
  readonly port: number
  readonly databaseUrl: string | undefined
  readonly dataFolder: string
  readonly sessionSecret: string | undefined
  /** The Redis that servers share their purges through. */
  readonly redis: ConnectRedisOptions | undefined
}

const repository = fileURLToPath(new URL('../../../', import.meta.url))

/** @param name the server's own folder below `.data`, so that both servers can run at once. */
export function readSettings(env: NodeJS.ProcessEnv, name: string): Settings {
  const port = env.PORT?.trim() || '3000'
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new Error(`PORT is '${port}': expected a whole number from 0 (any free port) to 65535.`)
  }
  const databaseUrl = env.DATABASE_URL || undefined
  // Not shown: it may hold a password.
  if (databaseUrl !== undefined && !/^postgres(ql)?:\/\//.test(databaseUrl)) {
    throw new Error('DATABASE_URL is not an address of Postgres: expected postgres://user:password@host:port/database.')
  }
  const sessionSecret = env.SESSION_SECRET || undefined
  if (sessionSecret !== undefined && sessionSecret.length < 16) {
    throw new Error('SESSION_SECRET is too short: expected at least 16 characters.')
  }
  return {
    port: Number(port),
    databaseUrl,
    dataFolder: env.DATA_DIR ? resolve(env.DATA_DIR) : join(repository, '.data', name),
    sessionSecret,
    redis: readRedis(env),
  }
}

function readRedis(env: NodeJS.ProcessEnv): ConnectRedisOptions | undefined {
  const { REDIS_URL: url, REDIS_HOST: host, REDIS_USERNAME: username, REDIS_PASSWORD: password } = env
  if (url) {
    // Not shown: it may hold a password.
    if (!/^rediss?:\/\//.test(url)) throw new Error('REDIS_URL is no address of Redis: expected redis://host:port.')
    return { url }
  }
  if (!host) return undefined
  return {
    host,
    port: wholeNumber('REDIS_PORT', env.REDIS_PORT, 1, 65_535) ?? 6379,
    db: wholeNumber('REDIS_DB', env.REDIS_DB, 0, 9999) ?? 0,
    ...(username ? { username } : {}),
    ...(password ? { password } : {}),
  }
}

function wholeNumber(name: string, given: string | undefined, least: number, most: number): number | undefined {
  const text = given?.trim()
  if (!text) return undefined
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < least || value > most) {
    throw new Error(`${name} is '${text}': expected a whole number from ${least} to ${most}.`)
  }
  return value
}
