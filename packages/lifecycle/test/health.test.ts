// Health: named checks with deadlines, run in the background; verdicts that are read from memory.

import { expect } from 'chai'
import type { CheckFunction } from '../src/check.ts'
import { createHealth, type Health, type HealthOptions } from '../src/health.ts'
import { codeOf, gate, listeningLogger, rejection, until } from './support.ts'

describe('health', () => {
  const made: Health[] = []
  afterEach(() => {
    for (const health of made.splice(0)) health.close()
  })

  function healthOf(options?: HealthOptions): Health {
    const health = createHealth(options)
    made.push(health)
    return health
  }

  describe('a check', () => {
    const answers: readonly [title: string, CheckFunction, expected: object][] = [
      ['that returns nothing', () => {}, { status: 'pass' }],
      ['that resolves with nothing', async () => {}, { status: 'pass' }],
      ["that says 'pass'", () => 'pass', { status: 'pass' }],
      ["that says 'warn'", () => 'warn', { status: 'warn' }],
      ["that says 'fail'", async () => 'fail', { status: 'fail' }],
      ['with details', async () => ({ status: 'warn', detail: { lag: 3 } }), { status: 'warn', detail: { lag: 3 } }],
      [
        'whose details are not all facts',
        () => ({ status: 'pass', detail: { rows: 1, error: new Error('secret'), pool: { host: 'db' } } as never }),
        { status: 'pass', detail: { rows: 1 } },
      ],
      [
        'that throws',
        () => {
          throw new Error('secret')
        },
        { status: 'fail', reason: 'threw' },
      ],
      ['that rejects', () => Promise.reject(new Error('secret')), { status: 'fail', reason: 'threw' }],
      ['that rejects with nothing', () => Promise.reject(), { status: 'fail', reason: 'threw' }],
      ['that says something else', () => 'up' as never, { status: 'fail', reason: 'answered-wrongly' }],
      ['that says false', () => false as never, { status: 'fail', reason: 'answered-wrongly' }],
      ['that says null', () => null as never, { status: 'fail', reason: 'answered-wrongly' }],
      ['with a status of its own', () => ({ status: 'ok' }) as never, { status: 'fail', reason: 'answered-wrongly' }],
    ]
    for (const [title, run, expected] of answers) {
      it(`${title} → ${JSON.stringify(expected)}`, async () => {
        const health = healthOf({ checks: { it: run } })
        const { it: result } = (await health.refresh()).checks
        const { affects, time, durationMs, ...rest } = result!
        expect(rest).to.deep.equal(expected)
        expect(affects).to.equal('ready')
        expect(Date.parse(time!)).to.be.closeTo(Date.now(), 5000)
        expect(durationMs).to.be.a('number')
      })
    }

    it('is run at once, and again after its interval', async () => {
      let runs = 0
      healthOf({ interval: '10ms', checks: { it: () => void runs++ } })
      expect(runs).to.equal(1)
      await until(() => runs >= 4)
    })

    it('is never run by whoever reads the report', async () => {
      let runs = 0
      const health = healthOf({ checks: { it: () => void runs++ } })
      await health.refresh()
      const before = runs
      for (let i = 0; i < 100; i++) health.report()
      await new Promise(resolve => setImmediate(resolve))
      expect(runs).to.equal(before)
    })

    it('has failed when its deadline is over, and its signal is aborted', async () => {
      let signal: AbortSignal | undefined
      const health = healthOf({
        deadline: '20ms',
        checks: {
          it(given) {
            signal = given
            return new Promise(() => {})
          },
        },
      })
      expect(health.report().checks['it']).to.include({ status: 'fail', reason: 'not-run-yet' })
      await until(() => health.report().checks['it']?.reason === 'timed-out')
      expect(signal?.aborted).to.equal(true)
      expect(health.report().ready).to.equal('fail')
    })

    it('that hangs never piles up, and is run again as soon as it lets go', async () => {
      const hanging = gate()
      let runs = 0
      const health = healthOf({
        deadline: '10ms',
        interval: '10ms',
        checks: { it: () => (++runs === 1 ? hanging.passed : undefined) },
      })
      await until(() => health.report().checks['it']?.reason === 'timed-out')
      for (let i = 0; i < 20; i++) await health.refresh('it')
      await new Promise(resolve => setTimeout(resolve, 40))
      expect(runs).to.equal(1)
      hanging.open()
      await until(() => health.report().ready === 'pass')
    })

    it('whose late answer comes after the deadline stays failed until it is run again', async () => {
      const hanging = gate()
      let runs = 0
      const health = healthOf({ deadline: '10ms', checks: { it: () => (++runs === 1 ? hanging.passed : undefined) } })
      await until(() => health.report().checks['it']?.reason === 'timed-out')
      hanging.open()
      await new Promise(resolve => setImmediate(resolve))
      expect(health.report().ready).to.equal('fail')
      expect((await health.refresh('it')).ready).to.equal('pass')
      expect(runs).to.equal(2)
    })

    it('that is told to run sooner runs once more behind the run under way, for all who asked', async () => {
      const gates = [gate<'pass' | 'fail'>(), gate<'pass' | 'fail'>()]
      let runs = 0
      const health = healthOf({ checks: { it: () => gates[runs++]!.passed } })
      const asked = [health.refresh('it'), health.refresh('it'), health.refresh()]
      gates[0]!.open('fail')
      await until(() => runs === 2)
      expect(health.report().ready).to.equal('fail')
      gates[1]!.open('pass')
      for (const report of await Promise.all(asked)) expect(report.ready).to.equal('pass')
      expect(runs).to.equal(2)
    })

    it('holds up no other', async () => {
      const health = healthOf({ checks: { hanging: () => new Promise(() => {}), good: () => 'pass' } })
      await until(() => health.report().checks['good']?.status === 'pass')
      expect(health.report().checks['hanging']?.reason).to.equal('not-run-yet')
    })

    it('has a deadline and an interval of its own', async () => {
      let runs = 0
      const health = healthOf({
        deadline: '1h',
        checks: {
          slow: { run: () => new Promise(() => {}), deadline: '10ms' },
          often: { run: () => void runs++, interval: '10ms' },
        },
      })
      await until(() => health.report().checks['slow']?.reason === 'timed-out' && runs > 2)
    })

    it('can be added and removed; a name is one check', async () => {
      const health = healthOf({ checks: { first: () => 'pass' } })
      const remove = health.add('second', () => 'fail')
      expect(codeOf(() => health.add('first', () => 'pass'))).to.equal('LARDER_INVALID_OPTION')
      expect((await health.refresh()).ready).to.equal('fail')
      remove()
      expect(health.report().ready).to.equal('pass')
      expect(Object.keys(health.report().checks)).to.deep.equal(['first'])
    })

    it('is run no more once the health is closed, and its last result stands', async () => {
      let runs = 0
      const health = healthOf({ interval: '10ms', checks: { it: () => void runs++ } })
      await health.refresh()
      health.close()
      const before = runs
      await health.refresh()
      await new Promise(resolve => setTimeout(resolve, 30))
      expect(runs).to.equal(before)
      expect(health.report().checks['it']?.status).to.equal('pass')
    })
  })

  describe('verdicts', () => {
    const cases: readonly [affects: 'live' | 'ready' | 'detail', status: 'pass' | 'warn' | 'fail', string, string][] = [
      ['ready', 'pass', 'pass', 'pass'],
      ['ready', 'warn', 'pass', 'warn'],
      ['ready', 'fail', 'pass', 'fail'],
      ['live', 'warn', 'pass', 'warn'],
      ['live', 'fail', 'fail', 'fail'],
      ['detail', 'warn', 'pass', 'warn'],
      ['detail', 'fail', 'pass', 'warn'],
    ]
    for (const [affects, status, live, ready] of cases) {
      it(`a check that affects '${affects}' and says '${status}': live ${live}, ready ${ready}`, async () => {
        const checks: HealthOptions['checks'] = { good: () => 'pass', it: { run: () => status, affects } }
        const report = await healthOf({ checks }).refresh()
        expect([report.live, report.ready, report.startup]).to.deep.equal([live, ready, 'pass'])
        const strict = await healthOf({ checks, strict: true }).refresh()
        expect(strict.ready).to.equal(ready === 'warn' ? 'fail' : ready)
      })
    }

    it('it has started when every check has been run once, whatever it said, and stays so', async () => {
      const hanging = gate<'fail'>()
      const health = healthOf({ checks: { it: () => hanging.passed } })
      expect(health.report()).to.include({ live: 'pass', ready: 'fail', startup: 'fail' })
      hanging.open('fail')
      await until(() => health.report().startup === 'pass')
      health.add('later', () => new Promise(() => {}))
      expect(health.report().startup).to.equal('pass')
    })

    it('it is ready only while it runs', async () => {
      const health = healthOf({ checks: { it: () => 'pass' } })
      await health.refresh()
      const seen = (['starting', 'running', 'stopping'] as const).map(phase => {
        health.enter(phase)
        const { live, ready, startup } = health.report()
        return [phase, live, ready, startup]
      })
      expect(seen).to.deep.equal([
        ['starting', 'pass', 'fail', 'fail'],
        ['running', 'pass', 'pass', 'pass'],
        ['stopping', 'pass', 'fail', 'pass'],
      ])
    })

    it('without a check it is ready and has started', () => {
      expect(healthOf().report()).to.deep.equal({
        live: 'pass',
        ready: 'pass',
        startup: 'pass',
        phase: 'running',
        checks: {},
      })
    })
  })

  it('tells a logger of changes alone, and no password of an address', async () => {
    const { logger, told } = listeningLogger()
    const says: (() => 'pass' | 'warn')[] = [
      () => 'pass',
      () => 'pass',
      () => {
        throw new Error('no connection to redis://u:S3CR3T@cache:6379\nat once')
      },
      () => {
        throw new Error('again')
      },
      () => 'warn',
      () => 'pass',
    ]
    let run = 0
    const health = healthOf({ logger, checks: { it: () => says[run++]!() } })
    await until(() => health.report().ready === 'pass')
    for (let i = 1; i < says.length; i++) await health.refresh()
    expect(told.map(({ level, details }) => [level, details['status'], details['error']])).to.deep.equal([
      ['warn', 'fail', 'no connection to redis://cache:6379 at once'],
      ['warn', 'warn', undefined],
      ['info', 'pass', undefined],
    ])
  })

  it('a logger that throws harms nothing', async () => {
    const broken = () => {
      throw new Error('disk full')
    }
    const health = healthOf({ logger: { info: broken, warn: broken, error: broken }, checks: { it: () => 'fail' } })
    expect((await health.refresh()).ready).to.equal('fail')
  })

  it('what cannot be meant is an error when it is made', async () => {
    const wrong: readonly [options: object, code: string][] = [
      [{ cheks: {} }, 'LARDER_UNKNOWN_OPTION'],
      [{ checks: [] }, 'LARDER_INVALID_OPTION'],
      [{ checks: { it: 'pass' } }, 'LARDER_INVALID_OPTION'],
      [{ checks: { it: {} } }, 'LARDER_INVALID_OPTION'],
      [{ checks: { it: { run: () => {}, affects: 'all' } } }, 'LARDER_INVALID_OPTION'],
      [{ checks: { it: { run: () => {}, dedline: 1 } } }, 'LARDER_UNKNOWN_OPTION'],
      [{ checks: { 'a b': () => {} } }, 'LARDER_INVALID_OPTION'],
      [{ interval: '30' }, 'LARDER_INVALID_DURATION'],
      [{ interval: 300_000 }, 'LARDER_INVALID_DURATION'],
      [{ interval: '1ms' }, 'LARDER_INVALID_DURATION'],
      [{ deadline: 0 }, 'LARDER_INVALID_DURATION'],
      [{ deadline: '30d' }, 'LARDER_INVALID_DURATION'],
      [{ strict: 1 }, 'LARDER_INVALID_OPTION'],
      [{ logger: { info() {} } }, 'LARDER_INVALID_OPTION'],
    ]
    for (const [options, code] of wrong)
      expect(
        codeOf(() => healthOf(options)),
        JSON.stringify(options),
      ).to.equal(code)
    expect((await rejection(healthOf().refresh('nobody'))).code).to.equal('LARDER_INVALID_OPTION')
  })
})
