// Class O — What operators use gives nobody a lever, and tells nobody what is kept.
//
// | not for memory alone | why |
// |---|---|
// | O4 addresses and passwords of a server | needs a shared tier |
// | O5 errors of its client, O8 foreign entries, O9 forged messages | in shared.test.ts, on a real Redis |
// | O6 attributes of spans | in telemetry.test.ts, with the real instrumentations |

import { type CacheEvent, createCache, escapeGlob, functionFlags, glob, onCacheEvent } from '@larder/core'
import { expect } from 'chai'
import {
  canary,
  expectNowhere,
  expectOneRun,
  expectOwnRuns,
  handlerOf,
  type Page,
  runOf,
  settle,
  signIn,
  vectors,
} from './site.ts'

vectors('operations', (site, framework) => {
  it('control: a plain page is kept', async () => {
    const { ask } = await site({ '/p': () => ({}) })
    expectOneRun(await ask('/p'), await ask('/p'))
  })

  for (const [id, asked] of [
    [
      'O1',
      [
        ['POST', '/_cache/purge'],
        ['PURGE', '/p'],
        ['DELETE', '/p'],
        ['BAN', '/p'],
        ['POST', '/p'],
      ],
    ],
    [
      'O2',
      [
        ['GET', '/_cache/purge?tag=a'],
        ['GET', '/p?_method=PURGE'],
        ['POST', '/_cache/purge?tag=a'],
      ],
    ],
  ] as const) {
    it(`${id}: there is no request that purges: ${asked.map(each => each.join(' ')).join(', ')}`, async () => {
      const tagged = handlerOf(framework, visit => {
        framework.door.tag(visit.subject, 'a')
        return {}
      })
      const { ask } = await site({}, { build: app => app.get('/p', tagged) })
      const first = await ask('/p')
      for (const [method, target] of asked) {
        const answer = await ask(target, {
          method,
          headers: { 'Content-Type': 'text/plain', Origin: 'https://evil.example', Cookie: 'admin=1' },
        })
        if (!target.startsWith('/p')) expect(answer.status, `${method} ${target}`).to.equal(404)
      }
      expectOneRun(first, await ask('/p'))
    })
  }

  it('O3: what a client sends is no pattern', async () => {
    const { ask, cache } = await site({}, { rest: () => ({}) })
    for (const id of ['*', '?', '[a-z]*', '[^x]', '\\', '\\*', '**', '-', '^', '\n', '__proto__', '', '].*']) {
      const kept = runOf(await ask('/user/7/x'))
      await cache.invalidatePattern(glob`/user/${id}/*`)
      await cache.invalidatePattern(`/user/${escapeGlob(id)}/*`)
      await cache.invalidateTags([id === '' ? '*' : id])
      expect(runOf(await ask('/user/7/x')), JSON.stringify(id)).to.equal(kept)
    }
    const kept = runOf(await ask('/user/7/x'))
    await cache.invalidatePattern(glob`/user/${7}/*`)
    expect(runOf(await ask('/user/7/x'))).not.to.equal(kept)
  })

  it('O3: what cannot be a pattern, a tag or a key is an error, and nothing is purged', async () => {
    const { ask, cache } = await site({ '/p': () => ({}) })
    const kept = await ask('/p')
    const odd: unknown[] = ['x'.repeat(10_000), 7, null, undefined, {}, ['*'], Symbol('*')]
    for (const value of odd) {
      for (const call of [
        () => cache.invalidatePattern(value as string),
        () => cache.invalidateTags([value as string]),
        () => cache.delete(value as string),
      ]) {
        const code = await call().then(
          () => 'nothing',
          (error: { code: string }) => error.code,
        )
        expect(code).to.match(/^LARDER_INVALID_(PATTERN|TAG|KEY)$/)
      }
    }
    expectOneRun(kept, await ask('/p'))
  })

  it('O4: health tells of no target, key, tag, host, field or value', async () => {
    const secret = canary()
    const health = framework.door.cacheHealth({ path: '/health' })
    const { ask, cache } = await site(
      {},
      { before: [health], rest: () => ({ body: secret }), route: { tags: [secret] } },
    )
    await cache.set(secret, secret, { tags: [secret] })
    await ask(`/${secret}?token=${secret}`, { headers: { Host: `${secret}.example`, 'X-A': secret, Cookie: secret } })
    for (const target of ['/health', '/health/live', '/health/ready', '/health/startup']) {
      const answer = await ask(target, { headers: { Host: `${secret}.example` } })
      expect(answer.status).to.equal(200)
      expectNowhere(secret, answer)
      expect(answer.text).not.to.match(/stack|node_modules|127\.0\.0\.1|larder\.example|:\/\//)
      expect(answer.header('cache-control')).to.equal('no-store')
    }
  })

  it('O5: events and output hold nothing of a request or a response, whatever fails', async () => {
    const secret = canary()
    const told: CacheEvent[] = []
    const off = onCacheEvent(event => told.push(event))
    const output = listenToOutput()
    try {
      const failing = () => {
        throw new Error(secret)
      }
      for (const route of [
        {},
        { tags: failing },
        { key: failing },
        { scope: failing },
        { skip: failing },
        { tags: [secret] },
      ]) {
        const { ask, cache } = await site({}, { route, rest: () => ({ headers: { 'X-A': secret }, body: secret }) })
        await ask(`/p?token=${secret}`, { headers: { Authorization: `Bearer ${secret}`, Cookie: `sid=${secret}` } })
        await ask(`/p?token=${secret}`)
        await ask(`/p?token=${secret}`)
        await cache.getOrSet(secret, failing).catch(() => undefined)
        await cache.invalidateTags([secret])
        await cache.invalidatePattern(`${secret}*`)
        await cache.set('x'.repeat(2000), secret).catch(() => undefined)
      }
    } finally {
      off()
      output.end()
    }
    expect(told.length).to.be.above(20)
    expect(JSON.stringify(told)).not.to.include(secret)
    expect(output.text()).not.to.include(secret)
  })

  it('O7: names that mean something to JavaScript mean nothing to the cache', async () => {
    const { ask, cache } = await site(
      { '/vary': ({ target }) => ({ headers: { Vary: target.split('?')[1]! } }) },
      { rest: () => ({}), route: { query: { sort: true, ignore: ['utm_*'] } } },
    )
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']
    for (const name of names) {
      const odd = { headers: Object.fromEntries([[name, 'x']]) }
      const answers = [await ask(`/vary?${name}`), await ask(`/vary?${name}`, odd), await ask(`/vary?${name}`)]
      expect(answers.map(({ status }) => status)).to.deep.equal([200, 200, 200])
      expectOwnRuns(...answers.slice(0, 2))
      const cookie = { headers: { Cookie: `${name}=1` } }
      expectOwnRuns(await ask(`/?${name}=1`), await ask(`/?${name}[polluted]=1`), await ask(`/${name}`, cookie))
    }
    for (const key of ['__proto__', 'constructor', 'toString']) {
      expect(await cache.get(key)).to.equal(undefined)
      await cache.set(key, JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'), {
        tags: [key],
      })
      expect(Object.keys((await cache.get(key)) ?? {})).to.have.members(['__proto__', 'constructor'])
      await cache.invalidateTags([key])
      expect(await cache.get(key)).to.equal(undefined)
    }
    expect(({} as { polluted?: unknown }).polluted).to.equal(undefined)
  })

  it('O10: a switch that says something else, or fails, changes nothing and costs nobody an answer', async () => {
    const said: (() => unknown)[] = [
      () => 'maybe',
      () => undefined,
      () => true,
      () => ({ mode: 'bypass' }),
      () => Promise.resolve('bypass'),
      () => {
        throw new Error('no flag')
      },
    ]
    let say: () => unknown = () => 'on'
    const { ask } = await site({ '/p': () => ({}) }, { store: { flags: functionFlags(() => say()) } })
    const kept = await ask('/p')
    for (const each of said) {
      say = each
      expectOneRun(kept, await ask('/p'))
    }
    say = () => 'bypass'
    expectOwnRuns(kept, await ask('/p'))
    for (const each of said) {
      say = each
      expectOwnRuns(kept, await ask('/p'))
    }
    const broken = { mode: said[5] as never }
    const other = await site({ '/p': () => ({}) }, { store: { flags: broken } })
    expect((await other.ask('/p')).status).to.equal(200)
  })

  it('O11: documented, not prevented: how fast a public page comes tells that somebody has asked for it', async () => {
    const { ask } = await site({ '/search': () => ({}) })
    await ask('/search?q=x')
    const crossSite = await ask('/search?q=x', { headers: { 'Sec-Fetch-Site': 'cross-site' } })
    expect(crossSite.header('cache-status')).to.include('hit')
  })

  it('O11: how fast a page of one person comes tells nothing, since it is never kept', async () => {
    const { layer, who } = signIn(framework)
    const mine: Page = () => ({ headers: { 'Cache-Control': 'max-age=60' }, body: who() })
    const { ask } = await site({ '/search': mine }, { before: [layer] })
    const asking = { headers: { Cookie: 'u=alice' } }
    await ask('/search?q=x', asking)
    const crossSite = await ask('/search?q=x', { headers: { ...asking.headers, 'Sec-Fetch-Site': 'cross-site' } })
    expect(crossSite.header('cache-status')).not.to.include('hit')
  })
})

describe('operations of the data cache', () => {
  it('O7: a value that is handed out is nobody else’s', async () => {
    const cache = createCache()
    const given = { list: [1] }
    await cache.set('a', given)
    given.list.push(2)
    const got = await cache.get<typeof given>('a')
    got?.list.push(3)
    expect(await cache.get('a')).to.deep.equal({ list: [1] })
    await cache.close()
    await settle(1)
  })
})

/** Everything that the process writes from now on. */
function listenToOutput(): { text(): string; end(): void } {
  const written: string[] = []
  const streams = [process.stdout, process.stderr]
  const originals = streams.map(stream => stream.write)
  for (const [index, stream] of streams.entries()) {
    stream.write = ((chunk: string | Uint8Array, ...rest: never[]) => {
      written.push(String(chunk))
      return Reflect.apply(originals[index]!, stream, [chunk, ...rest])
    }) as typeof stream.write
  }
  return {
    text: () => written.join(''),
    end() {
      for (const [index, stream] of streams.entries()) stream.write = originals[index]!
    },
  }
}
