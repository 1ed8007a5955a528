// Histories for fast-check's commands: clients ask, handlers go on step by step, replays arrive, time passes, purges come between.

import { expect } from 'chai'
import fc from 'fast-check'
import type { Lines } from './oracle.ts'
import { type Call, createWorld, type Run, type World, type WorldOptions } from './world.ts'

/** How a handler answers. */
export type Manner =
  | 'public'
  | 'vary'
  | 'reads'
  | 'private'
  | 'no-store'
  | 'error'
  | 'throws'
  | 'breaks'
  | 'falls-short'

/** One run and what is known of it. Numbers are places in the history: a later event has a greater one. */
export interface Known {
  readonly run: Run
  readonly target: string
  readonly lang: string
  readonly began: number
  /** Of the content, when the run began. */
  readonly version: number
  readonly manner: Manner
  readonly body: string
  readonly tags: readonly string[]
  left: string[]
  ended: number | undefined
}

export interface Visit {
  readonly call: Call
  readonly target: string
  readonly lang: string
  readonly user: string | undefined
  readonly method: string
  readonly came: number
  left: boolean
  answered: number | undefined
}

/** All that has happened. */
export interface History {
  readonly world: World
  readonly runs: Known[]
  readonly visits: Visit[]
  readonly purges: { readonly at: number; readonly hits: (run: Known) => boolean }[]
  place: number
  version: number
  manner: Manner
  /** Looked at after every event. */
  readonly rules: readonly ((history: History) => void)[]
}

const fields: Partial<Record<Manner, Lines>> = {
  public: [['Cache-Control', 'public, max-age=60']],
  vary: [
    ['Cache-Control', 'public, max-age=60'],
    ['Vary', 'X-Lang'],
  ],
  private: [['Cache-Control', 'private']],
  'no-store': [['Cache-Control', 'no-store']],
  breaks: [['Cache-Control', 'public, max-age=60']],
  'falls-short': [
    ['Cache-Control', 'public, max-age=60'],
    ['Content-Length', '999'],
  ],
}

/** Whether what came of such a run may be given to others. */
export const isShared = (manner: Manner): boolean => manner === 'public' || manner === 'vary' || manner === 'reads'

export function createHistory(rules: History['rules'], options: Omit<WorldOptions, 'handler'> = {}): History {
  const history: History = {
    world: createWorld({
      ttl: '1m',
      collapseTimeout: '1h',
      fillTimeout: '1h',
      tags: ({ target }) => ['all', `of:${target}`],
      ...options,
      handler: run => begin(history, run),
    }),
    runs: [],
    visits: [],
    purges: [],
    place: 0,
    version: 1,
    manner: 'public',
    rules,
  }
  return history
}

function begin(history: History, run: Run): void {
  const { asked } = run
  if (asked.method === 'POST') {
    run.head(204, [])
    run.end()
    return
  }
  const { runs, version, manner } = history
  const lang = value(asked.lines, 'x-lang')
  const body = `run ${runs.length} of ${asked.target} in ${lang}, version ${version}, for <${value(asked.lines, 'cookie')}>`
  const target = asked.target
  const tags = ['all', `of:${target}`, `v${version % 2}`]
  runs.push({
    run,
    target,
    lang,
    began: ++history.place,
    version,
    manner,
    body,
    tags,
    left: [body.slice(0, 9), body.slice(9)],
    ended: undefined,
  })
}

function value(lines: Lines, name: string): string {
  return lines.find(([each]) => each.toLowerCase() === name)?.[1] ?? ''
}

/** The next thing that a handler does. */
export function goOn(history: History, known: Known): void {
  const { run, manner, version } = known
  if (known.ended !== undefined) return
  const end = (how: () => void) => {
    known.ended = ++history.place
    how()
  }
  if (manner === 'throws') return end(() => run.fail('thrown'))
  if (run.state === 'begun') {
    if (manner === 'reads') run.reads('x-lang')
    run.tag(`v${version % 2}`)
    const etag = `"v${version}-${known.lang}-${manner}"`
    const isSame = manner !== 'error' && value(run.asked.lines, 'if-none-match') === etag
    if (!isSame) return run.head(manner === 'error' ? 500 : 200, [...(fields[manner] ?? []), ['ETag', etag]])
    return end(() => {
      run.head(304, [...(fields[manner] ?? []), ['ETag', etag]])
      run.end()
    })
  }
  const piece = known.left.shift()
  if (piece !== undefined) run.write(piece)
  else if (manner === 'breaks') end(() => run.fail('destroyed'))
  else end(() => run.end())
}

export function look(history: History): void {
  for (const visit of history.visits) {
    if (visit.answered === undefined && visit.call.answer !== undefined) visit.answered = ++history.place
  }
  for (const rule of history.rules) rule(history)
}

