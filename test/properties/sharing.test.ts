// What one request may be given of another's response: its user, its variant, its freshness and its bytes, judged by the oracle.

import { expect } from 'chai'
import fc from 'fast-check'
import { linesOf, route, type Script, script, type User, users, visit, wait } from './arbitrary.ts'
import * as oracle from './oracle.ts'
import { patience, runs } from './runs.ts'
import { type Answer, type Call, createWorld, type Run } from './world.ts'

const CASES = 1000
const step = fc.record({
  visit,
  wait,
  script,
  target: fc.constantFrom('/a', '/a', '/a', '/b'),
  method: fc.constantFrom('GET', 'GET', 'GET', 'HEAD'),
})
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

/** One completed run: what it said, and what a client would have got of it. */
interface Made extends oracle.Told {
  readonly run: Run
  readonly body: string
  readonly script: Script
  readonly user: User | undefined
}

interface Seen {
  readonly step: Step
  readonly call: Call
  readonly answer: Answer
  /** Whose response it is; its own run's, or that of another. */
  readonly source: Made | undefined
  readonly now: number
}

/** Play the steps one after the other, each handler answering at once, and tell of every answer. */
function play(route: oracle.Route, steps: readonly Step[], tell: (seen: Seen) => void): void {
  const made: Made[] = []
  let at!: Step
  const world = createWorld({
    preset: route.preset,
    ...(route.ttl !== undefined && { ttl: route.ttl }),
    staleWhileRevalidate: route.staleWhileRevalidate,
    staleIfError: route.staleIfError,
    handler(run) {
      const { script, visit } = at
      const { asked } = run
      // A replay carries what the key covers, and so tells of nobody.
      const user = run.call === undefined ? undefined : visit.user
      const wallAt = Date.now()
      const lines: oracle.Lines = [
        ['X-Run', String(made.length)],
        ...(script.personal && user !== undefined ? [['X-User', user] as const] : []),
        ...linesOf(script, wallAt),
      ]
      const body = [`${made.length}:${asked.target}:`, script.personal ? `<${user ?? 'nobody'}>` : '', ...script.chunks]
      if (script.personal && script.seen) run.identifies('cookie')
      run.reads(...script.reads)
      made.push({
        asked: run.call?.asked ?? asked,
        status: script.status,
        lines,
        at: world.now,
        wallAt,
        reads: route.preset === 'default' ? script.reads : [],
        identified: route.preset === 'default' && script.personal && script.seen,
        run,
        body: body.join(''),
        script,
        user,
      })
      run.head(script.status, lines)
      for (const chunk of body) run.write(chunk)
      run.end()
    },
  })
  for (const step of steps) {
    at = step
    world.advance(step.wait)
    const now = world.now
    const call = world.ask(step.method, step.target, step.visit.lines)
    const { answer } = call
    expect(answer, 'an answer').not.to.equal(undefined)
    const source = made.find(({ lines }) => oracle.field(answer!.lines, 'x-run') === oracle.field(lines, 'x-run'))
    tell({ step, call, answer: answer!, source, now })
    for (const arrive of world.replays.splice(0)) arrive()
  }
}

const history = [route, fc.array(step, { minLength: 3, maxLength: 12 })] as const

