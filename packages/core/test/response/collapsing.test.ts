// One run for all who ask at once, and nobody waits for what will not come.

import { AsyncLocalStorage } from 'node:async_hooks'
import { expect } from 'chai'
import { beds, type Client, type Fields, told, until } from './bed.ts'

const shared: Fields = { 'Cache-Control': 'public, max-age=60' }

describe('single-flight of responses', () => {
  const bedFor = beds()
  const many = (count: number, ask: () => Client) => Array.from({ length: count }, ask)
  const bodies = (clients: readonly Client[]) => new Set(clients.map(({ answer }) => answer?.body))

  it('makes one run for a thousand', () => {
    const bed = bedFor()
    const clients = many(1000, () => bed.get())
    expect(bed.runs).to.have.length(1)
    bed.runs[0]!.head(200, shared)
    bed.runs[0]!.write('on')
    expect(clients.slice(1).some(({ answer }) => answer !== undefined)).to.equal(false)
    bed.runs[0]!.end('e')
    expect(bed.runs).to.have.length(1)
    expect(bodies(clients)).to.deep.equal(new Set(['one']))
    expect(told(clients[0]!.answer)).to.equal('fwd=uri-miss; stored')
    expect(told(clients[999]!.answer)).to.equal('fwd=uri-miss; collapsed')
  })

  const unstorable: readonly [string, number, Fields][] = [
    ['no-store', 200, { 'Cache-Control': 'no-store' }],
    ['private', 200, { 'Cache-Control': 'private' }],
    ['Set-Cookie', 200, { ...shared, 'Set-Cookie': 's=1' }],
    ['too large by its head', 200, { ...shared, 'Content-Length': '2000000' }],
    ['Vary: *', 200, { ...shared, Vary: '*' }],
    ['500', 500, {}],
    ['404', 404, {}],
  ]
  for (const [title, status, headers] of unstorable) {
    it(`${title} → at the head all run their own handler, side by side`, () => {
      const bed = bedFor()
      const clients = many(50, () => bed.get())
      expect(bed.runs).to.have.length(1)
      bed.runs[0]!.head(status, headers)
      // Every handler is entered before any has ended.
      expect(bed.runs).to.have.length(50)
      expect(bed.flights).to.equal(0)
      bed.runs[0]!.end('own 0')
      bed.runs.slice(1).forEach((run, i) => {
        run.send(status, headers, `own ${i + 1}`)
      })
      expect(bodies(clients).size).to.equal(50)
    })
  }

  it('hit-for-miss: after a response that could not be stored nobody waits, until one can be', () => {
    const bed = bedFor()
    bed.get().run!.send(200, { 'Cache-Control': 'private' }, 'mine')
    many(3, () => bed.get())
    expect(bed.runs).to.have.length(4)
    bed.runs[3]!.send(200, shared, 'for all')
    expect(bed.ask().body).to.equal('for all')
    bed.clock.advance(61_000)
    many(3, () => bed.get())
    expect(bed.runs).to.have.length(5)
    bed.runs.slice(1).forEach(run => {
      run.send(200, shared)
    })
  })

  it('the mark ends by itself', () => {
    const bed = bedFor()
    bed.get().run!.send(200, { 'Cache-Control': 'private' }, 'mine')
    bed.clock.advance(60_001)
    many(3, () => bed.get())
    expect(bed.runs).to.have.length(2)
    bed.runs[1]!.send(200, shared, 'for all')
  })

  for (const reason of ['thrown', 'destroyed', 'truncated', 'aborted'] as const) {
    for (const when of ['before', 'after'] as const) {
      it(`a leader that fails (${reason}) ${when} its head → the others run their own at once`, () => {
        const bed = bedFor()
        const clients = many(20, () => bed.get())
        if (when === 'after') bed.runs[0]!.head(200, shared)
        bed.runs[0]!.fail(reason)
        expect(bed.runs).to.have.length(20)
        bed.runs[1]!.send(200, shared, 'whole')
        expect(bed.ask().body).to.equal('whole')
        bed.runs.slice(2).forEach(run => {
          run.send(200, shared, 'whole')
        })
        expect(bodies(clients.slice(1))).to.deep.equal(new Set(['whole']))
      })
    }
  }

  it('fewer bytes than Content-Length says → not stored, the others run their own', () => {
    const bed = bedFor()
    const clients = many(3, () => bed.get())
    bed.runs[0]!.send(200, { ...shared, 'Content-Length': '5' }, 'four')
    expect(bed.runs).to.have.length(3)
    bed.runs[1]!.send(200, { ...shared, 'Content-Length': '5' }, 'whole')
    bed.runs[2]!.send(200, { ...shared, 'Content-Length': '5' }, 'whole')
    expect(bodies(clients.slice(1))).to.deep.equal(new Set(['whole']))
    expect(bed.ask().body).to.equal('whole')
  })

  it('too large while it is written → not stored, the others run their own at once', () => {
    const bed = bedFor({ maxBodyBytes: 3 })
    many(3, () => bed.get())
    bed.runs[0]!.head(200, shared)
    bed.runs[0]!.write('four')
    expect(bed.runs).to.have.length(3)
    bed.runs[0]!.end('!')
    bed.runs[1]!.end('four')
    bed.runs[2]!.end('four')
    bed.handle(run => run.send(200, shared, 'four'))
    expect(told(bed.ask('/'))).to.match(/^fwd=uri-miss/)
  })

  it('a leader that hangs → each runs its own after collapseTimeout, and what one stored serves the rest', async () => {
    const bed = bedFor({ collapseTimeout: '20ms' })
    const leader = bed.get()
    const first = bed.get()
    await until(() => bed.runs.length === 2)
    const late = bed.get()
    expect(bed.runs).to.have.length(2)
    bed.runs[1]!.send(200, shared, 'own')
    expect(first.answer?.body).to.equal('own')
    await until(() => late.answer !== undefined)
    expect(late.answer?.body).to.equal('own')
    expect(bed.runs).to.have.length(2)
    // It began earlier, so it does not replace what began later.
    leader.run!.send(200, shared, 'slow')
    expect(bed.ask().body).to.equal('own')
  })

  it('fillTimeout ends a run that never does, and it stores nothing any more', async () => {
    const bed = bedFor({ fillTimeout: '20ms', collapseTimeout: '1m' })
    const clients = many(3, () => bed.get())
    await until(() => bed.runs.length === 3)
    expect(bed.flights).to.equal(0)
    bed.runs[0]!.send(200, shared, 'late')
    expect(clients[0]!.answer?.body).to.equal('late')
    expect(told(clients[0]!.answer)).to.contain('detail=fill-timeout')
    bed.runs[1]!.send(200, shared, 'in time')
    bed.runs[2]!.send(200, shared, 'in time')
    expect(bed.ask().body).to.equal('in time')
  })

  it('limits longer than a timer can be do not end at once', async () => {
    const bed = bedFor({ fillTimeout: '30d', collapseTimeout: '30d' })
    const clients = many(2, () => bed.get())
    await new Promise(resolve => setTimeout(resolve, 20))
    expect(bed.runs).to.have.length(1)
    bed.runs[0]!.send(200, shared, 'stored')
    expect(bodies(clients)).to.deep.equal(new Set(['stored']))
  })

  it('a leader whose client leaves goes on for the others', () => {
    const bed = bedFor()
    const leader = bed.get()
    const follower = bed.get()
    leader.leave()
    leader.run!.send(200, shared, 'for the others')
    expect(follower.answer?.body).to.equal('for the others')
  })

  it('followers whose clients leave free their places', () => {
    const bed = bedFor()
    const clients = many(1000, () => bed.get())
    for (const client of clients.slice(1)) client.leave()
    bed.runs[0]!.head(200, { 'Cache-Control': 'private' })
    // Nobody is left to run a handler for.
    expect(bed.runs).to.have.length(1)
    expect(bed.flights).to.equal(0)
    bed.runs[0]!.end()
  })

  it('requests with cookies wait for their like alone', () => {
    const bed = bedFor()
    const open = many(2, () => bed.get())
    const guarded = many(2, () => bed.get('/', { Cookie: 'u=alice' }))
    expect(bed.runs).to.have.length(2)
    bed.runs[0]!.send(200, { 'Cache-Control': 'max-age=60' }, 'for the anonymous')
    expect(guarded.some(({ answer }) => answer !== undefined)).to.equal(false)
    bed.runs[1]!.head(200, { 'Cache-Control': 'max-age=60' })
    expect(bed.runs, 'own run for each with a cookie').to.have.length(3)
    bed.runs[1]!.end('alice 1')
    bed.runs[2]!.send(200, { 'Cache-Control': 'max-age=60' }, 'alice 2')
    expect(bodies(guarded)).to.deep.equal(new Set(['alice 1', 'alice 2']))
    expect(bodies(open)).to.deep.equal(new Set(['for the anonymous']))
  })

  it('requests with cookies share what says public', () => {
    const bed = bedFor()
    const guarded = many(5, () => bed.get('/', { Cookie: 'u=alice' }))
    bed.runs[0]!.send(200, shared, 'public')
    expect(bed.runs).to.have.length(1)
    expect(bodies(guarded)).to.deep.equal(new Set(['public']))
  })

  it('a response that is stored but is never fresh does not make the others wait in a row', () => {
    const bed = bedFor({ staleIfError: '1m' })
    const headers = { 'Cache-Control': 'max-age=0, stale-if-error=60' }
    const clients = many(10, () => bed.get())
    bed.runs[0]!.send(200, headers, 'own')
    expect(bed.runs).to.have.length(10)
    bed.runs.slice(1).forEach(run => {
      run.send(200, headers, 'own')
    })
    expect(bodies(clients)).to.deep.equal(new Set(['own']))
  })

  it('a handler that a follower comes to run sees its own async context, not that of the leader', () => {
    const user = new AsyncLocalStorage<string>()
    const bed = bedFor()
    const clients = ['alice', 'bob', 'carol'].map(name => user.run(name, () => bed.get()))
    const seen: (string | undefined)[] = []
    bed.handle(run => {
      seen.push(user.getStore())
      run.send(200, { 'Cache-Control': 'private' }, user.getStore())
    })
    user.run('alice', () => bed.runs[0]!.send(200, { 'Cache-Control': 'private' }, 'alice'))
    expect(seen).to.deep.equal(['bob', 'carol'])
    expect(clients.map(({ answer }) => answer?.body)).to.deep.equal(['alice', 'bob', 'carol'])
  })

  it('of two caches on the way the inner one decides, and neither waits for the other', () => {
    const bed = bedFor()
    const leader = bed.get()
    expect(bed.flights).to.equal(1)
    bed.nest(leader)
    expect(bed.runs, 'the inner one forwards at once').to.have.length(2)
    bed.runs[1]!.send(200, shared, 'inner')
  })
})
