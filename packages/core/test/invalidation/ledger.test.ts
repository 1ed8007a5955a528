// The ledger: against a brute-force oracle, at its bounds, and along epochs and confirmations.

import { expect } from 'chai'
import fc from 'fast-check'
import { createLedger, type LedgerOptions } from '../../src/invalidation/ledger.ts'
import type { Invalidation, InvalidationLog, LogRecord, Stamped, Verdict } from '../../src/invalidation/log.ts'
import { compilePattern } from '../../src/pattern.ts'
import { createClock } from '../support.ts'

// A log whose every answer the test decides.
interface ScriptedLog extends InvalidationLog {
  epoch: string
  at: number
  confirmed: number
  tell(invalidation: Invalidation, position?: number): void
}

function createScriptedLog(): ScriptedLog {
  const subscribers = new Set<(record: LogRecord) => void>()
  const log: ScriptedLog = {
    epoch: 'e0',
    at: 0,
    confirmed: Number.POSITIVE_INFINITY,
    position: () => log.at,
    floor: () => 0,
    unacknowledged: 0,
    confirmedAt: () => log.confirmed,
    tell(invalidation: Invalidation, position = log.at + 1) {
      log.at = Math.max(log.at, position)
      for (const apply of subscribers) apply({ position, invalidation })
    },
    append: async () => 0,
    subscribe(apply: (record: LogRecord) => void) {
      subscribers.add(apply)
      return () => void subscribers.delete(apply)
    },
    close: async () => {},
  }
  return log
}

function setUp(options: Partial<LedgerOptions> = {}) {
  const log = createScriptedLog()
  const clock = createClock()
  const ledger = createLedger({ log, now: clock.now, ...options })
  const stored = (names: readonly string[] = [], subject = 'subject'): Stamped => ({
    epoch: log.epoch,
    position: log.at,
    filledAt: clock.now(),
    names,
    subject,
    checkedAt: -1,
    checkedVerdict: 'valid',
  })
  const verdict = (entry: Stamped) => ledger.verdict(entry, clock.now())
  return { log, clock, ledger, stored, verdict }
}

const names = (soft: boolean, ...names: string[]): Invalidation => ({ kind: 'names', names, soft })
const pattern = (pattern: string, soft = false): Invalidation => ({ kind: 'pattern', pattern, soft })