describe('sharing', () => {
  it('no response holds a canary of another user', function () {
    this.timeout(patience(CASES))
    const safe = route.map(each => ({ ...each, preset: 'default' as const }))
    const check = fc.property(safe, history[1], (route, steps) => {
      play(route, steps, ({ step, answer, source }) => {
        const all = answer.body + answer.lines.flat().join('\n')
        for (const user of users) {
          if (user === step.visit.user || !(all.includes(`<${user}>`) || all.includes(user))) continue
          expect(
            source !== undefined && oracle.isShareable(source.lines, route),
            `${user}'s, given to another`,
          ).to.equal(true)
        }
      })
    })
    fc.assert(check, runs(CASES))
  })

  it('every reuse is one that the RFC allows', function () {
    this.timeout(patience(CASES))
    let reuses = 0
    const check = fc.property(...history, (route, steps) => {
      play(route, steps, seen => {
        if (seen.source === undefined || seen.source.run === seen.call.run) return
        reuses++
        expectAllowed(seen, seen.source, route)
      })
    })
    fc.assert(check, runs(CASES))
    // Who never reuses anything breaks no rule.
    expect(reuses, 'reuses').to.be.greaterThan(runs(CASES).numRuns / 2)
  })

  it('a reuse is byte for byte one run that came to its end', function () {
    this.timeout(patience(CASES))
    const check = fc.property(...history, (route, steps) => {
      play(route, steps, ({ step, call, answer, source }) => {
        if (source === undefined) return
        const { run, status, body, lines } = source
        expect(run.state).to.equal('complete')
        expect(answer.status).to.equal(status)
        const hasBody = step.method === 'GET' && status !== 204
        expect(answer.body).to.equal(hasBody ? body : '')
        if (run === call.run) return
        expect(kept(answer.lines, lines), 'fields').to.deep.equal(kept(lines, lines))
        if (status !== 204) expect(oracle.field(answer.lines, 'content-length')).to.equal(String(body.length))
        // Its own run failed, or there was none.
        if (!answer.said.includes('stale-if-error')) expect(call.run, 'no run of its own').to.equal(undefined)
        expect(route.preset === 'rfc9111' || oracle.field(answer.lines, 'set-cookie') === undefined).to.equal(true)
      })
    })
    fc.assert(check, runs(CASES))
  })
})

/** The fields that a stored response keeps. Date, a validator and Vary are added where the handler gave none. */
function kept(lines: oracle.Lines, given: oracle.Lines): string[] {
  const own = new Set(given.map(([name]) => name.toLowerCase()))
  const reads = (value: string) => value.toLowerCase() === 'x-lang'
  return lines
    .filter(([name]) => !['age', 'cache-status', 'content-length'].includes(name.toLowerCase()))
    .filter(([name]) => !['date', 'etag'].includes(name.toLowerCase()) || own.has(name.toLowerCase()))
    .filter(
      ([name, value]) => name !== 'Vary' || !reads(value) || given.some(line => line[0] === name && line[1] === value),
    )
    .map(([name, value]) => `${name.toLowerCase()}: ${value}`)
    .sort()
}

function expectAllowed({ step, answer, now }: Seen, told: Made, route: oracle.Route): void {
  const asked: oracle.Asked = { method: step.method, target: step.target, lines: step.visit.lines }
  expect(told.asked.target).to.equal(asked.target)
  expect(oracle.mayStore(told, route), 'may be stored').to.equal(true)
  expect(oracle.isSelected(told, asked), 'the variant').to.equal(true)
  if (oracle.hasCredentials(asked, route)) expect(oracle.isShareable(told.lines, route), 'for everybody').to.equal(true)
  expect(oracle.mustValidate(told, route), 'no-cache').to.equal(false)

  const ageMs = oracle.ageOf(told, now)
  const staleMs = ageMs - oracle.lifetime(told, route)
  expect(Number(oracle.field(answer.lines, 'age')), 'Age').to.be.at.least(Math.floor(ageMs / 1000))
  const client = route.preset === 'rfc9111' ? (oracle.readDirectives(step.visit.control ?? '') ?? new Map()) : new Map()
  expect(client.has('no-cache'), "the client's no-cache").to.equal(false)
  const wanted = (name: string) => (client.has(name) ? Number(client.get(name)![0] ?? Infinity) * 1000 : undefined)
  expect(ageMs, "the client's max-age").to.be.at.most(wanted('max-age') ?? Infinity)
  if (wanted('min-fresh') !== undefined) expect(-staleMs, "the client's min-fresh").to.be.at.least(wanted('min-fresh')!)
  if (staleMs < 0) return

  const { revalidating, failing } = oracle.staleWindows(told, route)
  expect(oracle.isNeverStale(told, route), 'stale, and must not be').to.equal(false)
  const allowed = answer.said.includes('stale-if-error') ? failing : Math.max(revalidating, wanted('max-stale') ?? -1)
  expect(staleMs, `stale: ${answer.said}`).to.be.at.most(allowed)
}
