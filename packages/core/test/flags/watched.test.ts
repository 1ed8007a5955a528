// A flag that is watched: one question at a time, the newest answer counts, a fault is told once.

import { expect } from 'chai'
import { until } from '../../../../test/support/until.ts'
import { onCacheEvent } from '../../src/events.ts'
import { type FlagAnswer, type WatchOptions, watchFlag } from '../../src/flags/watched.ts'

describe('watchFlag', () => {
  const faults: (string | undefined)[] = []
  let unlisten = () => {}
  beforeEach(() => {
    faults.length = 0
    unlisten = onCacheEvent(event => {
      if (event.type === 'fault' && event.operation === 'flag') faults.push(event.code)
    })
  })
  afterEach(() => unlisten())

  /** A service whose answers are given by hand. */
  function service(options: WatchOptions = {}) {
    const questions: ((answer: FlagAnswer) => void)[] = []
    let changed = () => {}
    let watching = 0
    const flags = watchFlag(
      {
        evaluate: answer => void questions.push(answer),
        watch(listener) {
          watching++
          changed = listener
          return () => void watching--
        },
      },
      options,
    )
    const answer = (turn: number, value: unknown) => questions[turn]?.({ state: 'value', value })
    return { flags, questions, answer, change: () => changed(), watching: () => watching }
  }

  it('is the default until the first answer', () => {
    const { flags, answer } = service({ default: 'read-only' })
    expect(flags.mode()).to.equal('read-only')
    answer(0, true)
    expect(flags.mode()).to.equal('on')
  })

  it('asks once more, however often the flag changes while it waits', () => {
    const { flags, questions, answer, change } = service()
    for (let i = 0; i < 1000; i++) change()
    expect(questions).to.have.length(1)
    answer(0, false)
    expect(questions).to.have.length(2)
    answer(1, 'read-only')
    expect(questions).to.have.length(2)
    expect(flags.mode()).to.equal('read-only')
  })

  it('waits a second for an answer, tells of it, and asks again; a late answer counts until a newer one came', async () => {
    const { flags, questions, answer, change } = service()
    change()
    await until(() => questions.length === 2)
    expect(faults).to.deep.equal(['ETIMEDOUT'])
    answer(0, 'read-only')
    expect(flags.mode()).to.equal('read-only')
    change()
    expect(questions).to.have.length(2)
    answer(1, 'bypass')
    answer(0, 'stale-only')
    answer(1, 'stale-only')
    expect(flags.mode()).to.equal('bypass')
    expect(questions).to.have.length(3)
    answer(2, true)
    expect(flags.mode()).to.equal('on')
  })

  it('asks when the flag changes after an answer that was late', async () => {
    const closed = service({ cache: 'closed' })
    const { flags, questions, answer, change } = service()
    closed.flags.close()
    await until(() => faults.length > 0)
    expect(faults).to.have.length(1)
    change()
    answer(1, false)
    answer(0, true)
    expect(flags.mode()).to.equal('bypass')
    expect(questions).to.have.length(2)
  })

  it('goes back to the default where the value is gone, and stays where nobody knows', () => {
    const { flags, questions, answer, change } = service({ default: 'stale-only' })
    answer(0, false)
    change()
    questions[1]?.({ state: 'unknown', code: 'GENERAL' })
    expect(flags.mode()).to.equal('bypass')
    change()
    questions[2]?.({ state: 'absent' })
    expect(flags.mode()).to.equal('stale-only')
    expect(faults).to.deep.equal(['GENERAL'])
  })

  it('tells a fault once, and again after a good answer', () => {
    const { questions, answer, change } = service()
    const fail = () => {
      change()
      questions.at(-1)?.({ state: 'unknown', code: 'GENERAL' })
    }
    answer(0, true)
    fail()
    fail()
    change()
    answer(3, true)
    fail()
    expect(faults).to.deep.equal(['GENERAL', 'GENERAL'])
  })

  it('tells no text that is no code', () => {
    const { questions } = service()
    questions[0]?.({ state: 'unknown', code: 'cannot reach https://user:password@flags' })
    expect(faults).to.deep.equal([undefined])
  })

  it('asks and hears nothing once it is closed', () => {
    const { flags, questions, answer, change, watching } = service()
    expect(watching()).to.equal(1)
    change()
    flags.close()
    flags.close()
    expect(watching()).to.equal(0)
    answer(0, false)
    change()
    expect(flags.mode()).to.equal('on')
    expect(questions).to.have.length(1)
  })

  it('asks nothing once it is closed, though it waits for no answer', () => {
    const { flags, questions, answer, change } = service()
    answer(0, true)
    flags.close()
    change()
    expect(questions).to.have.length(1)
  })

  it('outlives a service that throws', () => {
    const flags = watchFlag(
      {
        evaluate() {
          throw new Error('secret')
        },
        watch: () => () => {},
      },
      { default: 'read-only' },
    )
    expect(flags.mode()).to.equal('read-only')
    expect(faults).to.deep.equal(['GENERAL'])
  })
})
