// The far store as the engine sees it: when it is asked, when it is probed, when it takes no writes.

import { expect } from 'chai'
import { type CacheEvent, onCacheEvent, publishEvent } from '../../src/events.ts'
import { consult, type FarAnswer, type Question } from '../../src/far/consult.ts'
import { createFarTier, type FarOptions, type FarTier } from '../../src/far/tier.ts'
import { createLocalLog } from '../../src/invalidation/local-log.ts'
import { createMetrics } from '../../src/metrics.ts'
import { encodeFrame, filledAtOf } from '../../src/store/codec.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { createMemoryFar, type FarOperation, failing, hanging, type MemoryFar } from '../memory-far.ts'
import { until } from '../response/bed.ts'
import { createClock, settle } from '../support.ts'

const closing: FarTier[] = []
afterEach(() => {
  for (const tier of closing.splice(0)) tier.close()
})

async function open(options: Partial<FarOptions> = {}, shared?: MemoryFar, awaited = true) {
  const clock = createClock()
  const far = shared ?? createMemoryFar({ now: () => clock.now() + 5000 })
  let confirmedAt = Number.NEGATIVE_INFINITY
  let jumps = 0
  const tier = createFarTier(
    { store: far.open(), deadlineMs: 20, breakerFailures: 2, breakerResetMs: 60_000, ...options },
    {
      name: 'test',
      now: clock.now,
      log: { ...createLocalLog(), confirmedAt: () => confirmedAt },
      metrics: createMetrics(createMemoryStore()),
      emit: publishEvent,
      onClockJump: () => jumps++,
    },
  )
  closing.push(tier)
  if (awaited) await until(() => tier.usable)
  return {
    tier,
    far,
    clock,
    confirm: () => {
      confirmedAt = clock.now()
    },
    jumps: () => jumps,
    /** Opens the breaker. */
    async lose() {
      far.before = failing()
      while (tier.health().breaker === 'closed') await tier.get('k', '', undefined)
    },
  }
}

const write = (frame = 'frame') => ({
  key: 'k',
  variant: '',
  rule: [],
  widens: undefined,
  epoch: 'e',
  position: 1,
  filledAt: 1,
  expiresAt: 8e15,
  livesMs: 60_000,
  maxVariants: 3,
  frame: Buffer.from(frame),
  release: undefined,
})

