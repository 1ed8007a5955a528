// What the environment can say is what the packages take: every option has its variable, with the same default.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadConfig, variableNotes } from '@larder/config'
import { createCache, environmentFlags } from '@larder/core'
import { durationMs } from '@larder/core/door'
import { connectRedis, redisLog, redisStore } from '@larder/redis'
import { expect } from 'chai'
import { root } from '../../scripts/setup.mjs'
import { startRedis } from '../support/redis-server.ts'

/** Options that no text can say, and those of a part of their own. */
const objects = new Set(['far', 'log', 'flags', 'now'])

/** A store and the log beside it have one prefix. */
const variableOf = (prefix: string, option: string) => (option === 'prefix' ? 'LARDER_PREFIX' : prefix + snake(option))

/** The options of an interface, with their defaults as its comments say them. */
function optionsIn(path: string, name: string): readonly { readonly option: string; readonly otherwise: string }[] {
  const text = readFileSync(join(root, path), 'utf8')
  const body = new RegExp(`interface ${name} \\{([\\s\\S]*?)\\n\\}`).exec(text)?.[1] ?? ''
  return [...body.matchAll(/\/\*\*([\s\S]*?)\*\/\s*readonly (\w+)\?:/g)]
    .map(([, comment = '', option = '']) => ({
      option,
      otherwise: /@default ([^\n*]+)/.exec(comment)?.[1]?.trim() ?? '',
    }))
    .filter(({ option }) => !objects.has(option))
}

const snake = (option: string) => option.replace(/[A-Z]/g, '_$&').toUpperCase()

describe('the configuration', () => {
  for (const [path, name, prefix] of [
    ['packages/core/src/cache-options.ts', 'CacheOptions', 'LARDER_'],
    ['packages/redis/src/store-options.ts', 'RedisStoreOptions', 'LARDER_STORE_'],
    ['packages/redis/src/log-options.ts', 'RedisLogOptions', 'LARDER_LOG_'],
  ] as const) {
    it(`has a variable for every option of ${name}, with its default`, () => {
      const options = optionsIn(path, name)
      expect(options).not.to.have.length(0)
      for (const { option, otherwise } of options) {
        const note = variableNotes().find(each => each.name === variableOf(prefix, option))
        expect(note, option).not.to.equal(undefined)
        expect(plain(note?.default ?? ''), option).to.equal(plain(otherwise))
      }
    })
  }

  it('has parts that createCache(), redisStore() and redisLog() take', async () => {
    const env = { LARDER_NAME: 'pages', LARDER_MAX_ENTRY_BYTES: '1MiB', LARDER_MODE: 'read-only' }
    const config = loadConfig(env)
    const client = connectRedis({ port: 1 })
    const log = redisLog(client, config.log)
    const far = redisStore(client, config.store)
    for (const shared of [{ log }, { far }]) {
      const cache = createCache({ ...config.cache, ...shared, flags: environmentFlags(env) })
      await cache.set('a', 1)
      expect(await cache.get('a')).to.equal(undefined)
      await cache.close()
    }
    await log.close()
    client.disconnect()
  })

  it('has a part for Redis that connectRedis() takes, with a password that nobody sees', async () => {
    const server = await startRedis({ config: { requirepass: 'p@ss:word/ #1' } })
    try {
      const port = String(server.port)
      for (const env of [
        {
          REDIS_HOST: '127.0.0.1',
          REDIS_PORT: port,
          REDIS_PASSWORD: 'p@ss:word/ #1',
          REDIS_DB: '3',
          REDIS_FAMILY: '4',
        },
        { REDIS_URL: `redis://:${encodeURIComponent('p@ss:word/ #1')}@127.0.0.1:${port}/3` },
      ]) {
        const { keyPrefix, ...options } = loadConfig(env).redis ?? expect.fail()
        const client = connectRedis(options)
        await new Promise(resolve => client.once('ready', resolve))
        expect(await client.client('INFO')).to.include(' db=3 ')
        client.disconnect()
      }
    } finally {
      await server.end()
    }
  })
})

/** `64 MiB` and `64MiB`, `'1s'` and `1s` say the same; what is no duration stays as it is. */
function plain(text: string): string | number {
  const bare = text.replace(/^'(.*)'$/, '$1').replace(/^(\d+) (\w+)$/, '$1$2')
  if (/^a quarter of/.test(bare)) return ''
  return /^\d+(ms|[smhd])$/.test(bare) ? durationMs(bare, '') : bare
}
