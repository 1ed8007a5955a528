// Rows in which Redis answers, and says no: full, a replica, loading, busy, not allowed, of another type.

import { connectRedis } from '@larder/redis'
import { type ServerBed, server } from '../beds.ts'
import type { Row } from '../run-row.ts'

const user = { username: 'larder', password: 'pass-of-the-user' }

/** A server with a user of its own for the site. */
async function withUser(): Promise<ServerBed> {
  const bed = await server({}, user)()
  await bed.redis.command('ACL', 'SETUSER', user.username, 'on', `>${user.password}`, '~*', '&*', '+@all')
  return bed
}

export const refusals: readonly Row[] = [
  {
    id: 'R10',
    title: 'Redis has no memory left (OOM)',
    setUp: server(),
    inject: async ({ bed }) => void (await bed.redis.command('CONFIG', 'SET', 'maxmemory', 1)),
    heal: async ({ bed }) => void (await bed.redis.command('CONFIG', 'SET', 'maxmemory', 0)),
    terms: { breaker: 'stays closed' },
    verify: async (_, { codes }) => (codes['LARDER_FAR_FULL'] ? [] : ['nobody noticed that it is full']),
  } satisfies Row<ServerBed>,
  {
    id: 'R11',
    title: 'The master becomes a replica (READONLY)',
    async setUp() {
      const [bed, other] = [await server()(), await server()()]
      return { ...bed, other: other.redis, end: async () => void (await Promise.all([bed.end(), other.end()])) }
    },
    inject: async ({ bed }) => void (await bed.redis.command('REPLICAOF', '127.0.0.1', bed.other.port)),
    heal: async ({ bed }) => void (await bed.redis.command('REPLICAOF', 'NO', 'ONE')),
    async verify(_, { codes }) {
      return codes['LARDER_FAR_READ_ONLY'] ? [] : ['nobody noticed that it is read-only']
    },
  } satisfies Row<ServerBed & { readonly other: ServerBed['redis'] }>,
  {
    id: 'R12a',
    title: 'Redis is loading its file (LOADING)',
    async setUp() {
      // What the load has stored is loaded as slowly.
      const bed = await server({
        config: { dbfilename: 'dump.rdb', 'key-load-delay': 5000, 'loading-process-events-interval-bytes': 1024 },
        startMs: 120_000,
      })()
      return { ...bed, loaded: Promise.resolve() }
    },
    async prepare({ bed, mode }) {
      // Five milliseconds for each key.
      const keys = Math.ceil(Math.min(mode.faultMs, 8000) / 5)
      await bed.redis.command(
        'EVAL',
        `for i = 1, ${keys} do redis.call('SET', 'filler:' .. i, string.rep('x', 200)) end`,
        0,
      )
    },
    async inject({ bed }) {
      await bed.redis.command('SAVE')
      await bed.redis.kill()
      bed.loaded = bed.redis.restart()
      // Whoever waits for it hears of a failure.
      bed.loaded.catch(() => {})
    },
    async heal({ bed, note }) {
      await bed.loaded
      note('ends when it has loaded')
    },
  } satisfies Row<ServerBed & { loaded: Promise<void> }>,
  {
    id: 'R12b',
    title: 'A replica has lost its master (MASTERDOWN)',
    setUp: server({ config: { 'replica-serve-stale-data': 'no' } }),
    inject: async ({ bed }) => void (await bed.redis.command('REPLICAOF', '127.0.0.1', 1)),
    heal: async ({ bed }) => void (await bed.redis.command('REPLICAOF', 'NO', 'ONE')),
    terms: { breaker: 'opens' },
  } satisfies Row<ServerBed>,
  {
    id: 'R12c',
    title: 'A script of somebody else never ends (BUSY)',
    setUp: server({ config: { 'busy-reply-threshold': 100 } }),
    async inject({ bed }) {
      void bed.redis.command('EVAL', 'while true do end', 0).catch(() => {})
    },
    heal: async ({ bed }) => void (await bed.redis.command('SCRIPT', 'KILL')),
    terms: { breaker: 'opens' },
  } satisfies Row<ServerBed>,
  {
    id: 'R13a',
    title: 'The user may not do anything any more (NOPERM)',
    setUp: withUser,
    inject: async ({ bed }) => void (await bed.redis.command('ACL', 'SETUSER', user.username, '-@all')),
    heal: async ({ bed }) => void (await bed.redis.command('ACL', 'SETUSER', user.username, '+@all')),
    terms: { breaker: 'opens' },
  } satisfies Row<ServerBed>,
  {
    id: 'R13b',
    title: 'The password is another one, and connections are dropped (WRONGPASS)',
    setUp: withUser,
    async inject({ bed }) {
      await bed.redis.command('ACL', 'SETUSER', user.username, 'resetpass', '>another')
      await bed.redis.command('CLIENT', 'KILL', 'USER', user.username)
    },
    heal: async ({ bed }) =>
      void (await bed.redis.command('ACL', 'SETUSER', user.username, 'resetpass', `>${user.password}`)),
    terms: { breaker: 'opens' },
    async verify({ a }) {
      const output = `${await a.app.call<string>('written')}${await a.app.call<string>('told')}`
      return output.includes(user.password) ? ['the password was written or told'] : []
    },
  } satisfies Row<ServerBed>,
  {
    id: 'R13c',
    title: 'The site knows no password from the start (NOAUTH)',
    async setUp() {
      const bed = await server()()
      await bed.redis.command('CONFIG', 'SET', 'requirepass', 'unknown-to-the-site')
      return bed
    },
    inject: async () => {},
    async heal({ bed }) {
      const owner = connectRedis({ port: bed.redis.port, password: 'unknown-to-the-site' })
      await new Promise(resolve => owner.once('ready', resolve))
      await owner.config('SET', 'requirepass', '')
      owner.disconnect()
    },
    terms: { startsWithout: true },
  } satisfies Row<ServerBed>,
  {
    id: 'R14',
    title: 'Something of another type lies under every key (WRONGTYPE)',
    setUp: server(),
    async inject({ bed, note }) {
      const spoil = `
local keys = redis.call('KEYS', 'app:larder:e:*')
for _, key in ipairs(keys) do redis.call('DEL', key) redis.call('LPUSH', key, 'x') end
return #keys`
      const spoilt = Number(await bed.redis.command('EVAL', spoil, 0))
      if (spoilt === 0) throw new Error('Nothing was stored.')
      note(`${spoilt} entries spoilt`)
    },
    heal: async () => {},
    terms: { breaker: 'stays closed' },
  } satisfies Row<ServerBed>,
]