describe('the far tier', () => {
  it('is not asked before the store has told its time', async () => {
    const far = createMemoryFar()
    far.before = failing()
    const { tier } = await open({}, far, false)
    await settle()
    expect(tier.usable).to.equal(false)
    expect(tier.health()).to.include({ state: 'starting', breaker: 'closed', latencyMs: undefined })
    // Without its time nobody can say when anything ends; and that it is not there yet is no failure.
    for (let i = 0; i < 10; i++) expect(await tier.set(write())).to.equal(undefined)
    expect(far.count('set')).to.equal(0)
    expect(tier.health().breaker).to.equal('closed')
    far.before = undefined
    far.ready()
    await until(() => tier.usable)
    expect(tier.health()).to.include({ state: 'up', callsUnderWay: 0, bytesUnderWay: 0, writesPaused: false })
    expect(tier.health().latencyMs).to.be.a('number')
  })

  it('is probed again soon when its first answer was lost', async () => {
    const far = createMemoryFar()
    far.before = () => {
      far.before = undefined
      return failing()()
    }
    const { tier } = await open({}, far, false)
    await until(() => tier.usable)
    expect(far.asked).to.deep.equal(['time', 'time'])
  })

  it('is down when the breaker is open, and answers nothing then', async () => {
    const { tier, far, lose } = await open()
    await lose()
    expect(tier.health()).to.include({ state: 'down', breaker: 'open' })
    expect(tier.usable).to.equal(false)
    const asked = far.asked.length
    expect(await tier.get('k', '', undefined)).to.equal(undefined)
    expect(await tier.set(write())).to.equal(undefined)
    expect(await tier.claim('k', { lease: 'l', token: 't', holdMs: 1000 })).to.equal(undefined)
    expect(far.asked).to.have.length(asked)
  })

  it('is probed when the connection is back', async () => {
    const { tier, far, lose } = await open()
    await lose()
    far.before = undefined
    far.ready()
    await until(() => tier.usable)
  })

  it('is probed when the log is answered again', async function () {
    this.timeout(5000)
    const { tier, far, lose, clock, confirm } = await open()
    confirm()
    clock.advance(10)
    await lose()
    far.before = undefined
    const asked = far.count('time')
    clock.advance(10)
    // A word of the log from before says nothing.
    await new Promise(resolve => setTimeout(resolve, 600))
    expect(far.count('time')).to.equal(asked)
    confirm()
    await until(() => tier.usable)
  })

  it('is probed when the time of the breaker is over, and by no request', async () => {
    const { tier, far, lose, clock } = await open({ breakerResetMs: 40 })
    await lose()
    far.before = undefined
    const asked = far.count('time')
    for (let i = 0; i < 100; i++) await tier.get('k', '', undefined)
    await new Promise(resolve => setTimeout(resolve, 45))
    expect(far.count('time')).to.equal(asked)
    clock.advance(41)
    await until(() => tier.usable)
  })

  it('is probed every so often while all is well', async () => {
    const { far } = await open({ healthIntervalMs: 5 })
    await until(() => far.count('time') > 5)
  })

  it('tells when the clock of the store has jumped', async () => {
    let ahead = 0
    const far = createMemoryFar({ now: () => 1_700_000_000_000 + ahead })
    const { jumps } = await open({}, far)
    for (ahead of [500, 500, 5000]) {
      const asked = far.count('time')
      far.ready()
      await until(() => far.count('time') > asked)
      await new Promise(resolve => setTimeout(resolve, 10))
    }
    expect(jumps()).to.equal(1)
  })

  describe('a claim that is late although its answer came in time', () => {
    const claim = { lease: 'l', token: 't', holdMs: 1000 }
    const hourMs = 3_600_000

    async function openBeside(options: Partial<FarOptions> = {}) {
      let ahead = 0
      const far = createMemoryFar({ now: () => Date.now() + ahead })
      const opened = await open(options, far)
      const step = () => {
        ahead += hourMs
      }
      return { ...opened, step }
    }

    const asks: readonly [string, (tier: FarTier) => Promise<string | undefined>][] = [
      ['by itself', tier => tier.claim('k', claim)],
      ['beside a look-up', async tier => (await tier.get('k', '', () => claim))?.claimed],
    ]
    for (const [title, ask] of asks) {
      it(`${title}: the clock of the store has moved, and is asked for at once`, async () => {
        const { tier, far, step, jumps } = await openBeside()
        step()
        expect(await ask(tier)).to.equal('late')
        await until(() => jumps() === 1)
        expect(far.count('time')).to.equal(2)
        expect(await ask(tier)).to.equal('mine')
        await settle()
        expect(far.count('time')).to.equal(2)
      })
    }

    it('is asked for twice a second at the most, and waited for by nobody', async () => {
      const { tier, far, step, clock } = await openBeside({ breakerFailures: 1000, deadlineMs: 1000 })
      step()
      far.before = operation => (operation === 'time' ? hanging() : undefined)
      for (let asked = 2; asked < 5; asked++) {
        for (let i = 0; i < 100; i++) expect(await tier.claim('k', claim)).to.equal('late')
        expect(far.count('time')).to.equal(asked)
        clock.advance(500)
      }
    })
  })

  for (const [code, pauseMs] of [
    ['LARDER_FAR_FULL', 5000],
    ['LARDER_FAR_READ_ONLY', 1000],
  ] as const) {
    it(`${code}: goes on reading, and pauses writing for ${pauseMs / 1000} s`, async () => {
      const { tier, far, clock } = await open()
      await tier.set(write('older'))
      far.before = operation => (operation === 'set' ? failing(code)() : undefined)
      for (let i = 0; i < 10; i++) expect(await tier.set(write())).to.equal(undefined)
      expect(far.count('set')).to.equal(2)
      expect(tier.health()).to.include({ state: 'up', writesPaused: true })
      expect((await tier.get('k', '', undefined))?.frame?.toString()).to.equal('older')
      far.before = undefined
      clock.advance(pauseMs - 1)
      expect(await tier.set(write())).to.equal(undefined)
      clock.advance(1)
      expect(await tier.set(write())).to.equal('stored')
      expect(tier.health().writesPaused).to.equal(false)
    })
  }

  it('removes what lies under a rule that is none', async () => {
    const { tier, far } = await open()
    for (const [rule, ask] of [
      ['a b', () => tier.get('k', '', undefined)],
      ['é', () => tier.set(write())],
    ] as const) {
      await tier.set(write())
      far.resources.get('k')!.rule = rule
      const answer = await ask()
      expect(answer === undefined || (answer as { frame?: unknown }).frame === undefined).to.equal(true)
      await until(() => far.resources.size === 0)
      expect(tier.rules.get('k')).to.deep.equal([])
      expect(await tier.set(write())).to.equal('stored')
    }
  })

  it('tells of each call, and nothing of what it was about', async () => {
    const events: CacheEvent[] = []
    const end = onCacheEvent(event => void events.push(event))
    const { tier, far } = await open()
    await tier.set({ ...write('canary'), key: 'canary' })
    await tier.get('canary', '', undefined)
    await tier.get('canary2', '', undefined)
    far.before = failing()
    await tier.get('canary', '', undefined)
    far.before = hanging
    await tier.get('canary', '', undefined)
    await tier.get('canary', '', undefined)
    end()
    const told = events.map(event =>
      'outcome' in event ? `${event.type} ${event.outcome}` : `${event.type} ${'state' in event ? event.state : ''}`,
    )
    expect(told).to.deep.equal([
      'far done',
      'far stored',
      'far hit',
      'far miss',
      'fault ',
      'far error',
      'breaker open',
      'far timeout',
      'far skipped',
    ])
    expect(JSON.stringify(events)).not.to.include('canary')
  })

  it('lets go of all when it is closed, and is not asked any more', async () => {
    const { tier, far } = await open({ healthIntervalMs: 2 })
    const waits = tier.hear('l').wait(60_000)
    tier.close()
    tier.close()
    expect(await waits).to.equal('timeout')
    expect(far.listening).to.equal(0)
    expect(tier.usable).to.equal(false)
    await settle()
    const asked = far.count('time')
    await new Promise(resolve => setTimeout(resolve, 20))
    expect(far.count('time')).to.equal(asked)
  })
})

