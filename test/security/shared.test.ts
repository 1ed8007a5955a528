// What a stranger can do who may write to the Redis: nobody gets what was not stored for him, nothing breaks, and it goes.

import { crc32 } from 'node:zlib'
import { type CacheEvent, type CacheOptions, onCacheEvent } from '@larder/core'
import { connectRedis, redisStore } from '@larder/redis'
import { expect } from 'chai'
import type { Redis } from 'ioredis'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { canary, expectNowhere, expectOneRun, expectOwnRuns, type Pages, type Site, settle, vectors } from './site.ts'

let server: RedisServer
const clients: Redis[] = []

before(async function () {
  this.timeout(20_000)
  server = await startRedis()
})
after(() => server?.end())
afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect()
  await server.command('FLUSHALL')
})

vectors('a shared tier', site => {
  /** Another process of the same site. */
  async function process(pages: Pages, options: CacheOptions = {}): Promise<Site> {
    const client = connectRedis({ url: server.url, keyPrefix: '' })
    clients.push(client)
    const now = () => performance.timeOrigin + performance.now()
    const made = await site(pages, { store: { far: redisStore(client), farDeadline: '2s', now, ...options } })
    await until(async () => (await made.cache.invalidateTags(['ready']).catch(() => 'not yet')) === undefined)
    await until(async () => {
      await made.cache.set('ready', 1)
      return made.cache.getMetrics().farSets > 0
    })
    // Out of the way of who looks for the entries of pages.
    await made.cache.delete('ready')
    await until(async () => (await entries()).length === 0)
    return made
  }

  /** The frames that lie there: their hash and field. */
  async function entries(): Promise<
    readonly { readonly key: string; readonly field: string; readonly frame: Buffer }[]
  > {
    const found: { key: string; field: string; frame: Buffer }[] = []
    const [client] = clients
    for (const key of (await server.command('KEYS', 'larder:e:*')) as string[]) {
      for (const [field, frame] of Object.entries(await client!.hgetallBuffer(key))) {
        if (field.startsWith('v')) found.push({ key, field, frame })
      }
    }
    return found
  }
  const stored = (count: number) => until(async () => (await entries()).length === count)
  const put = (key: string, field: string, frame: Buffer | string) => server.command('HSET', key, field, frame)

  it('control: what one process has kept is a hit in the other', async () => {
    const pages = { '/p': () => ({}) }
    const [a, b] = [await process(pages), await process(pages)]
    const first = await a.ask('/p')
    await stored(1)
    expectOneRun(first, await b.ask('/p'))
    expect(b.runs()).to.equal(0)
  })

  it('L16: swapped entries are nothing, and go', async () => {
    const secret = canary()
    const pages = { '/mine': () => ({ body: secret }), '/p': () => ({}) }
    const [a, b] = [await process(pages), await process(pages)]
    for (const path of ['/p', '/mine']) await a.ask(path)
    await stored(2)
    const [one, other] = await entries()
    await put(one!.key, one!.field, other!.frame)
    await put(other!.key, other!.field, one!.frame)
    const answers = [await b.ask('/p'), await b.ask('/mine')]
    expectNowhere(secret, answers[0]!)
    expect(answers[1]!.text).to.equal(secret)
    expect(b.runs()).to.equal(2)
  })

  it('L16: the entry of another host is nothing, and goes', async () => {
    const secret = canary()
    const pages = { '/p': () => ({ body: secret }) }
    const [a, b] = [await process(pages), await process({ '/p': () => ({ body: 'of b' }) })]
    await a.ask('/p', { headers: { Host: 'a.example' } })
    await stored(1)
    const [theirs] = await entries()
    await a.ask('/p', { headers: { Host: 'b.example' } })
    await stored(2)
    const own = (await entries()).find(({ key }) => key !== theirs!.key)!
    await put(own.key, own.field, theirs!.frame)
    expect((await b.ask('/p', { headers: { Host: 'b.example' } })).text).to.equal('of b')
  })

  const foreign: readonly [string, (frame: Buffer) => Buffer | string][] = [
    ['nothing', () => ''],
    ['text', () => 'hello'],
    ['JSON', () => '{"__proto__":{"polluted":1},"headers":{"__proto__":{"x":"y"}}}'],
    ['half of it', frame => frame.subarray(0, frame.length / 2)],
    ['it twice', frame => Buffer.concat([frame, frame])],
    ['version 0', frame => changed(frame, 2, 0)],
    ['version 99', frame => changed(frame, 2, 99)],
    ['another kind', frame => changed(frame, 3, 1)],
    ['a bit flipped in the head', frame => changed(frame, 60, frame[60]! ^ 1)],
    ['a bit flipped in the body', frame => changed(frame, frame.length - 1, frame.at(-1)! ^ 1)],
    ['lengths beyond all reason', frame => changed(frame, 8, 0xff)],
    ['3 MB', () => Buffer.alloc(3 * 1024 * 1024, 'x')],
    ['a megabyte that compresses to nothing', () => Buffer.alloc(1024 * 1024)],
  ]
  for (const [title, spoil] of foreign) {
    it(`O8, D4: ${title} in the place of an entry is nothing, and goes`, async () => {
      const pages = { '/p': () => ({}) }
      const [a, b] = [await process(pages), await process(pages)]
      const first = await a.ask('/p')
      await stored(1)
      const [{ key, field, frame }] = (await entries()) as [{ key: string; field: string; frame: Buffer }]
      await put(key, field, spoil(frame))
      const answer = await b.ask('/p')
      expect(answer.status).to.equal(200)
      expect(b.runs()).to.equal(1)
      expect(answer.text).to.equal(first.text)
      await until(async () => (await entries()).every(entry => isWhole(entry.frame)))
      expectOneRun(answer, await b.ask('/p'))
      expect(({} as { polluted?: unknown }).polluted).to.equal(undefined)
    })
  }

  it('O8: another type under every key is nothing, and nobody gets an error', async () => {
    const pages = { '/p': () => ({}), '/q': () => ({}) }
    const [a, b] = [await process(pages), await process(pages)]
    for (const path of ['/p', '/q']) await a.ask(path)
    await stored(2)
    const keys = (await server.command('KEYS', 'larder:e:*')) as string[]
    await server.command('DEL', ...keys)
    await server.command('SET', keys[0]!, 'x')
    await server.command('RPUSH', keys[1]!, 'x')
    for (const path of ['/p', '/q']) expect((await b.ask(path)).status).to.equal(200)
    await stored(2)
  })

  it('P24: a field that would be two makes an entry none, whoever has sealed it', async () => {
    const pages = { '/p': () => ({ headers: { 'X-A': 'a__Set-Cookie: p=1' } }) }
    const [a, b] = [await process(pages), await process({ '/p': () => ({}) })]
    await a.ask('/p')
    await stored(1)
    const [{ key, field, frame }] = (await entries()) as [{ key: string; field: string; frame: Buffer }]
    await put(key, field, resealed(frame, 'a__Set-Cookie: p=1', 'a\\nSet-Cookie: p=1'))
    const answer = await b.ask('/p')
    expect([answer.status, answer.header('set-cookie')]).to.deep.equal([200, undefined])
    expect(b.runs()).to.equal(1)
  })

  it('O9: forged and huge messages on every channel change nothing', async function () {
    this.timeout(60_000)
    const pages = { '/p': () => ({}) }
    const [a, b] = [await process(pages), await process(pages)]
    const first = await a.ask('/p')
    await stored(1)
    const channels = (await server.command('PUBSUB', 'CHANNELS', '*')) as string[]
    expect(channels.length).to.be.at.least(3)
    const junk = [
      '',
      ' ',
      'x',
      'stored',
      'stored ',
      ' stored',
      'apart open\n',
      'failed x',
      '__proto__ y',
      '\0',
      '{"a":1}',
      'x'.repeat(1024 * 1024),
      '\n\n\n\n',
      'e\n1\ni\n\n{"kind":"all"}',
    ]
    for (const channel of channels) for (const message of junk) await server.command('PUBLISH', channel, message)
    await settle()
    expectOneRun(first, await a.ask('/p'), await b.ask('/p'))
    expect(b.runs()).to.equal(0)
    await a.cache.invalidateTags(['x'])
    expectOneRun(first, await a.ask('/p'))
  })

  it('O5: no event, answer or output holds a key, a body, a tag or the password, whatever the store says', async () => {
    const secret = canary()
    const events: CacheEvent[] = []
    const end = onCacheEvent(event => void events.push(event))
    try {
      const a = await process({ [`/${secret}`]: () => ({ body: secret }) })
      await a.ask(`/${secret}`)
      await stored(1)
      await server.command('CONFIG', 'SET', 'maxmemory', '1')
      await a.cache.set(secret, secret, { ttl: 60, tags: [secret] })
      await a.ask(`/${secret}?${secret}`)
      await server.command('CONFIG', 'SET', 'maxmemory', '0')
      await server.command('ACL', 'SETUSER', 'default', '-@all', '+acl', '+ping')
      await a.ask(`/${secret}?2`)
    } finally {
      end()
      await server.command('ACL', 'SETUSER', 'default', '+@all')
      await server.command('CONFIG', 'SET', 'maxmemory', '0')
    }
    expect(events.filter(({ type }) => type === 'far')).not.to.have.length(0)
    expect(events.filter(({ type }) => type === 'fault')).not.to.have.length(0)
    expect(JSON.stringify(events)).not.to.include(secret)
  })

  it('D10: what is stale is refreshed by one process, and all of them are answered', async () => {
    const pages = { '/p': () => ({ headers: { 'Cache-Control': 'public, max-age=1, stale-while-revalidate=60' } }) }
    const [a, b] = [await process(pages), await process(pages)]
    await a.ask('/p')
    await stored(1)
    await b.ask('/p')
    await until(async () => /stale-while/.test((await b.ask('/p')).header('cache-status') ?? ''))
    await until(async () => a.runs() + b.runs() === 2)
    expectOwnRuns(await a.ask('/p'))
    expect(a.runs() + b.runs()).to.be.at.most(3)
  })
})

function changed(frame: Buffer, at: number, value: number): Buffer {
  const other = Buffer.from(frame)
  other[at] = value
  return other
}

/** Mark and version. */
function isWhole(frame: Buffer): boolean {
  return frame.length > 40 && frame[0] === 0x4c && frame[1] === 0x52 && frame[2] === 1 && frame.length < 1_000_000
}

/** With another text in its head, and a checksum that is right. */
function resealed(frame: Buffer, from: string, to: string): Buffer {
  const length = frame.readUInt32BE(8)
  const head = Buffer.from(frame.toString('utf8', 40, 40 + length).replaceAll(from, to))
  const other = Buffer.concat([frame.subarray(0, 40), head, frame.subarray(40 + length)])
  other.writeUInt32BE(head.length, 8)
  other.writeUInt32BE(crc32(other.subarray(8), other[3]!), 4)
  return other
}

async function until(ready: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 5000
  while (!(await ready())) {
    expect(performance.now(), `waited too long: ${ready}`).to.be.lessThan(end)
    await settle(5)
  }
}