describe('the ledger', () => {
  const hits: readonly [Invalidation, Verdict][] = [
    [names(false, 'k:a'), 'invalid'],
    [names(false, 't:x', 't:y'), 'invalid'],
    [names(false, 't:z'), 'valid'],
    [names(true, 't:x'), 'soft'],
    [pattern('user:*'), 'invalid'],
    [pattern('post:*'), 'valid'],
    [pattern('user:*', true), 'soft'],
    [{ kind: 'all', soft: false }, 'invalid'],
    [{ kind: 'all', soft: true }, 'soft'],
  ]
  for (const [invalidation, expected] of hits)
    it(`${JSON.stringify(invalidation)} makes what was filled before ${expected}, and nothing that is filled after`, () => {
      const { log, stored, verdict } = setUp()
      const before = stored(['k:a', 't:x'], 'user:1')
      expect(verdict(before)).to.equal('valid')
      log.tell(invalidation)
      expect(verdict(before)).to.equal(expected)
      expect(verdict(before)).to.equal(expected)
      expect(verdict(stored(['k:a', 't:x'], 'user:1'))).to.equal('valid')
    })

  it('hard wins over soft, in whatever order', () => {
    for (const order of [
      [true, false],
      [false, true],
    ]) {
      const { log, stored, verdict } = setUp()
      const entry = stored(['t:x'])
      for (const soft of order) {
        log.tell(names(soft, 't:x'))
        verdict(entry)
      }
      expect(verdict(entry)).to.equal('invalid')
    }
  })

  it('a soft pattern stays soft across later records', () => {
    const { log, stored, verdict } = setUp()
    const entry = stored()
    log.tell(pattern('sub*', true))
    expect(verdict(entry)).to.equal('soft')
    log.tell(names(false, 't:other'))
    expect(verdict(entry)).to.equal('soft')
  })

  it('does not look again at the position at which it looked', () => {
    const { log, stored, verdict } = setUp()
    let reads = 0
    const entry = {
      ...stored(),
      get names() {
        reads++
        return []
      },
    }
    verdict(entry)
    verdict(entry)
    expect(reads).to.equal(1)
    log.tell(names(false, 't:other'))
    verdict(entry)
    verdict(entry)
    expect(reads).to.equal(2)
  })

  it('sees a record that does not move the position of the log', () => {
    const { log, stored, verdict } = setUp()
    log.at = 5
    const entry = stored(['t:x'])
    expect(verdict(entry)).to.equal('valid')
    log.tell(names(false, 't:x'), 5.5)
    log.at = 5
    expect(verdict(entry)).to.equal('invalid')
  })

  it('what comes from the future of the log is invalid', () => {
    const { log, stored, verdict } = setUp()
    log.at = 10
    const entry = stored()
    expect(verdict(entry)).to.equal('valid')
    log.at = 9
    expect(verdict(entry)).to.equal('invalid')
  })

  it('what comes from another epoch is invalid, and positions begin anew', () => {
    const { log, stored, verdict } = setUp()
    log.tell(names(false, 't:x'), 100)
    log.tell(pattern('sub*'), 101)
    log.tell({ kind: 'all', soft: false }, 102)
    const old = stored(['t:x'])
    log.epoch = 'e1'
    log.at = 1
    const entry = stored(['t:x'])
    expect(verdict(old)).to.equal('invalid')
    expect(verdict(entry)).to.equal('valid')
    log.tell(names(false, 't:x'))
    expect(verdict(entry)).to.equal('invalid')
    expect(verdict(stored(['t:x']))).to.equal('valid')
  })

  it('an epoch that changes without a look in between forgets nothing of the new one', () => {
    const { log, stored, verdict } = setUp()
    log.epoch = 'e1'
    const entry = stored(['t:x'])
    log.tell(names(false, 't:x'))
    expect(verdict(entry)).to.equal('invalid')
  })

  it('without confirmation serves until the coherence bound after the fill', () => {
    const { log, clock, stored, verdict } = setUp({ coherenceBoundMs: 5000 })
    log.confirmed = clock.now()
    clock.advance(4000)
    const entry = stored()
    clock.advance(5000)
    expect(verdict(entry)).to.equal('valid')
    clock.advance(1)
    expect(verdict(entry)).to.equal('invalid')
    log.confirmed = clock.now()
    expect(verdict(entry)).to.equal('valid')
  })

  it('a local log is always confirmed', () => {
    const { clock, stored, verdict } = setUp({ coherenceBoundMs: 0 })
    const entry = stored()
    clock.advance(1e12)
    expect(verdict(entry)).to.equal('valid')
  })

  it('a pattern that cannot be read invalidates everything older', () => {
    const { log, stored, verdict } = setUp()
    const entry = stored()
    log.tell(pattern('x'.repeat(2000), true))
    expect(verdict(entry)).to.equal('soft')
    log.tell(pattern('x'.repeat(2000)))
    expect(verdict(entry)).to.equal('invalid')
    expect(verdict(stored())).to.equal('valid')
  })

  it('knows 10,000 names exactly, and of more forgets none', () => {
    const { log, stored, verdict } = setUp()
    const untouched = stored(['t:untouched'])
    const entries = Array.from({ length: 20_000 }, (_, i) => stored([`t:${i}`]))
    for (let i = 0; i < 20_000; i++) log.tell(names(false, `t:${i}`))
    expect(entries.every(entry => verdict(entry) === 'invalid')).to.equal(true)
    // The price: a few that nobody named.
    const others = Array.from({ length: 1000 }, (_, i) => ({ ...untouched, names: [`t:other-${i}`] }))
    expect(others.filter(entry => verdict(entry) === 'invalid')).to.have.length.below(100)
    expect(verdict(stored(['t:1']))).to.equal('valid')
  })

  it('beyond its patterns the oldest invalidates everything older, soft ones softly', () => {
    for (const soft of [false, true]) {
      const { log, stored, verdict } = setUp({ maxPatterns: 3 })
      const entry = stored()
      for (let i = 0; i < 3; i++) log.tell(pattern(`p${i}`, soft))
      const later = stored()
      expect(verdict(entry)).to.equal('valid')
      log.tell(pattern('p3', soft))
      expect(verdict(entry)).to.equal(soft ? 'soft' : 'invalid')
      expect(verdict(later)).to.equal('valid')
    }
  })

  it('the same pattern again takes no more room', () => {
    const { log, stored, verdict } = setUp({ maxPatterns: 2 })
    const entry = stored()
    for (let i = 0; i < 100; i++) log.tell(pattern('same'))
    expect(verdict(entry)).to.equal('valid')
  })

  it('drops what is older than any lifetime, by raising the floor', () => {
    const { log, clock, stored, verdict } = setUp({ retentionMs: () => 1000, maxPatterns: 4 })
    const old = stored(['t:other'])
    log.tell(pattern('a'))
    log.tell(pattern('b'))
    log.tell(names(false, 't:x'))
    clock.advance(900)
    const young = stored(['t:other'])
    clock.advance(101)
    log.tell(pattern('c'))
    expect(verdict(old)).to.equal('invalid')
    expect(verdict(young)).to.equal('valid')
    // Room again: a and b are gone, and did not take the young one with them.
    for (const text of ['d', 'e', 'f']) log.tell(pattern(text))
    expect(verdict(young)).to.equal('valid')
  })

  it('follows the log no longer once closed', () => {
    const { log, ledger, stored, verdict } = setUp()
    const entry = stored(['t:x'])
    ledger.close()
    log.tell(names(false, 't:x'))
    expect(verdict(entry)).to.equal('valid')
  })

  describe('agrees with an oracle that keeps every record', () => {
    const tag = fc.constantFrom('t:a', 't:b', 't:c', 't:d', 'k:1', 'k:2')
    const invalidation: fc.Arbitrary<Invalidation> = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          kind: fc.constant('names' as const),
          names: fc.array(tag, { maxLength: 3 }),
          soft: fc.boolean(),
        }),
      },
      {
        weight: 3,
        arbitrary: fc.record({
          kind: fc.constant('pattern' as const),
          pattern: fc.constantFrom('*', '1*', '*2', '?', '[12]3', 'none'),
          soft: fc.boolean(),
        }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('all' as const), soft: fc.boolean() }) },
    )
    type Step =
      | { readonly do: 'tell'; readonly invalidation: Invalidation }
      | { readonly do: 'store'; readonly names: readonly string[]; readonly subject: string }
      | { readonly do: 'look'; readonly which: number }
      | { readonly do: 'epoch' }
      | { readonly do: 'wait'; readonly ms: number }
    const step: fc.Arbitrary<Step> = fc.oneof(
      { weight: 8, arbitrary: fc.record({ do: fc.constant('tell' as const), invalidation }) },
      {
        weight: 8,
        arbitrary: fc.record({
          do: fc.constant('store' as const),
          names: fc.array(tag, { maxLength: 3 }),
          subject: fc.constantFrom('1', '2', '13', '22'),
        }),
      },
      { weight: 8, arbitrary: fc.record({ do: fc.constant('look' as const), which: fc.nat(50) }) },
      { weight: 1, arbitrary: fc.constant<Step>({ do: 'epoch' }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(700) }) },
    )

    const strength: Readonly<Record<Verdict, number>> = { valid: 0, soft: 1, invalid: 2 }
    const play = (
      steps: readonly Step[],
      options: Partial<LedgerOptions>,
      compare: (given: Verdict, oracle: Verdict, young: boolean) => void,
    ) => {
      const { log, clock, stored, verdict } = setUp({ retentionMs: () => 1000, ...options })
      const records: (LogRecord & { epoch: string })[] = []
      const entries: Stamped[] = []
      const oracle = (entry: Stamped): Verdict => {
        if (entry.epoch !== log.epoch) return 'invalid'
        let found: Verdict = 'valid'
        for (const { position, invalidation, epoch } of records) {
          const hit =
            epoch === entry.epoch &&
            position > entry.position &&
            (invalidation.kind === 'all' ||
              (invalidation.kind === 'pattern' && compilePattern(invalidation.pattern)(entry.subject)) ||
              (invalidation.kind === 'names' && invalidation.names.some(name => entry.names.includes(name))))
          if (hit && !invalidation.soft) return 'invalid'
          if (hit) found = 'soft'
        }
        return found
      }
      for (const step of steps) {
        if (step.do === 'tell') {
          log.tell(step.invalidation)
          records.push({ position: log.at, invalidation: step.invalidation, epoch: log.epoch })
        } else if (step.do === 'store') entries.push(stored(step.names, step.subject))
        else if (step.do === 'wait') clock.advance(step.ms)
        else if (step.do === 'epoch') {
          log.epoch += '+'
          log.at = 0
        } else {
          const entry = entries[step.which % entries.length]
          if (entry) compare(verdict(entry), oracle(entry), clock.now() - entry.filledAt <= 1000)
        }
      }
      for (const entry of entries) compare(verdict(entry), oracle(entry), clock.now() - entry.filledAt <= 1000)
    }
    const steps = fc.array(step, { maxLength: 80, size: 'max' })

    it('exactly, for what has not outlived its lifetime', () => {
      fc.assert(
        fc.property(steps, steps =>
          play(steps, {}, (given, oracle, young) => {
            if (young) expect(given).to.equal(oracle)
            else expect(strength[given]).to.be.at.least(strength[oracle])
          }),
        ),
        { numRuns: 2000 },
      )
    })

    it('never saying too little, with next to no room', () => {
      fc.assert(
        fc.property(steps, steps =>
          play(steps, { maxNames: 2, maxPatterns: 1 }, (given, oracle) =>
            expect(strength[given]).to.be.at.least(strength[oracle]),
          ),
        ),
        { numRuns: 2000 },
      )
    })
  })
})

