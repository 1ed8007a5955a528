// Class D — No client can make the cache use memory or time without bound.
//
// | not for memory alone | why |
// |---|---|
// | D4 a small entry that decodes to a large one | nothing is decoded: entries in memory are kept as they came |
// | D11 patterns over keys in a shared store, D12 commands that the store refuses | needs a shared tier |

import { Readable } from 'node:stream'
import { type CacheEvent, createCache, onCacheEvent } from '@larder/core'
import { expect } from 'chai'
import { canary, drain, expectOneRun, expectOwnRuns, gate, growth, type Page, runOf, settle, vectors } from './site.ts'

const MiB = 1024 * 1024
const maxBytes = 64 * MiB

vectors('exhaustion', (site, framework) => {
  it('control: a plain page is kept', async () => {
    const { ask } = await site({ '/p': () => ({}) })
    expectOneRun(await ask('/p'), await ask('/p'))
  })

  it('D1: a flood of targets stays within the bound, and what is asked for often stays', async () => {
    const body = Buffer.alloc(MiB / 2, 'x')
    const { ask, cache, port } = await site({ '/s': () => ({ body }), '/hot': () => ({}) })
    const hot: number[] = []
    const grown = await growth(async sample => {
      for (let i = 0; i < 200; i++) {
        await drain(port, `/s?q=${canary()}`)
        if (i % 10 === 0) hot.push(runOf(await ask('/hot')))
        if (i % 50 === 0) sample()
      }
    })
    expect(cache.getMetrics().bytes).to.be.within(maxBytes / 2, maxBytes)
    expect(cache.getMetrics().evictions).to.be.above(50)
    expect(new Set(hot).size).to.equal(1)
    expect(grown).to.be.below(maxBytes + 64 * MiB)
  })

  it('D2: a flood of values of a field that selects keeps 32 variants of a page', async () => {
    const { ask } = await site({ '/v': () => ({ headers: { Vary: 'User-Agent' } }) })
    const agents = Array.from({ length: 150 }, canary)
    const say = (agent: string) => ask('/v', { headers: { 'User-Agent': agent } })
    const first = new Map<string, number>()
    for (const agent of agents) first.set(agent, runOf(await say(agent)))
    let kept = 0
    for (const agent of agents) if (runOf(await say(agent)) === first.get(agent)) kept++
    expect(kept).to.equal(32)
  })

  it('D2: so does one of a field that the page only reads', async () => {
    const { ask, cache } = await site({ '/v': ({ field }) => ({ body: `for ${field('x-trip')}`.slice(0, 9) }) })
    for (let i = 0; i < 60; i++) await ask('/v', { headers: { 'X-Trip': canary() } })
    expect(cache.getMetrics().sets).to.equal(32)
  })

  it('D3: a page with too many tags, or too long ones, is not kept', async () => {
    const many = Array.from({ length: 10_000 }, (_, i) => `tag ${i}`)
    const lists: Readonly<Record<string, readonly string[]>> = {
      '/many': many,
      '/long': ['x'.repeat(MiB)],
      '/65': many.slice(0, 65),
      '/129': ['x'.repeat(129)],
    }
    const tagged =
      (tags: readonly string[]): Page =>
      visit => {
        framework.door.tag(visit.subject, ...tags)
        return {}
      }
    const pages = Object.fromEntries(Object.entries(lists).map(([path, tags]) => [path, tagged(tags)]))
    const { ask, cache } = await site({ ...pages, '/64': tagged(many.slice(0, 64)) })
    for (const path of Object.keys(lists)) expectOwnRuns(await ask(path), await ask(path))
    expectOneRun(await ask('/64'), await ask('/64'))
    expect(cache.getMetrics().entries).to.equal(1)
  })

  it('D5: large bodies at once go through and are not gathered', async () => {
    const { port } = await site({ '/large': () => ({ body: large(12) }) })
    const grown = await growth(async sample => {
      const bytes = Promise.all(Array.from({ length: 16 }, () => drain(port, '/large')))
      await settle()
      sample()
      for (const each of await bytes) expect(each).to.be.above(12 * MiB)
    })
    // All of them together have 192; what has been sent goes with some delay.
    expect(grown).to.be.below(128 * MiB)
  })

  it('D8: clients that leave while they wait leave nothing behind', async () => {
    const hanging = gate()
    const health = framework.door.cacheHealth(framework.family === 'express' ? {} : { path: '/' })
    const { open, ask } = await site(
      {
        '/slow': async () => {
          await hanging.opened
          return {}
        },
      },
      { build: app => app.use(health) },
    )
    const underWay = async () => JSON.parse((await ask('/')).text).checks['cache:memory'][0].fillsUnderWay as number
    const calls = Array.from({ length: 300 }, () => open('/slow', { waitMs: 5000 }))
    while ((await underWay()) === 0) await settle(5)
    expect(await underWay()).to.equal(1)
    for (const call of calls) call.leave()
    hanging.open()
    for (let tries = 0; (await underWay()) > 0 && tries < 50; tries++) await settle(20)
    expect(await underWay()).to.equal(0)
    expect(runOf(await ask('/slow'))).to.be.at.most(2)
  })

  it('D9: no client can make the handler run by asking for it', async () => {
    const { ask } = await site({ '/p': () => ({}) })
    const first = await ask('/p')
    const odd = [
      { 'Cache-Control': 'no-cache' },
      { 'Cache-Control': 'no-store, max-age=0, min-fresh=999999' },
      { 'Cache-Control': 'only-if-cached, "' },
      { Pragma: 'no-cache' },
      { 'Accept-Encoding': ';;;q=,,' },
      { 'Accept-Encoding': 'gzip;q=2, *;q=x' },
      { 'Accept-Language': ',,,;q=' },
      { 'If-None-Match': '"' },
      { Range: 'bytes=x-' },
      { 'X-Anything': canary() },
    ]
    for (const headers of odd) expectOneRun(first, await ask('/p', { headers: headers as Record<string, string> }))
  })

  it('D10: after everything was purged each page is made once, however many ask', async () => {
    const { open, ask, cache, runs } = await site({
      '/p': async () => {
        await settle(10)
        return {}
      },
    })
    const pages = Array.from({ length: 20 }, (_, i) => `/p?${i}`)
    for (const page of pages.slice(0, 3)) await ask(page)
    await cache.clear()
    const before = runs()
    const calls = pages.flatMap(page => Array.from({ length: 8 }, () => open(page, { waitMs: 5000 }).done))
    await Promise.all(calls)
    expect(runs() - before).to.equal(pages.length)
  })

  it('D11: no pattern takes long', async () => {
    const { ask, cache } = await site({ '/:any': () => ({}) })
    const targets = Array.from({ length: 5 }, (_, i) => `/${'a'.repeat(1000)}${i}`)
    for (const target of targets) await ask(target)
    const startedAt = performance.now()
    for (const pattern of [`/${'*a'.repeat(400)}*b`, `/${'?*'.repeat(400)}`.concat('b'), `${'[a-z]*'.repeat(150)}b`]) {
      await cache.invalidatePattern(pattern)
    }
    for (const target of targets) expect(runOf(await ask(target))).to.be.at.most(5)
    expect(performance.now() - startedAt).to.be.below(1000)
  })

  it('D12: numbers beyond all reason are no fault', async () => {
    const { ask, cache, clock } = await site({
      '/p': () => ({
        headers: { 'Cache-Control': `public, max-age=${'9'.repeat(400)}, stale-while-revalidate=1e999` },
      }),
    })
    const first = await ask('/p')
    clock.advance(1e9)
    expectOneRun(first, await ask('/p'))
    expect(cache.getMetrics().errors).to.equal(0)
  })

  it('D13: what is told of many targets has few words', async () => {
    const { ask } = await site({}, { rest: ({ run }) => (run % 3 === 0 ? { status: 503 } : {}) })
    const words = new Set<string>()
    const off = onCacheEvent((event: CacheEvent) => {
      const { durationMs: _, bytes: __, ...labels } = event as CacheEvent & { durationMs?: number; bytes?: number }
      words.add(JSON.stringify(labels))
    })
    try {
      for (let i = 0; i < 100; i++) {
        const method = ['GET', 'HEAD', 'POST', 'PURGE'][i % 4]!
        await ask(`/${canary()}?${canary()}`, { method, headers: { 'X-A': canary(), 'User-Agent': canary() } })
      }
    } finally {
      off()
    }
    expect(words.size).to.be.within(2, 20)
    expect([...words].join()).not.to.include('canary')
  })
})