describe('asking the far tier before something is made', () => {
  const claim = (token: string) => ({ lease: 'lease', token, holdMs: 10_000 })
  type Asked = Question<'taken'>
  const question = (changes: Partial<Asked> & Pick<Asked, 'now'>): Asked => ({
    key: 'k',
    variantBy: rule => rule.join(),
    take: () => 'taken',
    claim: () => claim('me'),
    lookedUp: false,
    waitMs: 1000,
    ...changes,
  })

  async function bench() {
    const it = await open({ deadlineMs: 200, breakerFailures: 1000 })
    const other = await open({ deadlineMs: 200 }, it.far)
    const ask = (changes: Partial<Asked> = {}): Promise<FarAnswer> =>
      consult(it.tier, question({ now: it.clock.now, ...changes }))
    const advance = (ms: number) => [it, other].forEach(({ clock }) => void clock.advance(ms))
    return { ...it, other: other.tier, advance, ask }
  }

  it('nothing there → mine', async () => {
    const { ask, far } = await bench()
    expect(await ask()).to.deep.equal({ kind: 'mine', claim: claim('me') })
    expect(far.count('get', 'claim')).to.equal(1)
  })

  it('there → found, in one call, and nobody has a lease', async () => {
    const { ask, far, tier, other } = await bench()
    await tier.set(write())
    expect(await ask()).to.deep.equal({ kind: 'found', waited: false, taken: 'taken' })
    expect(far.count('get', 'claim')).to.equal(1)
    expect(await other.claim('k', claim('other'))).to.equal('mine')
  })

  it('only looked up, and nothing there → nothing', async () => {
    const { ask, far } = await bench()
    expect(await ask({ claim: undefined })).to.deep.equal({ kind: 'nothing' })
    expect(far.count('claim')).to.equal(0)
  })

  it('of no use → mine, and it stays', async () => {
    const { ask, far, tier } = await bench()
    await tier.set(write())
    expect((await ask({ take: () => 'useless' })).kind).to.equal('mine')
    expect(far.resources.size).to.equal(1)
  })

  it('malformed → mine, and it goes', async () => {
    const { ask, far, tier } = await bench()
    await tier.set(write())
    expect((await ask({ take: () => 'malformed' })).kind).to.equal('mine')
    await until(() => far.resources.get('k')?.variants.size === 0)
  })

  it('looked up before → only claimed', async () => {
    const { ask, far } = await bench()
    expect((await ask({ lookedUp: true })).kind).to.equal('mine')
    expect(far.count('get')).to.equal(0)
  })

  it('a wrong guess of the rule → found by the right one, and the lease of the guess is given back', async () => {
    const { ask, tier, other, far } = await bench()
    await other.set({ ...write(), rule: ['accept'], variant: 'accept' })
    expect(tier.rules.get('k')).to.deep.equal([])
    expect((await ask()).kind).to.equal('found')
    await until(() => far.count('release') === 1)
    expect(await other.claim('k', claim('other'))).to.equal('mine')
    expect(tier.rules.get('k')).to.deep.equal(['accept'])
    const asked = far.count('get')
    await ask()
    expect(far.count('get')).to.equal(asked + 1)
  })

  it('held → waits for the message, looks again, and finds it', async () => {
    const { ask, other, far } = await bench()
    await other.claim('k', claim('other'))
    const answer = ask()
    await until(() => far.count('get') === 1)
    await other.set({ ...write(), release: claim('other') })
    expect(await answer).to.deep.equal({ kind: 'found', waited: true, taken: 'taken' })
  })

  it('held, and it fails → mine, without another look', async () => {
    const { ask, other, far } = await bench()
    await other.claim('k', claim('other'))
    const answer = ask()
    await until(() => far.count('get') === 1)
    other.release('k', claim('other'), 'failed', 0)
    expect((await answer).kind).to.equal('mine')
    expect(far.count('get')).to.equal(1)
  })

  it('held, and it cannot be shared → apart, at once', async () => {
    const { ask, other, far } = await bench()
    await other.claim('k', claim('other'))
    const answer = ask()
    await until(() => far.count('get') === 1)
    other.release('k', claim('other'), 'apart', 1000)
    expect(await answer).to.deep.equal({ kind: 'apart' })
    expect(await ask()).to.deep.equal({ kind: 'apart' })
  })

  it('held, and the message is lost → looks again after a while', async () => {
    const { ask, other, far } = await bench()
    await other.claim('k', claim('other'))
    const answer = ask()
    await until(() => far.count('get') === 1)
    await other.set(write())
    expect(await answer).to.deep.equal({ kind: 'found', waited: true, taken: 'taken' })
  })

  // A frame as it is written, so that it says when it was filled.
  const filled = (filledAt: number) => ({
    ...write(),
    filledAt,
    frame: encodeFrame({
      kind: 'data',
      position: 1,
      filledAt,
      expiresAt: 8e15,
      head: [],
      body: Buffer.from(String(filledAt)),
    }),
  })
  const newer = (_rule: readonly string[], frame: Buffer) => (filledAtOf(frame) > 1 ? 'taken' : 'useless')

  it('stored by another between the look-up and the claim → found', async () => {
    const { ask, far, other, tier } = await bench()
    // As a store that claims only once it has found nothing.
    const get = tier.get
    const answer = consult(
      {
        ...tier,
        usable: true,
        async get(...args: Parameters<FarTier['get']>) {
          const found = await get(args[0], args[1], undefined)
          if (far.count('set') === 0) await other.set(filled(1))
          return found && { ...found, claimed: args[2] && found.frame === undefined ? 'there' : undefined }
        },
      },
      question({ now: Date.now }),
    )
    expect(await answer).to.include({ kind: 'found', waited: false })
    expect((await ask({ take: () => 'useless' })).kind).to.equal('mine')
  })

  it('refreshed by another between the look-up and the claim → found, and no second run', async () => {
    const { ask, far, other, tier } = await bench()
    await tier.set(filled(1))
    far.before = async operation => {
      if (operation !== 'claim') return
      far.before = undefined
      await other.set(filled(2))
    }
    expect(await ask({ take: newer })).to.include({ kind: 'found', waited: false })
    expect(await other.claim('k', claim('other'))).to.equal('mine')
  })

  it('looked up before, and refreshed by another since → found', async () => {
    const { ask, tier, far } = await bench()
    await tier.set(filled(1))
    expect(await ask({ lookedUp: true, outdatedAt: 1, take: newer, claim: () => claim('me') })).to.include({
      kind: 'mine',
    })
    tier.release('k', claim('me'), 'failed', 0)
    await tier.set(filled(2))
    expect(await ask({ lookedUp: true, outdatedAt: 1, take: newer })).to.include({ kind: 'found', waited: false })
    expect(far.count('get')).to.equal(1)
  })

  it('refreshed again and again by others, and never of use → mine, after a few looks', async () => {
    const { ask, far, other } = await bench()
    let at = 0
    far.before = async operation => {
      if (operation === 'claim') await other.set(filled(++at))
    }
    await other.set(filled(++at))
    expect((await ask({ take: () => 'useless' })).kind).to.equal('mine')
    expect(far.count('get')).to.equal(3)
  })

  it('held, and no time to wait → held', async () => {
    const { ask, other } = await bench()
    await other.claim('k', claim('other'))
    expect(await ask({ waitMs: 0 })).to.deep.equal({ kind: 'held' })
  })

  it('held for longer than there is time → held', async () => {
    const { ask, other, clock } = await bench()
    await other.claim('k', claim('other'))
    setTimeout(() => clock.advance(1000), 20)
    expect(await ask({ waitMs: 30 })).to.deep.equal({ kind: 'held' })
  })

  const operations: readonly FarOperation[] = ['get', 'claim']
  for (const operation of operations) {
    for (const [title, how] of [
      ['hangs', hanging],
      ['fails', failing()],
    ] as const) {
      it(`${operation} ${title} → mine, since the claim may have been heard`, async () => {
        const { ask, far } = await bench()
        far.before = asked => (asked === operation ? how() : undefined)
        expect(await ask({ lookedUp: operation === 'claim' })).to.deep.equal({ kind: 'mine', claim: claim('me') })
      })
    }
  }

  it('a claim that lands when nobody waits for it any more → holds up nobody', async () => {
    const { far, advance, other } = await bench()
    const slow = await open({ deadlineMs: 5 }, far)
    let land = () => {}
    const landing = new Promise<void>(resolve => {
      land = resolve
    })
    far.before = () => landing
    expect(await consult(slow.tier, question({ now: slow.clock.now, lookedUp: true }))).to.deep.equal({
      kind: 'mine',
      claim: claim('me'),
    })
    advance(1000)
    far.before = undefined
    land()
    await settle()
    expect(await other.claim('k', claim('other'))).to.equal('mine')
  })

  it('the breaker opens while it waits → nothing, at the latest after half a second', async () => {
    const { ask, other, far, tier } = await bench()
    await other.claim('k', claim('other'))
    const answer = ask({ waitMs: 60_000 })
    await until(() => far.count('get') === 1)
    tier.close()
    expect(await answer).to.deep.equal({ kind: 'nothing' })
  })
})
