// A store that goes away while leases are held: nobody waits for whom there is nothing to wait for.

import { expect } from 'chai'
import { publishEvent } from '../../src/events.ts'
import { consult } from '../../src/far/consult.ts'
import { createOwedLeases } from '../../src/far/owed-leases.ts'
import { createFarTier, type FarTier } from '../../src/far/tier.ts'
import { createLocalLog } from '../../src/invalidation/local-log.ts'
import { createMetrics } from '../../src/metrics.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { createMemoryFar, type FarOperation, failing, hanging, type MemoryFar } from '../memory-far.ts'
import { until } from '../response/bed.ts'
import { createClock, settle } from '../support.ts'

const claim = (token: string) => ({ lease: 'lease', token, holdMs: 10_000 })

describe('a far store that goes away', () => {
  const tiers: FarTier[] = []
  afterEach(() => {
    for (const tier of tiers.splice(0)) tier.close()
  })

  function open(far: MemoryFar, breakerFailures = 5): FarTier {
    const tier = createFarTier(
      { store: far.open(), deadlineMs: 20, breakerFailures },
      {
        name: 'test',
        now: createClock().now,
        log: createLocalLog(),
        metrics: createMetrics(createMemoryStore()),
        emit: publishEvent,
        onClockJump: () => {},
      },
    )
    tiers.push(tier)
    return tier
  }

  /** As a request that looks for 'k' and fills it when it finds nothing. */
  const ask = (tier: FarTier, token: string) =>
    consult(tier, {
      key: 'k',
      variantBy: () => '',
      take: () => 'useless',
      claim: () => claim(token),
      lookedUp: false,
      waitMs: 0,
      now: Date.now,
    })

  async function untilFree(tier: FarTier): Promise<void> {
    const deadline = performance.now() + 1000
    while ((await ask(tier, 'b')).kind !== 'mine') {
      if (performance.now() > deadline) throw new Error('The lease is still held.')
      await new Promise(resolve => setTimeout(resolve, 5))
    }
  }

  it('gets back the leases of fills that ended meanwhile, as soon as it is there again', async () => {
    const far = createMemoryFar()
    const [tier, other] = [open(far, 1), open(far)]
    await until(() => tier.usable && other.usable)
    expect((await ask(tier, 'a')).kind).to.equal('mine')
    far.before = failing()
    await tier.get('other', '', undefined)
    expect(tier.health().breaker).to.equal('open')
    // The fill ends: neither could the response be stored, nor the lease be given back.
    tier.release('k', claim('a'), 'failed', 0)
    far.before = undefined
    expect((await ask(other, 'b')).kind).to.equal('held')
    far.ready()
    await untilFree(other)
  })

  it('gets them back with its first answer to anybody, without a probe', async () => {
    const far = createMemoryFar()
    const [tier, other] = [open(far), open(far)]
    await until(() => tier.usable && other.usable)
    expect(await tier.claim('k', claim('a'))).to.equal('mine')
    // One answer is lost, too few to open the breaker: nobody has a reason to probe.
    far.before = operation => (operation === 'release' ? failing()() : undefined)
    tier.release('k', claim('a'), 'failed', 0)
    await until(() => far.count('release') === 1)
    await settle()
    far.before = undefined
    const probes = far.count('time')
    // The other's answers are no sign that this one is heard.
    expect(await other.claim('k', claim('b'))).to.equal('held')
    await tier.get('another', '', undefined)
    await until(() => far.count('release') === 2)
    await untilFree(other)
    expect([tier.health().breaker, far.count('time')]).to.deep.equal(['closed', probes])
  })

  it('gives them back one after the other, and keeps the rest when it is gone again', async () => {
    const far = createMemoryFar()
    const [tier, other] = [open(far), open(far)]
    await until(() => tier.usable && other.usable)
    const keys = ['k1', 'k2', 'k3']
    for (const key of keys) expect(await tier.claim(key, claim('a'))).to.equal('mine')
    let given = 0
    const atMost = (most: number) => (operation: FarOperation) =>
      operation === 'release' && ++given > most ? failing()() : undefined
    far.before = atMost(0)
    for (const key of keys) tier.release(key, claim('a'), 'failed', 0)
    await until(() => given === keys.length)
    await settle()
    const free = async () => {
      const outcomes = await Promise.all(keys.map(key => other.claim(key, claim('b'))))
      return outcomes.filter(outcome => outcome === 'mine').length
    }
    // The first answer sends one of them, whose answer it is that sends the next.
    given = 0
    far.before = atMost(1)
    await tier.get('another', '', undefined)
    await until(() => given === 2)
    await settle()
    expect([await free(), given]).to.deep.equal([1, 2])
    given = 0
    far.before = atMost(2)
    await tier.get('another', '', undefined)
    await until(() => given === 2)
    await settle()
    expect(await free()).to.equal(keys.length)
  })

  it('has its lease ended by the fill also when the answer to the claim never came', async () => {
    const far = createMemoryFar()
    const [tier, other] = [open(far), open(far)]
    await until(() => tier.usable && other.usable)
    far.after = hanging
    const answer = await ask(tier, 'a')
    far.after = undefined
    expect((await ask(other, 'b')).kind).to.equal('held')
    expect(answer).to.deep.equal({ kind: 'mine', claim: claim('a') })
    tier.release('k', claim('a'), 'failed', 0)
    await untilFree(other)
  })
})

describe('leases that are owed', () => {
  const lease = (key: string) => ({ key, claim: claim('a'), outcome: 'failed', apartMs: 0 }) as const

  it('are kept until they are given back, or have ended by themselves', async () => {
    let now = 0
    const owed = createOwedLeases(() => now)
    for (const key of ['k1', 'k2']) owed.add(lease(key))
    await owed.settle(async () => false)
    expect(owed.size).to.equal(2)
    const given: string[] = []
    await owed.settle(async ({ key }) => given.push(key) > 0)
    expect([given.sort(), owed.size]).to.deep.equal([['k1', 'k2'], 0])
    owed.add(lease('k3'))
    now = 10_000
    await owed.settle(async ({ key }) => given.push(key) > 0)
    expect([given.length, owed.size]).to.deep.equal([2, 0])
  })

  it('are bounded', () => {
    const owed = createOwedLeases(() => 0)
    for (let i = 0; i < 5000; i++) owed.add(lease(`k${i}`))
    expect(owed.size).to.equal(1000)
  })
})