describe('exhaustion of the data cache', () => {
  it('D1: a flood of keys stays within the bound', async () => {
    const cache = createCache()
    const grown = await growth(async sample => {
      for (let i = 0; i < 150_000; i++) {
        cache.set(`key ${i}`, 'x').catch(() => undefined)
        if (i % 50_000 === 0) {
          await null
          sample()
        }
      }
    })
    expect(cache.getMetrics().bytes).to.be.within(maxBytes / 2, maxBytes)
    expect(grown).to.be.below(maxBytes + 64 * MiB)
    await cache.close()
  })

  it('D3: a flood of tags that are purged stays within a bound, and purges go on working', async () => {
    const cache = createCache()
    const grown = await growth(async sample => {
      for (let i = 0; i < 300; i++) {
        await cache.invalidateTags(Array.from({ length: 200 }, (_, j) => `tag ${i} ${j} ${'x'.repeat(100)}`))
        if (i % 100 === 0) sample()
      }
    })
    expect(grown).to.be.below(16 * MiB)
    await cache.set('a', 1, { ttl: 60, tags: ['mine'] })
    expect(await cache.get('a')).to.equal(1)
    await cache.invalidateTags(['mine'])
    expect(await cache.get('a')).to.equal(undefined)
    await cache.close()
  })

  it('D12: a lifetime or a value beyond all bounds is refused, and nothing breaks', async () => {
    const cache = createCache()
    for (const ttl of [1e20, Number.POSITIVE_INFINITY, Number.NaN, -1]) {
      const code = await cache.set('a', 1, ttl).then(
        () => undefined,
        (error: { code: string }) => error.code,
      )
      expect(code).to.equal('LARDER_INVALID_DURATION')
    }
    await cache.set('large', Buffer.alloc(20 * MiB), 60)
    expect(await cache.get('large')).to.equal(undefined)
    await cache.set('a', 1, 60)
    expect(await cache.get('a')).to.equal(1)
    await cache.close()
  })
})

/** So many MiB, in pieces of 64 KiB that are one and the same. */
function large(mebibytes: number): Readable {
  const piece = Buffer.alloc(65_536, 'x')
  let left = mebibytes * 16
  return new Readable({
    read() {
      this.push(left-- > 0 ? piece : null)
    },
  })
}