/** Which run a client's answer was made by; `undefined` for an answer without a body, or without an end. */
export function sourceOf({ runs }: History, { call }: Visit): Known | undefined {
  const { answer } = call
  if (answer === undefined || !answer.complete || answer.body === '') return undefined
  const source = runs.find(({ body }) => body === answer.body)
  expect(source, `a run that made ${JSON.stringify(answer.body)}`).not.to.equal(undefined)
  return source
}

type Command = fc.Command<object, History>

function command(name: string, run: (history: History) => void): Command {
  return {
    check: () => true,
    run(_model, history) {
      run(history)
      look(history)
    },
    toString: () => name,
  }
}

const targets = fc.constantFrom('/a', '/a', '/b')

export const asking = (users: readonly (string | undefined)[], methods: readonly string[]): fc.Arbitrary<Command> =>
  fc
    .record({
      user: fc.constantFrom(...users),
      method: fc.constantFrom(...methods),
      target: targets,
      lang: fc.constantFrom('fr', 'de'),
    })
    .map(({ user, method, target, lang }) =>
      command(`${method} ${target} ${lang}${user === undefined ? '' : ` by ${user}`}`, history => {
        const lines: Lines = [['X-Lang', lang], ...(user === undefined ? [] : [['Cookie', `u=${user}`] as const])]
        const came = ++history.place
        const call = history.world.ask(method, target, lines)
        history.visits.push({ call, target, lang, user, method, came, left: false, answered: undefined })
      }),
    )

export const going: fc.Arbitrary<Command> = fc.nat(20).map(which =>
  command(`run ${which} goes on`, history => {
    const open = history.runs.filter(({ ended }) => ended === undefined)
    if (open.length > 0) goOn(history, open[which % open.length]!)
  }),
)

export const arriving: fc.Arbitrary<Command> = fc.constant(
  command('a replay arrives', history => history.world.replays.shift()?.()),
)

export const changing: fc.Arbitrary<Command> = fc.constant(
  command('the content changes', history => void history.version++),
)

export const waiting: fc.Arbitrary<Command> = fc
  .constantFrom(1, 1000, 30_000, 61_000)
  .map(ms => command(`${ms} ms pass`, ({ world }) => world.advance(ms)))

/** Long enough for everything to be over, if nobody is at work. */
export const resting: fc.Arbitrary<Command> = fc.constant(
  command('a minute passes between runs', ({ world, runs }) => {
    if (runs.every(({ ended }) => ended !== undefined)) world.advance(61_000)
  }),
)

export const handlers = (...manners: readonly Manner[]): fc.Arbitrary<Command> =>
  fc.constantFrom(...manners).map(manner =>
    command(`handlers: ${manner}`, history => {
      history.manner = manner
    }),
  )

export const leaving: fc.Arbitrary<Command> = fc.nat(20).map(which =>
  command(`client ${which} leaves`, history => {
    const open = history.visits.filter(({ call }) => call.answer === undefined && call.run === undefined)
    const visit = open[which % Math.max(1, open.length)]
    if (visit === undefined) return
    visit.left = true
    visit.call.leave()
  }),
)

export const purging: fc.Arbitrary<Command> = fc
  .record({ way: fc.constantFrom('tag', 'own tag', 'pattern', 'all', 'POST'), target: targets, soft: fc.boolean() })
  .map(({ way, target, soft }) =>
    command(`${soft && way !== 'POST' ? 'soft ' : ''}purge by ${way} ${target}`, history => {
      const { world, version } = history
      const tag = `v${version % 2}`
      // The record is in the log when the call returns, before its promise resolves.
      if (way === 'tag') void world.cache.invalidateTags([`of:${target}`], { soft })
      else if (way === 'own tag') void world.cache.invalidateTags([tag], { soft })
      else if (way === 'pattern') void world.cache.invalidatePattern(`${target}*`, { soft })
      else if (way === 'all') void world.cache.clear({ soft })
      else world.ask('POST', target)
      if (soft && way !== 'POST') return
      const hits = (run: Known) => (way === 'own tag' ? run.tags.includes(tag) : way === 'all' || run.target === target)
      history.purges.push({ at: ++history.place, hits })
    }),
  )

/** Everything that has begun comes to its end. */
export function finish(history: History): void {
  const { world, runs } = history
  for (let round = 0; world.replays.length > 0 || runs.some(({ ended }) => ended === undefined); round++) {
    expect(round, 'rounds to the end').to.be.lessThan(2000)
    world.replays.shift()?.()
    for (const known of runs.filter(({ ended }) => ended === undefined)) goOn(history, known)
    look(history)
  }
}
