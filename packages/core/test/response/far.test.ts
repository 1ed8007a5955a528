// Responses that processes share: each bed is one process, all over one far store and one log.

import { expect } from 'chai'
import { engineOf } from '../../src/engine.ts'
import type { Mode } from '../../src/flags.ts'
import { createLocalLog } from '../../src/invalidation/local-log.ts'
import { createMemoryFar, failing, hanging } from '../memory-far.ts'
import { createClock, settle } from '../support.ts'
import { type Answer, type Bed, type BedOptions, beds, type Client, counting, type Fields, told, until } from './bed.ts'

const shared: Fields = { 'Cache-Control': 'public, max-age=60' }
const swr: Fields = { 'Cache-Control': 'public, max-age=10, stale-while-revalidate=60' }

describe('responses in the far tier', () => {
  const bedFor = beds()

  async function fleet(size: number, options: BedOptions = {}) {
    const clock = createClock()
    // The store's clock is an hour ahead of that of the processes.
    const far = createMemoryFar({ now: () => clock.now() + 3_600_000 })
    const log = createLocalLog()
    const begin = async (more: BedOptions = {}): Promise<Bed> => {
      const engine = {
        far: far.open(),
        log,
        now: clock.now,
        farDeadline: '1s',
        ...options.engine,
        ...more.engine,
      } as const
      const bed = bedFor({ ...options, ...more, engine })
      await until(() => bed.cache[engineOf].far!.usable)
      return bed
    }
    const nodes: Bed[] = []
    for (let i = 0; i < size; i++) nodes.push(await begin())
    return { nodes: nodes as [Bed, Bed, Bed], far, log, clock, begin }
  }

  async function answered(client: Client): Promise<Answer> {
    await until(() => client.answer !== undefined)
    return client.answer!
  }
  const ask = (bed: Bed, target?: string, headers?: Fields) => answered(bed.get(target, headers))
  /** What a process shares is there for the others. */
  async function filled(bed: Bed, target?: string, headers?: Fields): Promise<Answer> {
    const answer = await ask(bed, target, headers)
    await calm()
    return answer
  }
  async function calm(): Promise<void> {
    for (let i = 0; i < 12; i++) await settle()
  }
  const runs = (...all: readonly Bed[]) => all.reduce((sum, bed) => sum + bed.runs.length, 0)

  it('what one has filled is a hit for the other, and from memory from then on', async () => {
    const {
      nodes: [a, b],
      far,
      clock,
    } = await fleet(2, { handler: counting({ ...shared, 'X-A': 'ü' }) })
    const first = await filled(a)
    clock.advance(2000)
    const second = await ask(b)
    expect(told(second)).to.equal('hit')
    expect(second).to.deep.include({ status: 200, body: first.body, complete: true })
    expect(second.header('age')).to.equal('2')
    expect(second.header('x-a')).to.equal('ü')
    const asked = far.asked.length
    expect(told(b.ask())).to.equal('hit')
    expect(far.asked).to.have.length(asked)
    expect(runs(a, b)).to.equal(1)
  })

  it('what memory has no room for, or lets go at once, is a hit all the same', async () => {
    const { nodes, begin } = await fleet(1, { handler: counting() })
    const targets = Array.from({ length: 20 }, (_, i) => `/${i}`)
    const bodies = new Map<string, string | undefined>()
    for (const target of targets) bodies.set(target, (await filled(nodes[0], target)).body)
    for (const maxBytes of [100, 4000]) {
      const small = await begin({ engine: { maxBytes, maxEntryBytes: maxBytes } })
      const answers = await Promise.all(targets.map(target => ask(small, target)))
      expect(answers.map(told), String(maxBytes)).to.deep.equal(targets.map(() => 'hit'))
      expect(answers.map(({ body }) => body)).to.deep.equal([...bodies.values()])
      expect(small.runs).to.have.length(0)
    }
  })

  it('a hit asks once, a miss once before and once after', async () => {
    const {
      nodes: [a, b],
      far,
    } = await fleet(2, { handler: counting() })
    const { length } = far.asked
    await filled(a)
    await filled(b)
    expect(far.asked.slice(length)).to.deep.equal(['get', 'set', 'get'])
  })

  it('a thousand requests in two processes → one run', async () => {
    const {
      nodes: [a, b],
    } = await fleet(2)
    const clients = Array.from({ length: 1000 }, (_, i) => (i % 2 === 0 ? a : b).get())
    await until(() => runs(a, b) === 1)
    await calm()
    expect(runs(a, b)).to.equal(1)
    const [run] = [...a.runs, ...b.runs]
    run!.send(200, shared, 'one')
    const answers = await Promise.all(clients.map(answered))
    expect(new Set(answers.map(({ body }) => body))).to.deep.equal(new Set(['one']))
    const words = answers.map(told)
    expect(words.filter(word => word === 'fwd=uri-miss; stored')).to.have.length(1)
    expect(words.filter(word => word === 'fwd=uri-miss; collapsed')).to.have.length(999)
  })

  const unstorable: readonly [string, number, Fields][] = [
    ['no-store', 200, { 'Cache-Control': 'no-store' }],
    ['private', 200, { 'Cache-Control': 'private' }],
    ['Set-Cookie', 200, { ...shared, 'Set-Cookie': 's=1' }],
    ['Vary: *', 200, { ...shared, Vary: '*' }],
    ['404', 404, {}],
  ]
  for (const [title, status, headers] of unstorable) {
    it(`${title} → at the head all in all processes run their own, and nobody waits the next time`, async () => {
      const {
        nodes: [a, b],
        far,
      } = await fleet(2)
      const clients = [a, b, a, b].map(bed => bed.get())
      await until(() => runs(a, b) === 1)
      const [first] = [...a.runs, ...b.runs]
      first!.head(status, headers)
      await until(() => runs(a, b) === 4)
      let own = 0
      for (const run of [...a.runs, ...b.runs])
        run === first ? run.end(`own ${++own}`) : run.send(status, headers, `own ${++own}`)
      expect(new Set((await Promise.all(clients.map(answered))).map(({ body }) => body)).size).to.equal(4)
      await calm()
      expect(far.resources.size).to.equal(0)
      for (const bed of [a, b]) {
        bed.handle(run => run.send(status, headers, 'again'))
        expect(told(await ask(bed))).to.match(/^fwd=uri-miss/)
      }
    })
  }

  it('a leader that fails → one of those who wait in another process runs', async () => {
    const {
      nodes: [a, b],
    } = await fleet(2)
    const first = a.get()
    await until(() => a.runs.length === 1)
    const second = b.get()
    await calm()
    expect(b.runs).to.have.length(0)
    a.runs[0]!.fail()
    await until(() => b.runs.length === 1)
    b.runs[0]!.send(200, shared, 'of b')
    expect([(await answered(first)).status, (await answered(second)).body]).to.deep.equal([500, 'of b'])
  })

  it('a process whose cache closes holds up nobody', async () => {
    const {
      nodes: [a, b],
    } = await fleet(2)
    a.get()
    await until(() => a.runs.length === 1)
    const second = b.get()
    await calm()
    await a.cache.close()
    a.runs[0]!.send(200, shared, 'of a')
    await until(() => b.runs.length === 1)
    b.runs[0]!.send(200, shared, 'of b')
    expect((await answered(second)).body).to.equal('of b')
  })

  it('a process that dies holds up the others for as long as they may wait, and its lease ends by itself', async () => {
    const {
      nodes: [a, b],
      clock,
    } = await fleet(2, { collapseTimeout: '50ms', fillTimeout: '5s' })
    a.get()
    await until(() => a.runs.length === 1)
    const second = b.get()
    await calm()
    expect(b.runs).to.have.length(0)
    clock.advance(60)
    await until(() => b.runs.length === 1)
    b.runs[0]!.send(200, { 'Cache-Control': 'no-store' }, 'of b')
    expect((await answered(second)).body).to.equal('of b')
    clock.advance(65_000)
    const third = b.get()
    await until(() => b.runs.length === 2)
    b.runs[1]!.send(200, shared, 'third')
    expect((await answered(third)).body).to.equal('third')
    a.runs[0]!.send(200, shared, 'too late')
  })

  it('a client that leaves while the far tier is asked takes no run along, and those behind it get theirs', async () => {
    const {
      nodes: [a],
    } = await fleet(1)
    const [first, second] = [a.get(), a.get()]
    first.leave()
    await until(() => a.runs.length === 1)
    a.runs[0]!.send(200, shared, 'one')
    expect((await answered(second)).body).to.equal('one')
    expect(first.run).to.equal(undefined)
  })

  it('HEAD is answered from there, and fills nothing', async () => {
    const {
      nodes: [a, b],
    } = await fleet(2, { handler: counting() })
    const head = await answered(b.request('HEAD'))
    expect(told(head)).to.match(/^fwd=/)
    await filled(a)
    const again = await answered(b.request('HEAD'))
    expect([told(again), again.body]).to.deep.equal(['hit', ''])
    expect(again.header('content-length')).to.equal('5')
  })

  it('a part, and a 304, come from there', async () => {
    const {
      nodes: [a, b, c],
    } = await fleet(3, { handler: counting({ ...shared, ETag: '"v"' }) })
    await filled(a)
    const part = await ask(b, '/', { Range: 'bytes=0-2' })
    expect([part.status, part.body]).to.deep.equal([206, 'run'])
    expect((await ask(c, '/', { 'If-None-Match': '"v"' })).status).to.equal(304)
    expect(runs(a, b, c)).to.equal(1)
  })

  it('a response without a validator has the same tag everywhere', async () => {
    const {
      nodes: [a, b],
    } = await fleet(2, { handler: counting() })
    await filled(a)
    const tag = a.ask().header('etag')
    expect(tag).to.match(/^W\//)
    expect((await ask(b)).header('etag')).to.equal(tag)
  })

  describe('credentials', () => {
    const cookie = { Cookie: 'sid=1' }

    it('get no response from there that is not for them, and leave none', async () => {
      const {
        nodes: [a, b],
        far,
      } = await fleet(2, { handler: run => run.send(200, { 'Cache-Control': 'max-age=60' }, 'for all') })
      await filled(a)
      b.handle(run => run.send(200, { 'Cache-Control': 'max-age=60' }, 'mine'))
      const own = await ask(b, '/', cookie)
      expect([own.body, told(own)]).to.deep.equal(['mine', 'fwd=bypass; detail=credentials'])
      expect((await ask(b)).body).to.equal('for all')
      await calm()
      const frames = [...far.resources.values()].flatMap(({ variants }) =>
        [...variants.values()].map(({ frame }) => frame.toString('latin1')),
      )
      expect(frames).to.have.length(1)
      expect(frames.join()).not.to.include('mine')
    })

    it('get what says that it is for them too', async () => {
      const {
        nodes: [a, b],
      } = await fleet(2, { handler: counting() })
      await filled(a)
      expect(told(await ask(b, '/', cookie))).to.equal('hit')
    })

    it('in two processes at the same time each run their own', async () => {
      const {
        nodes: [a, b],
      } = await fleet(2)
      const clients = [a.get('/', cookie), b.get('/', { Cookie: 'sid=2' })]
      await until(() => runs(a, b) === 1)
      const [first] = [...a.runs, ...b.runs]
      first!.send(200, { 'Cache-Control': 'max-age=60' }, 'first')
      await until(() => runs(a, b) === 2)
      for (const run of [...a.runs, ...b.runs])
        if (run !== first) run.send(200, { 'Cache-Control': 'max-age=60' }, 'second')
      const bodies = (await Promise.all(clients.map(answered))).map(({ body }) => body)
      expect(bodies.toSorted()).to.deep.equal(['first', 'second'])
    })

    it('what reads who asks is never there', async () => {
      const {
        nodes: [a],
        far,
      } = await fleet(1, {
        public: true,
        handler(run) {
          run.identifies('cookie')
          run.send(200, { 'Cache-Control': 'max-age=60' }, 'canary')
        },
      })
      await filled(a, '/', cookie)
      await filled(a)
      expect(far.resources.size).to.equal(0)
    })
  })

  describe('variants', () => {
    const byLanguage = (bed: Bed) => {
      bed.handle(run => run.send(200, { ...shared, Vary: 'X-Language' }, String(run.headers['x-language'])))
    }
    const language = (value: string) => ({ 'X-Language': value })

    it('go to those who ask for them, with one look more when the rule was not known', async () => {
      const {
        nodes: [a, b],
        far,
      } = await fleet(2)
      for (const bed of [a, b]) byLanguage(bed)
      for (const value of ['de', 'fr']) await filled(a, '/', language(value))
      const { length } = far.asked
      expect((await ask(b, '/', language('de'))).body).to.equal('de')
      await calm()
      expect(far.asked.slice(length)).to.deep.equal(['get', 'get', 'release'])
      expect((await ask(b, '/', language('fr'))).body).to.equal('fr')
      await calm()
      expect(far.asked.slice(length)).to.deep.equal(['get', 'get', 'release', 'get'])
      expect(runs(a, b)).to.equal(2)
      expect((await ask(b, '/', language('it'))).body).to.equal('it')
      expect(runs(b)).to.equal(1)
    })

    it('under a rule that another process widens are told apart by it', async () => {
      const {
        nodes: [a, b, c],
      } = await fleet(3)
      byLanguage(a)
      await filled(a, '/', language('de'))
      b.handle(run => {
        const { 'x-language': value, 'x-skin': skin } = run.headers
        run.send(200, { ...shared, Vary: 'X-Skin' }, `${value} ${skin}`)
      })
      await filled(b, '/', { 'X-Language': 'fr', 'X-Skin': 'dark' })
      c.handle(run => run.send(200, { ...shared, Vary: 'X-Skin' }, 'of c'))
      expect((await ask(c, '/', { 'X-Language': 'fr', 'X-Skin': 'dark' })).body).to.equal('fr dark')
      expect((await filled(c, '/', { 'X-Language': 'fr', 'X-Skin': 'light' })).body).to.equal('of c')
      // What was told apart by less is not for who asks with more.
      expect((await ask(b, '/', { 'X-Language': 'de', 'X-Skin': 'dark' })).body).to.equal('de dark')
    })

    it('are told apart by what a handler read, in all processes', async () => {
      const {
        nodes: [a, b],
      } = await fleet(2)
      for (const bed of [a, b]) {
        bed.handle(run => {
          run.reads('x-language')
          run.send(200, shared, String(run.headers['x-language']))
        })
      }
      await filled(a, '/', language('de'))
      expect((await ask(b, '/', language('fr'))).body).to.equal('fr')
      const same = await ask(b, '/', language('de'))
      expect([same.body, told(same), same.header('vary')]).to.deep.equal(['de', 'hit', 'x-language'])
    })

    it('beyond their number are not shared, and nobody waits for them', async () => {
      const {
        nodes: [a, b],
        far,
      } = await fleet(2, { maxVariants: 2 })
      for (const bed of [a, b]) byLanguage(bed)
      for (const value of ['a', 'b', 'c', 'd']) expect((await filled(a, '/', language(value))).body).to.equal(value)
      for (const value of ['e', 'f', 'a']) expect((await filled(b, '/', language(value))).body).to.equal(value)
      expect([...far.resources.values()][0]?.variants.size).to.equal(2)
    })
  })

  describe('stale', () => {
    it('while it revalidates: two processes refresh it once', async () => {
      const {
        nodes: [a, b],
        clock,
      } = await fleet(2, { handler: counting(swr) })
      await filled(a)
      await filled(b)
      clock.advance(11_000)
      for (const bed of [a, b]) bed.handle(undefined)
      for (const bed of [a, b, a, b]) expect((await ask(bed)).body).to.equal('run 1')
      await until(() => runs(a, b) === 2)
      await calm()
      expect(runs(a, b)).to.equal(2)
      const leader = a.runs.length === 2 ? a : b
      leader.runs.at(-1)!.send(200, swr, 'fresh')
      await calm()
      expect((await ask(leader)).body).to.equal('fresh')
      // The other hears of it when it asks the next time.
      const other = leader === a ? b : a
      clock.advance(1001)
      await ask(other)
      await until(() => other.get().answer?.body === 'fresh')
      expect(runs(a, b)).to.equal(2)
    })

    it('found in the far tier is served while it is refreshed', async () => {
      const {
        nodes: [a, b],
        clock,
      } = await fleet(2, { handler: counting(swr) })
      await filled(a)
      clock.advance(11_000)
      b.handle(run => run.send(200, swr, 'fresh'))
      const stale = await ask(b)
      expect([stale.body, told(stale)]).to.deep.equal(['run 1', 'hit; detail=stale-while-revalidate'])
      await until(() => b.runs.length === 1)
      expect(b.runs[0]!.background).to.equal(true)
      await calm()
      expect((await ask(b)).body).to.equal('fresh')
    })

    it('found there stands in for a failure', async () => {
      const {
        nodes: [a, b],
        clock,
      } = await fleet(2, { handler: counting({ 'Cache-Control': 'public, max-age=10, stale-if-error=600' }) })
      await filled(a)
      clock.advance(11_000)
      b.handle(run => run.send(503, {}, 'broken'))
      const answer = await ask(b)
      expect([answer.status, answer.body]).to.deep.equal([200, 'run 1'])
    })

    it('found there is validated, and its successor is shared', async () => {
      const tagged: Fields = { 'Cache-Control': 'public, max-age=10, stale-if-error=600', ETag: '"v"' }
      const {
        nodes: [a, b, c],
        clock,
      } = await fleet(3, { handler: counting(tagged) })
      await filled(a)
      clock.advance(11_000)
      b.handle(run => run.send(run.headers['if-none-match'] === '"v"' ? 304 : 500, tagged))
      const answer = await filled(b)
      expect([answer.status, answer.body, told(answer)]).to.deep.equal(
        ['200', 'run 1', 'fwd=stale; fwd-status=304; stored'].map((word, i) => (i === 0 ? 200 : word)),
      )
      expect(told(await ask(c))).to.equal('hit')
      expect(c.runs).to.have.length(0)
    })
  })

  describe('a purge', () => {
    const purges: readonly [string, (bed: Bed) => Promise<unknown>, 'hard' | 'soft'][] = [
      ['by tag', ({ cache }) => cache.invalidateTags(['t']), 'hard'],
      ['by tag, softly', ({ cache }) => cache.invalidateTags(['t'], { soft: true }), 'soft'],
      ['by pattern', ({ cache }) => cache.invalidatePattern('/pa*'), 'hard'],
      ['by pattern, softly', ({ cache }) => cache.invalidatePattern('/pa*', { soft: true }), 'soft'],
      ['of everything', ({ cache }) => cache.clear(), 'hard'],
      ['of everything, softly', ({ cache }) => cache.clear({ soft: true }), 'soft'],
    ]
    for (const [title, purge, how] of purges) {
      it(`${title} beats what is in the far tier, for those who had it, those who had not, and those who come later`, async () => {
        const old = {
          handler: (run: Bed['runs'][number]) => run.send(200, shared, 'old'),
          tags: () => ['t'],
          staleWhileRevalidate: how === 'soft' ? '1h' : 0,
        }
        const {
          nodes: [a, b, c],
          begin,
          clock,
        } = await fleet(3, old as BedOptions)
        await filled(a, '/page')
        await filled(b, '/page')
        await purge(a)
        const late = await begin()
        for (const bed of [a, b, c, late]) bed.handle(run => run.send(200, shared, 'new'))
        for (const bed of [c, late, b, a]) {
          const answer = await ask(bed, '/page')
          if (how === 'hard') expect(answer.body).to.equal('new')
          else expect(['old', 'new']).to.include(answer.body)
        }
        await calm()
        for (const bed of [c, late, b, a]) {
          if (how === 'soft') {
            await until(() => {
              // Who saw that another refreshes it rests for a second.
              clock.advance(500)
              return bed.get('/page').answer?.body === 'new'
            })
          }
          expect((await ask(bed, '/page')).body).to.equal('new')
        }
        expect(runs(a, b, c, late)).to.be.at.most(how === 'hard' ? 2 : 5)
      })
    }

    it('beats a write that lands after it', async () => {
      const {
        nodes: [a, b],
        far,
      } = await fleet(2, { handler: run => run.send(200, shared, 'old'), tags: () => ['t'] })
      let land = () => {}
      const landing = new Promise<void>(resolve => {
        land = resolve
      })
      far.before = operation => (operation === 'set' ? landing : undefined)
      await filled(a)
      await a.cache.invalidateTags(['t'])
      far.before = undefined
      land()
      await calm()
      expect(far.resources.size).to.equal(1)
      for (const bed of [b, a]) {
        bed.handle(run => run.send(200, shared, 'new'))
        expect((await ask(bed)).body).to.equal('new')
      }
    })

    it('beats a fill that is under way in another process, and one that is read meanwhile', async () => {
      const {
        nodes: [a, b, c],
        far,
      } = await fleet(3, { tags: () => ['t'] })
      const first = a.get()
      await until(() => a.runs.length === 1)
      await b.cache.invalidateTags(['t'])
      a.runs[0]!.send(200, shared, 'old')
      expect((await answered(first)).body).to.equal('old')
      await calm()
      c.handle(run => run.send(200, shared, 'new'))
      // A look-up that the purge overtakes.
      far.after = async operation => {
        if (operation === 'get') await b.cache.invalidateTags(['t'])
      }
      expect((await ask(c)).body).to.equal('new')
    })
  })

  describe('the switch', () => {
    async function switched(mode: Mode) {
      let now: Mode = 'on'
      const it = await fleet(2, { handler: counting(swr), engine: { flags: { mode: () => now } } })
      await filled(it.nodes[0])
      const turn = (next: Mode) => {
        now = next
      }
      turn(mode)
      return { ...it, turn }
    }

    it('bypass: nothing is asked of the far tier; on again: it serves nothing that was purged meanwhile', async () => {
      const {
        nodes: [a, b],
        far,
        turn,
      } = await switched('bypass')
      const { length } = far.asked
      for (const bed of [a, b]) expect(told(await filled(bed))).to.equal('fwd=bypass; detail=flag')
      expect(far.asked).to.have.length(length)
      await a.cache.clear()
      turn('on')
      expect(told(await filled(b))).to.match(/stored/)
      expect(told(await ask(a))).to.equal('hit')
    })

    it('read-only: what is there is served, and nothing is put there', async () => {
      const {
        nodes: [, b],
        far,
      } = await switched('read-only')
      expect(told(await ask(b))).to.equal('hit')
      const sets = far.count('set', 'claim')
      expect(told(await filled(b, '/other'))).to.equal('fwd=uri-miss; detail=read-only')
      expect(far.count('set', 'claim')).to.equal(sets)
    })

    it('stale-only: what is there is served though it has expired', async () => {
      const {
        nodes: [, b],
        far,
        turn,
        clock,
      } = await switched('on')
      clock.advance(9000)
      turn('stale-only')
      expect((await ask(b)).body).to.equal('run 1')
      clock.advance(5000)
      expect((await ask(b)).body).to.equal('run 1')
      expect(b.runs).to.have.length(0)
      expect(far.count('set')).to.equal(1)
    })
  })

  it('what is too large for the store is kept here alone, and nobody waits for it', async () => {
    const {
      nodes: [a, b],
      far,
    } = await fleet(2, { handler: run => run.send(200, shared, 'x'.repeat(900_000)), maxBodyBytes: 3_000_000 })
    const small = createMemoryFar({ maxEntryBytes: 1000 })
    const c = bedFor({ handler: counting(), engine: { far: small.open() } })
    await until(() => c.cache[engineOf].far!.usable)
    c.handle(run => run.send(200, shared, 'x'.repeat(2000)))
    await filled(c)
    expect(small.resources.size).to.equal(0)
    expect(told(await ask(c))).to.equal('hit')
    await filled(a)
    expect((await ask(b)).body).to.have.length(900_000)
    expect(far.resources.size).to.equal(1)
  })

  for (const [title, how] of [
    ['hangs', hanging],
    ['fails', failing()],
    ['is full', failing('LARDER_FAR_FULL')],
    ['is a replica', failing('LARDER_FAR_READ_ONLY')],
    ['refuses', failing('LARDER_FAR_REFUSED')],
  ] as const) {
    it(`a store that ${title} is as good as none`, async () => {
      const {
        nodes: [a, b],
        far,
      } = await fleet(2, { handler: counting(), engine: { farDeadline: '40ms' } })
      far.before = how
      for (const bed of [a, b]) {
        for (let i = 0; i < 8; i++) expect(told(await ask(bed, `/${i}`))).to.equal('fwd=uri-miss; stored')
        for (let i = 0; i < 8; i++) expect(told(bed.ask(`/${i}`))).to.equal('hit')
      }
      await a.cache.close()
    })
  }
})
