// A deadline, a breaker and bounds around every call to a far store.

import { performance } from 'node:perf_hooks'
import { expect } from 'chai'
import { CircuitState, ConsecutiveBreaker, circuitBreaker, handleWhen } from 'cockatiel'
import fc from 'fast-check'
import { LarderError } from '../../src/errors.ts'
import { type BreakerState, type CallOutcome, createResilience, type ResilienceOptions } from '../../src/resilience.ts'
import { gate } from '../support.ts'

describe('resilience', () => {
  function made(options: Partial<ResilienceOptions> = {}) {
    const states: BreakerState[] = []
    const resilience = createResilience({
      deadlineMs: 20,
      failures: 3,
      onState: state => void states.push(state),
      ...options,
    })
    return { resilience, states }
  }
  const fail = (code: string) => () => Promise.reject(new LarderError(code as never))
  const away = fail('LARDER_FAR_UNAVAILABLE')
  const hang = () => new Promise<never>(() => {})
  const opened = async (options?: Partial<ResilienceOptions>) => {
    const it = made(options)
    for (let i = 0; i < 3; i++) await it.resilience.run(away)
    expect(it.resilience.state).to.equal('open')
    return it
  }

  it('hands an answer on', async () => {
    const { resilience } = made()
    expect(await resilience.run(async () => 7)).to.deep.equal({ kind: 'answered', value: 7 })
    expect(resilience.calls).to.equal(0)
  })

  it('ends a call that hangs by its deadline, and hears nothing of it any more', async () => {
    const { resilience } = made({ deadlineMs: 30 })
    const { passed, fail: reject } = gate()
    const begin = performance.now()
    expect((await resilience.run(() => passed)).kind).to.equal('timeout')
    expect(performance.now() - begin).to.be.within(25, 2000)
    // An unhandled rejection would end the process.
    reject(new Error('too late'))
    await new Promise(resolve => setImmediate(resolve))
    expect(resilience.calls).to.equal(0)
  })

  it('rejects never, whatever is thrown', async () => {
    const { resilience } = made({ failures: 100 })
    for (const thrown of [undefined, null, 'text', 1, {}, new Error('x'), Object.create(null)]) {
      const failed = { kind: 'failed', code: 'LARDER_FAR_UNAVAILABLE' }
      expect(await resilience.run(() => Promise.reject(thrown))).to.deep.equal(failed)
      expect(
        await resilience.run(() => {
          throw thrown
        }),
      ).to.deep.equal(failed)
    }
    expect(resilience.calls).to.equal(0)
  })

  it('knows an error by its code, from whatever copy of the package it comes', async () => {
    const { resilience } = made()
    for (const code of ['LARDER_FAR_FULL', 'LARDER_FAR_READ_ONLY', 'LARDER_FAR_REFUSED']) {
      expect(await resilience.run(() => Promise.reject({ code }))).to.deep.equal({ kind: 'failed', code })
    }
  })

  describe('the breaker', () => {
    it('opens after so many failures in a row, and no call is made then', async () => {
      const { resilience, states } = made()
      for (let i = 0; i < 2; i++) await resilience.run(away)
      await resilience.run(async () => 1)
      for (let i = 0; i < 2; i++) await resilience.run(away)
      expect(resilience.state).to.equal('closed')
      await resilience.run(away)
      expect(resilience.state).to.equal('open')
      let calls = 0
      expect(await resilience.run(async () => calls++)).to.deep.equal({ kind: 'skipped' })
      expect(calls).to.equal(0)
      expect(states).to.deep.equal(['open'])
    })

    it('opens for a store that hangs', async () => {
      const { resilience } = made({ failures: 1 })
      // A loaded machine may have a timer come late, which is no failure.
      for (let i = 0; i < 50 && resilience.state === 'closed'; i++) await resilience.run(hang)
      expect(resilience.state).to.equal('open')
    })

    it('never opens for a fault of ours', async () => {
      const { resilience, states } = made()
      for (const code of ['LARDER_FAR_FULL', 'LARDER_FAR_READ_ONLY', 'LARDER_FAR_REFUSED']) {
        for (let i = 0; i < 10; i++) await resilience.run(fail(code))
      }
      expect(resilience.state).to.equal('closed')
      expect(states).to.deep.equal([])
    })

    it('takes a refusal for no answer of a store that is well', async () => {
      const { resilience } = made()
      for (let i = 0; i < 3; i++) {
        await resilience.run(fail('LARDER_FAR_REFUSED'))
        await resilience.run(away)
      }
      expect(resilience.state).to.equal('open')
    })

    it('is closed by a probe that succeeds, and by nothing else', async () => {
      const { resilience, states } = await opened()
      await new Promise(resolve => setTimeout(resolve, 30))
      expect((await resilience.run(async () => 1)).kind).to.equal('skipped')
      expect(await resilience.probe(away)).to.deep.equal({ kind: 'failed', code: 'LARDER_FAR_UNAVAILABLE' })
      expect(resilience.state).to.equal('open')
      expect((await resilience.probe(hang)).kind).to.be.oneOf(['timeout', 'late'])
      expect(resilience.state).to.equal('open')
      expect(await resilience.probe(async () => 1)).to.deep.equal({ kind: 'answered', value: 1 })
      expect(resilience.state).to.equal('closed')
      expect(states).to.deep.equal(['open', 'half-open', 'open', 'half-open', 'open', 'half-open', 'closed'])
      expect(await resilience.run(async () => 2)).to.deep.equal({ kind: 'answered', value: 2 })
    })

    it('needs as many failures again after that', async () => {
      const { resilience } = await opened()
      await resilience.probe(async () => 1)
      for (let i = 0; i < 2; i++) await resilience.run(away)
      expect(resilience.state).to.equal('closed')
    })

    it('lets no call wait for a probe, and no probe for another', async () => {
      const { resilience } = await opened({ deadlineMs: 1000 })
      const { passed, open } = gate<number>()
      const probe = resilience.probe(() => passed)
      expect(resilience.state).to.equal('half-open')
      expect((await resilience.run(async () => 1)).kind).to.equal('skipped')
      expect((await resilience.probe(async () => 1)).kind).to.equal('skipped')
      open(7)
      expect(await probe).to.deep.equal({ kind: 'answered', value: 7 })
      expect(resilience.state).to.equal('closed')
    })

    it('counts as a breaker does that every call goes through, in whatever order they end', async () => {
      const step = fc.oneof(
        fc.constant('begin' as const),
        fc.constant('begin' as const),
        fc.tuple(fc.nat(3), fc.constantFrom('well', 'away', 'refused')),
        // Between the ends of two calls lies everything, or nothing.
        fc.constant('settle' as const),
      )
      const run = async (steps: readonly (string | readonly [number, string])[]) => {
        const { resilience } = made({ deadlineMs: 60_000, failures: 2 })
        const isFault = (error: unknown) => (error as { code: string }).code === 'LARDER_FAR_UNAVAILABLE'
        const model = circuitBreaker(handleWhen(isFault), { breaker: new ConsecutiveBreaker(2), halfOpenAfter: 60_000 })
        const begun: { open(): void; fail(error: unknown): void }[] = []
        const settle = async () => {
          await new Promise(resolve => setImmediate(resolve))
          expect(resilience.state).to.equal(model.state === CircuitState.Closed ? 'closed' : 'open')
        }
        for (const step of steps) {
          if (step === 'settle') await settle()
          else if (step !== 'begin') {
            const [call] = begun.splice(Number(step[0]), 1)
            if (step[1] === 'well') call?.open()
            else call?.fail({ code: step[1] === 'away' ? 'LARDER_FAR_UNAVAILABLE' : 'LARDER_FAR_REFUSED' })
          } else if (model.state === CircuitState.Closed) {
            const [ours, its] = [gate<void>(), gate<void>()]
            void resilience.run(() => ours.passed)
            model.execute(() => its.passed).catch(() => undefined)
            begun.push({
              open() {
                ours.open()
                its.open()
              },
              fail(error) {
                ours.fail(error)
                its.fail(error)
              },
            })
          }
        }
        await settle()
        for (const { open } of begun) open()
        await settle()
        expect(resilience.calls).to.equal(0)
      }
      await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), run), { numRuns: 300 })
    })

    it('is not told by a call from before it opened how a probe ends', async () => {
      const { resilience, states } = made({ deadlineMs: 1000 })
      const [old, probed] = [gate<number>(), gate<number>()]
      const call = resilience.run(() => old.passed)
      for (let i = 0; i < 3; i++) await resilience.run(away)
      const probe = resilience.probe(() => probed.passed)
      old.fail(new LarderError('LARDER_FAR_UNAVAILABLE'))
      expect(await call).to.deep.equal({ kind: 'failed', code: 'LARDER_FAR_UNAVAILABLE' })
      expect(resilience.state).to.equal('half-open')
      probed.open(7)
      expect(await probe).to.deep.equal({ kind: 'answered', value: 7 })
      expect(states).to.deep.equal(['open', 'half-open', 'closed'])
    })

    for (const jumpMs of [-3_600_000, 3_600_000]) {
      it(`does not look at the wall clock: it jumps by ${jumpMs / 1000} s`, async () => {
        const { now } = Date
        try {
          const { resilience } = await opened()
          Date.now = () => now() + jumpMs
          expect(await resilience.probe(async () => 1)).to.deep.equal({ kind: 'answered', value: 1 })
          expect(resilience.state).to.equal('closed')
          expect(resilience.calls).to.equal(0)
        } finally {
          Date.now = now
        }
      })
    }
  })

  describe('a process that stood still', () => {
    const standStill = (ms: number) => {
      const end = performance.now() + ms
      while (performance.now() < end);
    }

    it('takes a late timer for no failure of the store', async () => {
      const { resilience } = made({ failures: 1 })
      const call = resilience.run(hang)
      await Promise.resolve()
      standStill(150)
      expect((await call).kind).to.equal('late')
      expect(resilience.state).to.equal('closed')
    })

    it('reads an answer that came meanwhile', async () => {
      const { resilience } = made()
      const call: Promise<CallOutcome<number>> = resilience.run(
        () => new Promise<number>(resolve => setImmediate(() => setImmediate(() => resolve(7)))),
      )
      await Promise.resolve()
      standStill(150)
      expect(await call).to.deep.equal({ kind: 'answered', value: 7 })
    })

    it('does not close the breaker for a probe that nobody knows the end of', async () => {
      const { resilience } = await opened()
      const probe = resilience.probe(hang)
      await Promise.resolve()
      standStill(150)
      expect((await probe).kind).to.equal('late')
      expect(resilience.state).to.equal('open')
    })
  })

  describe('bounds', () => {
    it('holds so many calls, those that nobody waits for included', async () => {
      const { resilience } = made({ maxCalls: 4, failures: 100, deadlineMs: 5 })
      const { passed, open } = gate<number>()
      const calls = Array.from({ length: 6 }, () => resilience.run(() => passed))
      const kinds = (await Promise.all(calls)).map(({ kind }) => kind)
      expect(kinds).to.deep.equal(['timeout', 'timeout', 'timeout', 'timeout', 'skipped', 'skipped'])
      expect(resilience.calls).to.equal(4)
      expect((await resilience.run(async () => 1)).kind).to.equal('skipped')
      open(1)
      await new Promise(resolve => setImmediate(resolve))
      expect(resilience.calls).to.equal(0)
      expect((await resilience.run(async () => 1)).kind).to.equal('answered')
    })

    it('holds so many bytes', async () => {
      const { resilience } = made({ maxBytes: 1000, failures: 100, deadlineMs: 5 })
      const { passed, fail: end } = gate<number>()
      expect((await resilience.run(() => passed, 1001)).kind).to.equal('skipped')
      expect((await resilience.run(() => passed, 600)).kind).to.equal('timeout')
      expect((await resilience.run(() => passed, 401)).kind).to.equal('skipped')
      expect((await resilience.run(() => passed, 400)).kind).to.equal('timeout')
      expect(resilience.bytes).to.equal(1000)
      end(new Error('gone'))
      await new Promise(resolve => setImmediate(resolve))
      expect(resilience.bytes).to.equal(0)
    })

    it('holds so many probes of a store that never answers', async () => {
      const { resilience } = await opened({ deadlineMs: 1, maxCalls: 4 })
      for (let i = 0; i < 20; i++) await resilience.probe(hang)
      expect(resilience.calls).to.be.at.most(8)
    })
  })
})
