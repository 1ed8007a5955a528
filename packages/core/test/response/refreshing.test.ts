// RFC 5861 §3 — Stale goes out now, and one refresh runs behind it that leaves no trace of who caused it.

import { expect } from 'chai'
import { gate, settle } from '../support.ts'
import { type Bed, beds, type Fields, type Run, told, until } from './bed.ts'

const fresh: Fields = { 'Cache-Control': 'public, max-age=60, stale-while-revalidate=600' }

function breakOff(run: Run): void {
  run.head(200, fresh)
  run.write('n')
  run.fail('destroyed')
}

describe('stale-while-revalidate', () => {
  const bedFor = beds()

  /** What is stored has just become stale. */
  function stale(bed: Bed, headers: Fields = fresh, asked: Fields = {}): Bed {
    bed.get('/', asked).run!.send(200, headers, 'old')
    bed.clock.advance(61_000)
    return bed
  }
  async function refreshOf(bed: Bed, number = 2) {
    await until(() => bed.runs.length === number)
    expect(bed.runs.at(-1)!.background).to.equal(true)
    return bed.runs.at(-1)!
  }

  it('stale goes out at once, one refresh for all, and its result next', async () => {
    const bed = stale(bedFor())
    for (let i = 0; i < 100; i++) expect(bed.ask().body).to.equal('old')
    expect(told(bed.ask())).to.equal('hit; detail=stale-while-revalidate')
    const refresh = await refreshOf(bed)
    expect(bed.ask().body).to.equal('old')
    expect(bed.replays).to.have.length(1)
    refresh.send(200, fresh, 'new')
    expect(bed.ask().body).to.equal('new')
    expect(told(bed.ask())).to.equal('hit')
  })

  it('one refresh, whoever asks: with a cookie, without, for the head, for a part', async () => {
    const bed = stale(bedFor())
    bed.get('/', { Cookie: 'u=alice' })
    bed.get()
    bed.request('HEAD')
    bed.get('/', { Range: 'bytes=0-1' })
    const refresh = await refreshOf(bed)
    await settle()
    expect(bed.replays).to.have.length(1)
    refresh.send(200, fresh, 'new')
    expect(bed.ask().body).to.equal('new')
  })

  it('carries what the key and the variant cover, and nothing of the client', async () => {
    const asked = {
      Cookie: 'u=alice',
      Authorization: 'Bearer alice',
      'X-Forwarded-For': '10.0.0.1',
      'X-Lang': 'fr',
      'X-Other': 'alice',
      'If-None-Match': '"x"',
      'Cache-Control': 'no-cache',
    }
    const bed = stale(bedFor(), { ...fresh, Vary: 'X-Lang' }, asked)
    expect(bed.ask('/', asked).body).to.equal('old')
    const refresh = await refreshOf(bed)
    expect(bed.replays).to.deep.equal([['Host', 'h.example', 'X-Lang', 'fr']])
    refresh.send(200, { ...fresh, Vary: 'X-Lang' }, 'new')
    expect(bed.ask('/', { 'X-Lang': 'fr' }).body).to.equal('new')
  })

  it("a key of the user's may need any field but those that tell who asks; a scope these too", async () => {
    const asked = { Cookie: 'u=alice', 'X-Site': '1' }
    const keyed = stale(bedFor({ key: ({ headers }) => String(headers['x-site']) }), fresh, asked)
    keyed.ask('/', asked)
    ;(await refreshOf(keyed)).send(200, fresh, 'new')
    expect(keyed.replays[0]).to.deep.equal(['Host', 'h.example', 'X-Site', '1'])
    const scoped = stale(bedFor({ scope: ({ headers }) => String(headers['cookie']) }), fresh, asked)
    scoped.ask('/', asked)
    ;(await refreshOf(scoped)).send(200, fresh, 'new')
    expect(scoped.replays[0]).to.include('u=alice')
    expect(scoped.ask('/', asked).body).to.equal('new')
  })

  it('a copy whose key is another one fills nothing', async () => {
    const bed = bedFor({ key: ({ headers }) => `for ${headers['cookie'] ?? 'nobody'}` })
    bed.get('/', { Cookie: 'u=a' }).run!.send(200, fresh, 'old')
    bed.clock.advance(61_000)
    expect(bed.ask('/', { Cookie: 'u=a' }).body).to.equal('old')
    await settle()
    await settle()
    expect(bed.runs).to.have.length(1)
    expect(bed.flights).to.equal(0)
    expect(bed.get('/').run).not.to.equal(undefined)
    bed.runs[1]!.send(200, fresh)
  })

  const failures: readonly [string, (run: Run) => void][] = [
    ['answers 500', run => run.send(500, {}, 'broken')],
    ['throws', run => run.fail('thrown')],
    ['breaks off', run => breakOff(run)],
    ['is too short', run => run.send(200, { ...fresh, 'Content-Length': '9' }, 'new')],
  ]
  for (const [title, fail] of failures) {
    it(`a refresh that ${title} leaves the stale one and backs off, twice as long each time`, async () => {
      const bed = stale(bedFor())
      for (const [i, waitMs] of [1000, 2000, 4000].entries()) {
        expect(bed.ask().body).to.equal('old')
        fail(await refreshOf(bed, i + 2))
        bed.clock.advance(waitMs - 1)
        expect(bed.ask().body).to.equal('old')
        await settle()
        expect(bed.runs, 'not yet').to.have.length(i + 2)
        bed.clock.advance(1)
      }
      bed.ask()
      ;(await refreshOf(bed, 5)).send(200, fresh, 'new')
      expect(told(bed.ask())).to.equal('hit')
    })
  }

  it('a refresh that hangs ends, and backs off', async () => {
    const bed = stale(bedFor({ fillTimeout: '20ms' }))
    bed.ask()
    const refresh = await refreshOf(bed)
    expect(bed.flights).to.equal(1)
    await until(() => bed.flights === 0)
    expect(bed.ask().body).to.equal('old')
    await settle()
    expect(bed.runs).to.have.length(2)
    refresh.send(200, fresh, 'too late')
    expect(bed.ask().body).to.equal('old')
  })

  it('one that is held up in front of the cache, or by a function of the route, ends as well', async () => {
    for (const way of ['front', 'key'] as const) {
      let hang = false
      const never = new Promise<string>(() => undefined)
      const bed = bedFor({
        fillTimeout: '20ms',
        ...(way === 'front' ? { front: () => undefined } : { key: () => (hang ? never : '') }),
      })
      stale(bed)
      bed.ask()
      hang = true
      expect(bed.flights).to.equal(1)
      await until(() => bed.flights === 0)
    }
  })

  const drops: readonly [string, number, Fields][] = [
    ['404', 404, {}],
    ['410', 410, {}],
    ['401', 401, {}],
    ['403', 403, {}],
    ['private', 200, { 'Cache-Control': 'private' }],
    ['no-store', 200, { 'Cache-Control': 'no-store' }],
    ['Set-Cookie', 200, { ...fresh, 'Set-Cookie': 's=1' }],
  ]
  for (const [title, status, headers] of drops) {
    for (const cookie of [false, true]) {
      it(`a refresh that finds ${title} drops the stored one${cookie ? ', whoever caused it' : ''}`, async () => {
        const bed = stale(bedFor())
        bed.ask('/', cookie ? { Cookie: 'u=alice' } : {})
        ;(await refreshOf(bed)).send(status, headers, 'not for all')
        const next = bed.get()
        expect(next.answer).to.equal(undefined)
        next.run!.send(200, fresh, 'new')
      })
    }
  }

  it('what turns out unfit only while it is written drops the stored one as well', async () => {
    for (const spoil of [(run: Run) => run.write('far too large'), (run: Run) => run.identifies('cookie')]) {
      const bed = stale(bedFor({ maxBodyBytes: 5 }))
      bed.ask()
      const refresh = await refreshOf(bed)
      refresh.head(200, fresh)
      spoil(refresh)
      refresh.end()
      expect(bed.get().run).not.to.equal(undefined)
      bed.runs.at(-1)!.send(200, fresh)
    }
  })

  it('lost in front of the cache (somebody answers 401) → stale stays, backs off, nothing leaks', async () => {
    const bed = stale(bedFor({ front: (_next, lost) => lost() }))
    expect(bed.ask().body).to.equal('old')
    await until(() => bed.flights === 0)
    expect(bed.ask().body).to.equal('old')
    expect(bed.replays).to.have.length(1)
    bed.clock.advance(1001)
    bed.ask()
    expect(bed.replays).to.have.length(2)
    await until(() => bed.flights === 0)
    expect(bed.runs).to.have.length(1)
  })

  it('after its window → a fill in the foreground', () => {
    const bed = stale(bedFor())
    bed.clock.advance(600_000)
    const client = bed.get()
    expect(client.answer).to.equal(undefined)
    client.run!.send(200, fresh, 'new')
    expect(told(client.answer)).to.equal('fwd=stale; stored')
    expect(bed.replays).to.have.length(0)
  })

  it('where the door knows no way in → a fill in the foreground', () => {
    const bed = stale(bedFor({ noReplay: true }))
    const client = bed.get()
    client.run!.send(200, fresh, 'new')
    expect(client.answer?.body).to.equal('new')
    expect(bed.ask().body).to.equal('new')
  })

  it('a purge that removes it while it is refreshed → the next request waits for a run of its own', async () => {
    const bed = stale(bedFor())
    bed.ask()
    const refresh = await refreshOf(bed)
    await bed.cache.clear()
    const next = bed.get()
    expect(next.run).not.to.equal(undefined)
    refresh.send(200, fresh, 'begun before')
    next.run!.send(200, fresh, 'new')
    expect(bed.ask().body).to.equal('new')
  })

  it('keeps what a slower refresh would set back', async () => {
    const bed = stale(bedFor())
    bed.ask()
    const refresh = await refreshOf(bed)
    await bed.cache.clear()
    bed.get().run!.send(200, fresh, 'newest')
    refresh.send(200, fresh, 'older')
    expect(bed.ask().body).to.equal('newest')
  })

  it('validates with 304, and the lifetime begins anew', async () => {
    const bed = stale(bedFor(), { ...fresh, ETag: '"1"' })
    bed.ask()
    const refresh = await refreshOf(bed)
    expect(refresh.headers['if-none-match']).to.equal('"1"')
    refresh.send(304, { ETag: '"1"', 'X-New': 'yes' })
    const next = bed.ask()
    expect(told(next)).to.equal('hit')
    expect(next.body).to.equal('old')
    expect(next.header('x-new')).to.equal('yes')
    expect(next.header('age')).to.equal('0')
    await settle()
    expect(bed.runs).to.have.length(2)
  })

  it('an async function of the route does not hold the stale answer back for ever', async () => {
    const held = gate<string>()
    const bed = bedFor({ key: () => held.passed })
    const client = bed.get()
    held.open('k')
    await until(() => client.run !== undefined)
    client.run!.send(200, fresh, 'old')
    bed.clock.advance(61_000)
    const next = bed.get()
    await until(() => next.answer !== undefined)
    expect(next.answer?.body).to.equal('old')
    ;(await refreshOf(bed)).send(200, fresh, 'new')
  })
})
