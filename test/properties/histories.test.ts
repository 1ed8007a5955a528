// Runs, followers and purges between one another: who waits is answered, what was purged is gone, and no version comes back.

import { expect } from 'chai'
import fc from 'fast-check'
import {
  arriving,
  asking,
  changing,
  createHistory,
  finish,
  going,
  type History,
  handlers,
  isShared,
  leaving,
  purging,
  resting,
  sourceOf,
  waiting,
} from './history.ts'
import { patience, runs } from './runs.ts'
import type { WorldOptions } from './world.ts'

const CASES = 500
const everybody = asking([undefined, undefined, 'alice', 'bob'], ['GET', 'GET', 'GET', 'HEAD'])
const anybody = asking([undefined], ['GET'])
const step = { arbitrary: going, weight: 8 }

const options = fc.record({
  staleWhileRevalidate: fc.constantFrom('0s', '30s'),
  staleIfError: fc.constantFrom('0s', '30s'),
})

function histories(commands: readonly fc.WeightedArbitrary<fc.Command<object, History>>[]) {
  const drawn = commands.flatMap(({ arbitrary, weight }) => Array.from({ length: weight }, () => arbitrary))
  return fc.commands(drawn, { maxCommands: 60, size: '+1' })
}

/** Play commands, have all come to its end, and look at the rules after each event. */
function play(
  commands: Iterable<fc.Command<object, History>>,
  rules: History['rules'],
  more: Omit<WorldOptions, 'handler'> = {},
): History {
  const history = createHistory(rules, more)
  fc.modelRun(() => ({ model: {}, real: history }), commands)
  finish(history)
  return history
}

// Asynchronous, so that what a purge leaves to be done is done before the next case.
describe('histories', function () {
  this.timeout(patience(CASES, 60))

  it('every follower gets its answer, from its own run or from a stored one', async () => {
    const manners = handlers(
      'public',
      'vary',
      'reads',
      'private',
      'no-store',
      'error',
      'throws',
      'breaks',
      'falls-short',
    )
    const commands = histories([
      { arbitrary: everybody, weight: 8 },
      step,
      { arbitrary: manners, weight: 3 },
      { arbitrary: waiting, weight: 2 },
      { arbitrary: purging, weight: 1 },
      { arbitrary: leaving, weight: 1 },
      { arbitrary: arriving, weight: 1 },
    ])
    const check = fc.asyncProperty(options, commands, async (options, commands) => {
      const { visits } = play(commands, [sharesOnlyWhatWasStored], options)
      for (const { call, left } of visits) expect(call.answer !== undefined || left, 'answered').to.equal(true)
    })
    await fc.assert(check, runs(CASES))
  })

  it('of a page for everybody one run is under way at a time', async () => {
    // What took longer than it is fresh for is waited for in vain, and those who did run side by side.
    const commands = histories([{ arbitrary: anybody, weight: 6 }, step, { arbitrary: resting, weight: 1 }])
    const check = fc.asyncProperty(options, commands, async (options, commands) => {
      play(
        commands,
        [
          ({ runs }) => {
            const open = runs.filter(({ ended }) => ended === undefined).map(({ target }) => target)
            expect(new Set(open).size, `runs under way: ${open}`).to.equal(open.length)
          },
        ],
        options,
      )
    })
    await fc.assert(check, runs(CASES))
  })

  it("of a page that is nobody else's each request has a run of its own", async () => {
    const commands = histories([
      { arbitrary: everybody, weight: 6 },
      step,
      { arbitrary: handlers('private', 'no-store', 'error', 'throws', 'breaks', 'falls-short'), weight: 1 },
    ])
    const check = fc.asyncProperty(commands, async commands => {
      const history = createHistory([])
      history.manner = 'private'
      fc.modelRun(() => ({ model: {}, real: history }), commands)
      finish(history)
      for (const { call } of history.visits) expect(call.run, 'a run of its own').not.to.equal(undefined)
    })
    await fc.assert(check, runs(CASES))
  })

  it('what a run made that began before a purge is never given to a request after it', async () => {
    const commands = histories([
      { arbitrary: everybody, weight: 6 },
      step,
      { arbitrary: purging, weight: 4 },
      { arbitrary: handlers('public', 'vary', 'reads', 'error'), weight: 1 },
      { arbitrary: changing, weight: 1 },
      { arbitrary: waiting, weight: 2 },
      { arbitrary: arriving, weight: 2 },
    ])
    const check = fc.asyncProperty(options, commands, async (options, commands) => {
      play(commands, [survivesNoPurge], options)
    })
    await fc.assert(check, runs(CASES))
  })

  it('no client sees an older version than one that had its answer before', async () => {
    const commands = histories([
      { arbitrary: anybody, weight: 6 },
      step,
      { arbitrary: changing, weight: 2 },
      { arbitrary: purging, weight: 2 },
      { arbitrary: handlers('public', 'vary', 'reads', 'private'), weight: 1 },
      { arbitrary: waiting, weight: 2 },
      { arbitrary: arriving, weight: 2 },
      { arbitrary: leaving, weight: 1 },
    ])
    // Where the last response was nobody else's, runs go side by side for a while, and may end in any order.
    const check = fc.asyncProperty(options, fc.boolean(), commands, async (options, isApart, commands) => {
      const history = createHistory([neverGoesBack], options)
      if (isApart) {
        history.manner = 'private'
        for (const target of ['/a', '/b']) history.world.ask('GET', target)
        finish(history)
        history.manner = 'public'
      }
      fc.modelRun(() => ({ model: {}, real: history }), commands)
      finish(history)
    })
    await fc.assert(check, runs(3 * CASES))
  })

  it('memory stays within its bound at every step, and is empty when everything is cleared', async () => {
    const maxBytes = 6000
    const commands = histories([
      { arbitrary: everybody, weight: 6 },
      step,
      { arbitrary: handlers('public', 'vary', 'reads', 'private'), weight: 2 },
      { arbitrary: purging, weight: 1 },
      { arbitrary: waiting, weight: 2 },
    ])
    const check = fc.asyncProperty(commands, async commands => {
      const { world } = play(commands, [isBounded(maxBytes)], {
        engine: { maxBytes, maxEntryBytes: 4000 },
        maxVariants: 2,
      })
      await world.cache.clear()
      const { entries, bytes } = world.cache.getMetrics()
      expect({ entries, bytes }).to.deep.equal({ entries: 0, bytes: 0 })
    })
    await fc.assert(check, runs(CASES))
  })
})