describe('the cause of a verdict', () => {
  const cases: readonly (readonly [string, Invalidation, object])[] = [
    ['a name', { kind: 'names', names: ['t:a', 't:b'], soft: false }, { kind: 'name', name: 't:b', soft: false }],
    ['a soft name', { kind: 'names', names: ['t:b'], soft: true }, { kind: 'name', name: 't:b', soft: true }],
    ['a pattern', { kind: 'pattern', pattern: 'sub*', soft: false }, { kind: 'pattern', pattern: 'sub*', soft: false }],
    ['everything', { kind: 'all', soft: false }, { kind: 'all', soft: false }],
  ]
  for (const [title, invalidation, cause] of cases) {
    it(`is ${title}`, () => {
      const { log, clock, ledger, stored } = setUp()
      const entry = stored(['t:b'])
      expect(ledger.cause(entry, clock.now())).to.equal(undefined)
      log.tell(invalidation)
      expect(ledger.cause(entry, clock.now())).to.deep.equal(cause)
      expect(ledger.cause(stored(['t:b']), clock.now()), 'what is filled later').to.equal(undefined)
    })
  }

  it('is a lost history, or a log that has been silent for too long', () => {
    const { log, clock, ledger, stored } = setUp({ coherenceBoundMs: 5000 })
    const entry = stored()
    log.confirmed = clock.now()
    clock.advance(5001)
    expect(ledger.cause(entry, clock.now())).to.deep.equal({ kind: 'coherence', soft: false })
    log.epoch = 'e1'
    expect(ledger.cause(entry, clock.now())).to.deep.equal({ kind: 'epoch', soft: false })
  })
})
