// Lifecycle: parts start in order, and stop in reverse, whatever one of them does.

import { expect } from 'chai'
import { createHealth } from '../src/health.ts'
import { createLifecycle, type LifecycleOptions } from '../src/lifecycle.ts'
import type { Part } from '../src/part.ts'
import { codeOf, gate, listeningLogger, rejection, until } from './support.ts'

/** Parts that write down what is done to them. */
function recorded(names: readonly string[], more: Readonly<Record<string, Partial<Part>>> = {}) {
  const done: string[] = []
  const parts = names.map(
    (name): Part => ({
      name,
      start: () => void done.push(`start ${name}`),
      stop: () => void done.push(`stop ${name}`),
      ...more[name],
    }),
  )
  return { done, parts }
}

const quietly = (options: LifecycleOptions) => createLifecycle({ signals: [], ...options })

describe('lifecycle', () => {
  describe('start', () => {
    it('goes in order, each part when the one before has started', async () => {
      const opened = gate()
      const { done, parts } = recorded(['a', 'b', 'c'], { b: { start: () => opened.passed } })
      const lifecycle = quietly({ parts })
      const starting = lifecycle.start()
      await new Promise(resolve => setImmediate(resolve))
      expect(done).to.deep.equal(['start a'])
      expect(lifecycle.health.report()).to.include({ phase: 'starting', live: 'pass', ready: 'fail', startup: 'fail' })
      opened.open()
      await starting
      expect(done).to.deep.equal(['start a', 'start c'])
      expect(lifecycle.health.report()).to.include({ phase: 'running', ready: 'pass', startup: 'pass' })
      await lifecycle.stop()
    })

    it('called twice starts once', async () => {
      const { done, parts } = recorded(['a'])
      const lifecycle = quietly({ parts })
      await Promise.all([lifecycle.start(), lifecycle.start()])
      await lifecycle.start()
      expect(done).to.deep.equal(['start a'])
      await lifecycle.stop()
    })

    it('that fails stops what has started, in reverse, and says which part and why', async () => {
      const cause = Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED' })
      const { done, parts } = recorded(['a', 'b', 'c', 'd'], { c: { start: () => Promise.reject(cause) } })
      const lifecycle = quietly({ parts })
      const error = await rejection(lifecycle.start())
      expect(error).to.include({ code: 'LARDER_START_FAILED', cause, message: 'c did not start: connection refused' })
      expect(done).to.deep.equal(['start a', 'start b', 'stop b', 'stop a'])
      expect(lifecycle.health.report()).to.include({ phase: 'stopping', ready: 'fail', startup: 'fail' })
      expect((await rejection(lifecycle.start())).code).to.equal('LARDER_START_FAILED')
    })

    it('that fails where a stop fails too tells of the start', async () => {
      const { done, parts } = recorded(['a', 'b', 'c'], {
        b: { stop: () => Promise.reject(new Error('stop')) },
        c: { start: () => Promise.reject(new Error('start')) },
      })
      const error = await rejection(quietly({ parts }).start())
      expect(error.message).to.equal('c did not start: start')
      expect(done).to.deep.equal(['start a', 'start b', 'stop a'])
    })

    it('that hangs fails after its time; a part that starts after all is stopped', async () => {
      const opened = gate()
      const { done, parts } = recorded(['a', 'b'], { b: { start: () => opened.passed, startTimeout: '20ms' } })
      const error = await rejection(quietly({ parts }).start())
      expect(error.message).to.equal('b did not start: it took longer than 20 ms')
      expect((error.cause as { code: string }).code).to.equal('LARDER_TIMEOUT')
      expect(done).to.deep.equal(['start a', 'stop a'])
      opened.open()
      await until(() => done.includes('stop b'))
    })

    it('shows no password of an address that stands in an error', async () => {
      const { parts } = recorded(['a'], { a: { start: () => Promise.reject(new Error('bad: pg://u:S3CR3T@h/db')) } })
      expect((await rejection(quietly({ parts }).start())).message).to.equal('a did not start: bad: pg://h/db')
    })
  })

  describe('stop', () => {
    it('goes in reverse, each part when the one after has stopped, and once', async () => {
      const closed = gate()
      const { done, parts } = recorded(['a', 'b', 'c'], { b: { stop: () => closed.passed } })
      const lifecycle = quietly({ parts })
      await lifecycle.start()
      const stopping = lifecycle.stop()
      expect(lifecycle.health.report()).to.include({ phase: 'stopping', live: 'pass', ready: 'fail', startup: 'pass' })
      await until(() => done.includes('stop c'))
      await new Promise(resolve => setImmediate(resolve))
      expect(done.slice(3)).to.deep.equal(['stop c'])
      closed.open()
      await Promise.all([stopping, lifecycle.stop()])
      await lifecycle.stop()
      expect(done.slice(3)).to.deep.equal(['stop c', 'stop a'])
    })

    it('of parts that fail or hang stops the others, and says which', async () => {
      const { done, parts } = recorded(['a', 'b', 'c', 'd'], {
        b: {
          stop() {
            throw new Error('broken')
          },
        },
        c: { stop: () => new Promise(() => {}), stopTimeout: '20ms' },
      })
      const lifecycle = quietly({ parts })
      await lifecycle.start()
      const error = await rejection(lifecycle.stop())
      expect(error.code).to.equal('LARDER_STOP_FAILED')
      expect(error.message).to.equal('c did not stop: it took longer than 20 ms; b did not stop: broken')
      expect((error.cause as AggregateError).errors).to.have.length(2)
      expect(done).to.include.members(['stop d', 'stop a'])
    })

    it('has an end for all of them together, and tells each part all the same', async () => {
      const hangs = { stop: () => new Promise(() => {}) }
      const { done, parts } = recorded(['a', 'b', 'c'], { b: hangs, c: hangs })
      const lifecycle = quietly({ parts, stopTimeout: '30ms' })
      await lifecycle.start()
      const startedAt = performance.now()
      expect((await rejection(lifecycle.stop())).code).to.equal('LARDER_STOP_FAILED')
      expect(performance.now() - startedAt).to.be.below(1000)
      expect(done).to.include('stop a')
    })

    it('waits for load balancers first: not ready, and nothing stopped', async () => {
      const { done, parts } = recorded(['a'])
      const lifecycle = quietly({ parts, drainDelay: '40ms' })
      await lifecycle.start()
      const startedAt = performance.now()
      const stopping = lifecycle.stop()
      expect(lifecycle.health.report().ready).to.equal('fail')
      await new Promise(resolve => setTimeout(resolve, 10))
      expect(done).to.deep.equal(['start a'])
      await stopping
      expect(performance.now() - startedAt).to.be.at.least(39)
      expect(done).to.deep.equal(['start a', 'stop a'])
    })

    it('while a part starts waits for it, starts no other, and stops it', async () => {
      const opened = gate()
      const { done, parts } = recorded(['a', 'b', 'c'], { b: { start: () => opened.passed } })
      const lifecycle = quietly({ parts })
      const starting = rejection(lifecycle.start())
      await new Promise(resolve => setImmediate(resolve))
      const stopping = lifecycle.stop()
      opened.open()
      await stopping
      expect((await starting).code).to.equal('LARDER_START_INTERRUPTED')
      expect(done).to.deep.equal(['start a', 'stop b', 'stop a'])
    })

    it('gives up a part that starts for too long, and stops it when it has started', async () => {
      const opened = gate()
      const { done, parts } = recorded(['a', 'b'], { b: { start: () => opened.passed } })
      const lifecycle = quietly({ parts, stopTimeout: '20ms' })
      const starting = rejection(lifecycle.start())
      await new Promise(resolve => setImmediate(resolve))
      await lifecycle.stop()
      expect(done).to.deep.equal(['start a', 'stop a'])
      opened.open()
      expect((await starting).code).to.equal('LARDER_START_INTERRUPTED')
      expect(done).to.deep.equal(['start a', 'stop a', 'stop b'])
    })

    it('before the start makes the start an error, and nothing is started', async () => {
      const { done, parts } = recorded(['a'])
      const lifecycle = quietly({ parts })
      await lifecycle.stop()
      expect((await rejection(lifecycle.start())).code).to.equal('LARDER_START_INTERRUPTED')
      expect(done).to.deep.equal([])
    })

    it('leaves no listener and no timer', async () => {
      const { parts } = recorded(['a'], { a: { check: () => 'pass' } })
      // The runner sets a timer of its own once the test waits.
      await new Promise(resolve => setImmediate(resolve))
      const timers = () => process.getActiveResourcesInfo().filter(name => name === 'Timeout').length
      const [listeners, before] = [process.listenerCount('SIGTERM'), timers()]
      const lifecycle = createLifecycle({ parts })
      await lifecycle.start()
      expect(process.listenerCount('SIGTERM')).to.equal(listeners + 1)
      expect(timers()).to.equal(before)
      await lifecycle.stop()
      expect(process.listenerCount('SIGTERM')).to.equal(listeners)
      expect(process.listenerCount('SIGINT')).to.equal(listeners)
      expect(timers()).to.equal(before)
    })
  })

  it("a part's check is a check of the health from when it has started until it stops", async () => {
    const closed = gate()
    let status: 'pass' | 'fail' = 'pass'
    const { done, parts } = recorded(['database', 'server'], {
      database: { check: () => status, stop: () => closed.passed },
    })
    const health = createHealth({ checks: { own: () => 'pass' } })
    const lifecycle = quietly({ parts, health })
    expect(Object.keys(health.report().checks)).to.deep.equal(['own'])
    await lifecycle.start()
    await until(() => health.report().ready === 'pass')
    status = 'fail'
    expect((await health.refresh('database')).ready).to.equal('fail')
    const stopping = lifecycle.stop()
    await until(() => done.includes('stop server'))
    await until(() => !Object.keys(health.report().checks).includes('database'))
    closed.open()
    await stopping
  })

  it("a part's check whose name is taken is an error of the start, and the part is stopped", async () => {
    const { done, parts } = recorded(['a', 'b'], { b: { check: () => 'pass' } })
    const lifecycle = quietly({ parts, health: createHealth({ checks: { b: () => 'pass' } }) })
    expect((await rejection(lifecycle.start())).code).to.equal('LARDER_INVALID_OPTION')
    expect(done).to.deep.equal(['start a', 'start b', 'stop b', 'stop a'])
  })

  it('a logger is told of each step, and of metrics at start and at shutdown', async () => {
    const { logger, told } = listeningLogger()
    let hits = 0
    const { parts } = recorded(['cache', 'server'], { cache: { metrics: () => ({ hits }) } })
    const lifecycle = quietly({ parts, logger })
    await lifecycle.start()
    hits = 7
    await lifecycle.stop()
    expect(
      told.map(({ level, details, message }) => `${level} ${details['part'] ?? ''} ${message}`.replace('  ', ' ')),
    ).to.deep.equal([
      'info cache a part has started',
      'info server a part has started',
      'info everything has started',
      'info cache metrics at start',
      'info server a part has stopped',
      'info cache metrics at shutdown',
      'info cache a part has stopped',
    ])
    expect(told.flatMap(({ details }) => details['metrics'] ?? [])).to.deep.equal([{ hits: 0 }, { hits: 7 }])
  })

  it('metrics that throw, and a logger that throws, keep nothing from starting and stopping', async () => {
    const broken = () => {
      throw new Error('disk full')
    }
    const { done, parts } = recorded(['a'], { a: { metrics: broken } })
    const lifecycle = quietly({ parts, logger: { info: broken, warn: broken, error: broken } })
    await lifecycle.start()
    await lifecycle.stop()
    expect(done).to.deep.equal(['start a', 'stop a'])
  })

  it('what cannot be meant is an error when it is made', () => {
    const part = { name: 'a' }
    const wrong: readonly [options: object, code: string][] = [
      [{}, 'LARDER_INVALID_OPTION'],
      [{ parts: part }, 'LARDER_INVALID_OPTION'],
      [{ parts: [{}] }, 'LARDER_INVALID_OPTION'],
      [{ parts: [part, part] }, 'LARDER_INVALID_OPTION'],
      [{ parts: [{ name: 'a', begin() {} }] }, 'LARDER_UNKNOWN_OPTION'],
      [{ parts: [{ name: 'a', start: true }] }, 'LARDER_INVALID_OPTION'],
      [{ parts: [{ name: 'a', stopTimeout: 'soon' }] }, 'LARDER_INVALID_DURATION'],
      [{ parts: [{ name: 'a', check: { run: 1 } }] }, 'LARDER_INVALID_OPTION'],
      [{ parts: [], signals: ['SIGNOTHING'] }, 'LARDER_INVALID_OPTION'],
      [{ parts: [], drainDelay: 300_000 }, 'LARDER_INVALID_DURATION'],
      [{ parts: [], health: {} }, 'LARDER_INVALID_OPTION'],
      [{ parts: [], logger: {} }, 'LARDER_INVALID_OPTION'],
      [{ parts: [], stopTimout: 1 }, 'LARDER_UNKNOWN_OPTION'],
    ]
    for (const [options, code] of wrong)
      expect(
        codeOf(() => createLifecycle(options as LifecycleOptions)),
        JSON.stringify(options),
      ).to.equal(code)
  })
})