function sharesOnlyWhatWasStored(history: History): void {
  for (const visit of history.visits) {
    const source = sourceOf(history, visit)
    if (source === undefined || source.run === visit.call.run) continue
    expect(source.run.state, 'the run').to.equal('complete')
    expect(isShared(source.manner), `${source.manner} is shared`).to.equal(true)
    expect(source.target).to.equal(visit.target)
    if (source.manner !== 'public') expect(source.lang).to.equal(visit.lang)
    if (source.manner !== 'reads') continue
    // It says nothing of sharing, so it is for those without a name.
    expect(visit.user, 'given to a user').to.equal(undefined)
    expect(source.body.endsWith('for <>'), 'made for a user').to.equal(true)
  }
}

function survivesNoPurge(history: History): void {
  for (const visit of history.visits) {
    const source = sourceOf(history, visit)
    if (source === undefined) continue
    for (const { at, hits } of history.purges) {
      if (at < visit.came && hits(source)) expect(source.began, 'begun before the purge').to.be.greaterThan(at)
    }
  }
}

function neverGoesBack(history: History): void {
  const answered = history.visits.flatMap(visit => {
    const source = sourceOf(history, visit)
    // What is nobody else's says nothing of what others are given.
    return source === undefined || !isShared(source.manner) ? [] : [{ visit, source }]
  })
  for (const earlier of answered) {
    for (const later of answered) {
      const { target, lang } = earlier.visit
      if (later.visit.target !== target || later.visit.lang !== lang) continue
      if (later.visit.came < earlier.visit.answered!) continue
      expect(later.source.version, 'the version').to.be.at.least(earlier.source.version)
    }
  }
}

function isBounded(maxBytes: number): (history: History) => void {
  return ({ world }) => expect(world.cache.getMetrics().bytes, 'bytes').to.be.at.most(maxBytes)
}
