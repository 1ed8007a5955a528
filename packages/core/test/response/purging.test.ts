// A purge during a fill wins, always: every way to purge, at every moment of a run, in every order of its end.

import { expect } from 'chai'
import { invalidateIn } from '../../src/door/invalidate.ts'
import { gate, settle } from '../support.ts'
import { type Bed, type BedOptions, beds, counting, type Fields, told, until } from './bed.ts'

const page = '/page?q=1'
const headers: Fields = { 'Cache-Control': 'public, max-age=60' }

const purges: readonly [title: string, purge: (bed: Bed, soft: boolean) => Promise<void> | void, softToo: boolean][] = [
  ['tag', (bed, soft) => bed.cache.invalidateTags(['t'], { soft }), true],
  ['pattern', (bed, soft) => bed.cache.invalidatePattern('/pa*', { soft }), true],
  ['target', (bed, soft) => invalidateIn(bed.cache, { target: page, soft }), true],
  ['clear', (bed, soft) => bed.cache.clear({ soft }), true],
  ['unsafe method', bed => bed.request('POST', page).run!.send(204, {}), false],
  ['unsafe method elsewhere', bed => bed.request('PUT', '/other').run!.send(201, { Location: page }), false],
]

/** Brings a run to a moment; what it returns brings the run to its end. */
type Moment = (bed: Bed, ask: () => void) => Promise<() => Promise<void> | void> | (() => Promise<void> | void)

let tagsHeld = gate<string[]>()
const moments: readonly [title: string, options: BedOptions, moment: Moment][] = [
  [
    'after the handler has started',
    {},
    (bed, ask) => {
      ask()
      return () => bed.runs[0]!.send(200, headers, 'old')
    },
  ],
  [
    'after the head',
    {},
    (bed, ask) => {
      ask()
      bed.runs[0]!.head(200, headers)
      return () => bed.runs[0]!.end('old')
    },
  ],
  [
    'between two pieces',
    {},
    (bed, ask) => {
      ask()
      bed.runs[0]!.head(200, headers)
      bed.runs[0]!.write('o')
      return () => bed.runs[0]!.end('ld')
    },
  ],
  [
    'while the tags are awaited',
    { tags: ({ headers }) => (headers['x-held'] === undefined ? ['t'] : tagsHeld.passed) },
    (bed, ask) => {
      tagsHeld = gate()
      ask()
      bed.runs[0]!.send(200, headers, 'old')
      return async () => {
        tagsHeld.open(['t'])
        await settle()
      }
    },
  ],
  [
    'after the end',
    {},
    (bed, ask) => {
      ask()
      bed.runs[0]!.send(200, headers, 'old')
      return () => undefined
    },
  ],
]

describe('a purge wins over a fill', () => {
  const bedFor = beds()

  for (const [way, purge, softToo] of purges) {
    for (const soft of softToo ? [false, true] : [false]) {
      for (const [when, options, moment] of moments) {
        // A run's tags are not known before its end, so who comes after a purge by tag waits for it, and then looks again.
        const waits = way === 'tag' && when !== 'after the end'
        const orders = ['the old run ends first', 'the new run ends first'] as const
        for (const order of waits ? orders.slice(0, 1) : orders) {
          it(`${soft ? 'soft ' : ''}${way}, ${when}, ${order}`, async () => {
            const bed = bedFor({ tags: ['t'], ...options })
            let first!: ReturnType<Bed['get']>
            const finish = await moment(bed, () => {
              first = bed.get(page, { 'X-Held': '1' })
            })
            await purge(bed, soft)
            const late = bed.get(page)
            expect(late.answer, 'nothing older').to.equal(undefined)
            expect(late.run === undefined).to.equal(waits)
            // Those who come later still share one run.
            const later = Array.from({ length: 10 }, () => bed.get(page))
            if (order === 'the old run ends first') await finish()
            for (const client of [late, ...later]) expect(client.answer).to.equal(undefined)
            expect(bed.runs.filter(run => run.method === 'GET')).to.have.length(2)
            late.run!.send(200, headers, 'new')
            if (order === 'the new run ends first') await finish()
            await settle()
            expect(first.answer?.body).to.equal('old')
            for (const client of [late, ...later]) expect(client.answer?.body).to.equal('new')
            expect(bed.ask(page).body).to.equal('new')
            expect(told(bed.ask(page))).to.equal('hit')
          })
        }
      }
    }

    it(`${way}, before the handler starts: what runs afterwards is good`, async () => {
      const held = gate<string>()
      const bed = bedFor({ tags: ['t'], key: ({ target }) => held.passed.then(() => target) })
      const client = bed.get(page)
      await purge(bed, false)
      held.open('')
      await until(() => client.run !== undefined)
      client.run!.send(200, headers, 'new')
      const next = bed.get(page)
      await until(() => next.answer !== undefined)
      expect(next.answer?.body).to.equal('new')
      expect(told(next.answer)).to.equal('hit')
    })

    for (const order of ['first', 'last'] as const) {
      it(`${way}, during validation: a 304 that comes ${order} does not revive`, async () => {
        const bed = bedFor({ tags: ['t'] })
        bed.get(page).run!.send(200, { ...headers, ETag: '"1"' }, 'old')
        bed.clock.advance(61_000)
        const asking = bed.get(page)
        expect(asking.run?.headers['if-none-match']).to.equal('"1"')
        await purge(bed, false)
        const late = bed.get(page)
        expect(late.run?.headers['if-none-match'], 'nothing to validate any more').to.equal(undefined)
        if (order === 'first') asking.run!.send(304, { ETag: '"1"' })
        late.run!.send(200, { ...headers, ETag: '"2"' }, 'new')
        if (order === 'last') asking.run!.send(304, { ETag: '"1"' })
        expect(asking.answer?.body).to.equal('old')
        expect(late.answer?.body).to.equal('new')
        expect(bed.ask(page).body).to.equal('new')
      })

      it(`${way}, during a refresh that ends ${order}`, async () => {
        const bed = bedFor({ tags: ['t'], staleWhileRevalidate: '1m' })
        bed.get(page).run!.send(200, headers, 'old')
        bed.clock.advance(61_000)
        expect(bed.ask(page).body).to.equal('old')
        await until(() => bed.runs.length === 2)
        const refresh = bed.runs[1]!
        await purge(bed, false)
        const late = bed.get(page)
        expect(late.answer).to.equal(undefined)
        if (order === 'first') refresh.send(200, headers, 'begun before')
        late.run!.send(200, headers, 'new')
        if (order === 'last') refresh.send(200, headers, 'begun before')
        expect(late.answer?.body).to.equal('new')
        expect(bed.ask(page).body).to.equal('new')
      })
    }

    it(`${way}, between the stale answer and the arrival of its refresh`, async () => {
      const bed = bedFor({ tags: ['t'], staleWhileRevalidate: '1m' })
      bed.get(page).run!.send(200, { ...headers, ETag: '"1"' }, 'old')
      bed.clock.advance(61_000)
      expect(bed.ask(page).body).to.equal('old')
      await purge(bed, false)
      await until(() => bed.runs.some(run => run.background))
      bed.runs.find(run => run.background)!.send(304, {})
      expect(bed.get(page).answer).to.equal(undefined)
      bed.runs.at(-1)!.send(200, headers, 'new')
      expect(bed.ask(page).body).to.equal('new')
    })

    it(`${way}, while a follower waits: what he waited for is not for him to validate or to fall back on`, async () => {
      const bed = bedFor({ tags: ['t'], staleIfError: '1h', collapseTimeout: '20ms' })
      bed.get(page).run!.send(200, { ...headers, ETag: '"1"' }, 'old')
      bed.clock.advance(61_000)
      const leader = bed.get(page)
      const follower = bed.get(page)
      await purge(bed, false)
      await until(() => follower.run !== undefined)
      expect(follower.run!.headers['if-none-match']).to.equal(undefined)
      follower.run!.send(500, {}, 'broken')
      expect(follower.answer?.status).to.equal(500)
      leader.run!.send(304, {})
      bed.handle(counting())
      expect(bed.ask(page).body).to.equal('run 1')
    })
  }

  it('soft: the stale response goes out while one refresh runs', async () => {
    const bed = bedFor({ tags: ['t'], staleWhileRevalidate: '1m' })
    bed.get(page).run!.send(200, headers, 'old')
    expect(told(bed.ask(page))).to.equal('hit')
    await bed.cache.invalidateTags(['t'], { soft: true })
    for (let i = 0; i < 10; i++) {
      expect(bed.ask(page).body).to.equal('old')
      expect(told(bed.ask(page))).to.equal('hit; detail=stale-while-revalidate')
    }
    await until(() => bed.runs.length === 2)
    bed.runs[1]!.send(200, headers, 'new')
    expect(told(bed.ask(page))).to.equal('hit')
    expect(bed.ask(page).body).to.equal('new')
  })

  it('soft during a refresh: its result is stale as well, and is refreshed once more', async () => {
    const bed = bedFor({ tags: ['t'], staleWhileRevalidate: '1m' })
    bed.get(page).run!.send(200, headers, 'old')
    bed.clock.advance(61_000)
    bed.ask(page)
    await until(() => bed.runs.length === 2)
    await bed.cache.invalidateTags(['t'], { soft: true })
    bed.runs[1]!.send(200, headers, 'begun before')
    expect(told(bed.ask(page))).to.equal('hit; detail=stale-while-revalidate')
    await until(() => bed.runs.length === 3)
    bed.runs[2]!.send(200, headers, 'new')
    expect(told(bed.ask(page))).to.equal('hit')
    expect(bed.ask(page).body).to.equal('new')
  })

  it('soft during a fill: those who waited for it share one new run', async () => {
    const bed = bedFor({ tags: ['t'] })
    const clients = Array.from({ length: 10 }, () => bed.get(page))
    await bed.cache.invalidateTags(['t'], { soft: true })
    bed.runs[0]!.send(200, headers, 'old')
    expect(bed.runs).to.have.length(2)
    bed.runs[1]!.send(200, headers, 'new')
    expect(clients.map(({ answer }) => answer?.body)).to.deep.equal(['old', ...Array(9).fill('new')])
  })

  it('by one target reaches a response that was stored under another one with the same key', async () => {
    const bed = bedFor({ query: { ignore: ['utm_*'] }, handler: counting() })
    expect(bed.ask('/a?utm_source=1').body).to.equal('run 1')
    expect(bed.ask('/a').body).to.equal('run 1')
    bed.request('POST', '/a').run?.send(204, {})
    expect(bed.ask('/a').body).to.equal('run 3')
  })

  it('by a target of any alias holds for whoever asks by that alias', async () => {
    const bed = bedFor({ key: () => 'home', handler: counting() })
    expect(bed.ask('/a').body).to.equal('run 1')
    await invalidateIn(bed.cache, { target: '/b' })
    expect(bed.ask('/b').body).to.equal('run 2')
    await bed.cache.invalidatePattern('/c*')
    expect(bed.ask('/c').body).to.equal('run 3')
    expect(bed.ask('/b').body).to.equal('run 3')
  })

  it('by an unsafe request to the host in another case', () => {
    const bed = bedFor({ handler: counting() })
    expect(bed.ask('/a', { host: 'h.example' }).body).to.equal('run 1')
    bed.request('DELETE', '/a', { host: 'H.Example' })
    expect(bed.ask('/a', { host: 'h.example' }).body).to.equal('run 3')
  })

  it('an unsafe request that fails purges nothing', () => {
    const bed = bedFor()
    bed.get('/a').run!.send(200, headers, 'old')
    for (const status of [400, 404, 500]) bed.request('POST', '/a').run!.send(status, {})
    bed.request('POST', '/a').run!.fail()
    expect(bed.ask('/a').body).to.equal('old')
  })
})
