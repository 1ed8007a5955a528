// What must make no difference: fields that nobody keyed or read, conditions and ranges of other clients, HEAD instead of GET.

import { expect } from 'chai'
import fc from 'fast-check'
import { linesOf, route, type Script, script, visit, wait } from './arbitrary.ts'
import { type Asked, field, type Lines } from './oracle.ts'
import { atOneMoment, patience, runs } from './runs.ts'
import { type Answer, type Call, createWorld, type Run, type World, type WorldOptions } from './world.ts'

const CASES = 500

const unkeyed = fc.constantFrom<readonly [string, string]>(
  ['Cache-Control', 'no-cache'],
  ['Cache-Control', 'no-store, max-age=0, only-if-cached'],
  ['Pragma', 'no-cache'],
  ['User-Agent', 'x'],
  ['Accept', 'text/html'],
  ['Accept-Encoding', 'gzip;q=0, br'],
  ['Cookie', '_ga=GA1.2.3; _gid=4'],
  ['Forwarded', 'host=evil.example'],
  ['X-Forwarded-Host', 'evil.example'],
  ['X-Forwarded-For', '10.0.0.1'],
  ['X-Forwarded-Scheme', 'http'],
  ['X-Original-URL', '/admin'],
  ['X-Rewrite-URL', '/b'],
  ['X-Nextjs-Data', '1'],
  ['Referer', 'https://evil.example/'],
  ['Authorisation', 'x'],
  ['constructor', 'x'],
  ['Connection', 'close'],
  ['Via', '1.1 x'],
)
const step = fc.record({
  visit,
  wait,
  script,
  target: fc.constantFrom('/a', '/a', '/b'),
  method: fc.constantFrom('GET', 'GET', 'HEAD'),
})
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

describe('what makes no difference', () => {
  it('a field that is not keyed and not read never changes a response', function () {
    this.timeout(patience(CASES))
    const more = fc.array(fc.array(unkeyed, { maxLength: 3 }), { minLength: 8, maxLength: 8 })
    const check = fc.property(fc.array(step, { minLength: 2, maxLength: 8 }), more, (steps, more) => {
      atOneMoment(() => {
        const plain = playScripts(steps.map(each => ({ ...each, lines: withoutControl(each.visit.lines) })))
        // A user's own cookie has to stay the only one.
        const isMeet = (lines: Lines) => (extra: Lines[number]) =>
          extra[0] !== 'Cookie' || field(lines, 'cookie') === undefined
        const dressed = steps.map((each, i) => {
          const lines = withoutControl(each.visit.lines)
          return { ...each, lines: [...more[i]!.filter(isMeet(lines)), ...lines] }
        })
        expect(playScripts(dressed)).to.deep.equal(plain)
      })
    })
    fc.assert(check, runs(CASES))
  })

  it('what conditions and ranges others send never changes what a plain request gets', function () {
    this.timeout(patience(CASES))
    const asking = fc.record({
      condition: fc.array(condition, { maxLength: 2 }),
      wait,
      target: fc.constantFrom('/a', '/a', '/b'),
      stays: fc.boolean(),
    })
    const page = fc.record({
      etag: fc.constantFrom('"v1"', 'W/"v1"', undefined),
      control: fc.constantFrom('public, max-age=30', 'max-age=0', 'private', 'no-store', undefined),
    })
    const check = fc.property(route, page, fc.array(asking, { minLength: 2, maxLength: 8 }), (route, page, askings) => {
      atOneMoment(() => {
        const all = playConditions(route, page, askings)
        const some = playConditions(
          route,
          page,
          askings.map(each => (each.stays ? each : { ...each, condition: [] })),
        )
        askings.forEach(({ condition }, i) => {
          if (condition.length === 0) expect(content(all[i]!)).to.deep.equal(content(some[i]!))
        })
      })
    })
    fc.assert(check, runs(CASES))
  })

  it('HEAD is answered as GET is, without the body', function () {
    this.timeout(patience(CASES))
    const check = fc.property(
      route,
      script,
      visit,
      fc.option(condition, { nil: undefined }),
      wait,
      (route, script, visit, condition, wait) => {
        atOneMoment(() => {
          const world = createWorld({ ...optionsOf(route), handler: run => say(run, script) })
          const lines = withoutControl(visit.lines)
          world.ask('GET', '/a', lines)
          world.advance(wait)
          const asked = [...lines, ...(condition === undefined || condition[0] === 'Range' ? [] : [condition])]
          const [head, get] = [world.ask('HEAD', '/a', asked), world.ask('GET', '/a', asked)]
          // Not when a handler was asked: it is the handler's business what it says to HEAD.
          if (get.run !== undefined || head.run !== undefined) return
          expect(head.answer!.body).to.equal('')
          expect(head.answer!.status).to.equal(get.answer!.status)
          expect(head.answer!.lines).to.deep.equal(get.answer!.lines)
        })
      },
    )
    fc.assert(check, runs(CASES))
  })
})

const past = 'Mon, 01 Jan 2024 00:00:00 GMT'
const condition = fc.constantFrom<readonly [string, string]>(
  ['If-None-Match', '*'],
  ['If-None-Match', '"v1"'],
  ['If-None-Match', 'W/"v1", "x"'],
  ['If-Modified-Since', past],
  ['If-Modified-Since', 'Fri, 01 Jan 2100 00:00:00 GMT'],
  ['If-Match', '"x"'],
  ['If-Unmodified-Since', 'Mon, 01 Jan 1990 00:00:00 GMT'],
  ['Range', 'bytes=0-1'],
  ['Range', 'bytes=900-'],
  ['If-Range', '"v1"'],
)

function optionsOf({
  ttl,
  ...route
}: { readonly ttl: number | undefined } & Omit<WorldOptions, 'handler' | 'ttl'>): Omit<WorldOptions, 'handler'> {
  return { ...route, ...(ttl !== undefined && { ttl }) }
}

function withoutControl(lines: Lines): Lines {
  return lines.filter(([name]) => name !== 'Cache-Control')
}

function say(run: Run, script: Script): void {
  run.reads(...script.reads)
  run.head(script.status, linesOf(script, Date.now()))
  for (const chunk of script.chunks) run.write(chunk)
  run.end()
}

/** All that clients get, replays arriving in between. */
function playScripts(steps: readonly (Step & { readonly lines: Lines })[]): readonly (Answer | undefined)[] {
  let at!: Step
  const world = createWorld({
    ttl: '1m',
    staleWhileRevalidate: '20s',
    staleIfError: '20s',
    handler: run => say(run, at.script),
  })
  return steps.map(step => {
    at = step
    world.advance(step.wait)
    const { answer } = world.ask(step.method, step.target, step.lines)
    arriveAll(world)
    return answer
  })
}

interface Page {
  readonly etag: string | undefined
  readonly control: string | undefined
}

function playConditions(
  route: Parameters<typeof optionsOf>[0],
  page: Page,
  askings: readonly { readonly condition: Lines; readonly wait: number; readonly target: string }[],
): readonly Call[] {
  const world = createWorld({ ...optionsOf(route), handler: run => answerLikeExpress(run, page) })
  return askings.map(({ condition, wait, target }) => {
    world.advance(wait)
    const call = world.ask('GET', target, condition)
    arriveAll(world)
    return call
  })
}

function arriveAll(world: World): void {
  for (const arrive of world.replays.splice(0)) arrive()
}

/** 304 to whom it seems to have the page, 412 and 206 to whom they are due: all by fields that a cache has to keep from it. */
function answerLikeExpress(run: Run, { etag, control }: Page): void {
  const body = `the page ${run.asked.target}`
  const asked = (name: string) => field(run.asked.lines, name)
  const lines: Lines = [
    ['Last-Modified', past],
    ...(etag === undefined ? [] : [['ETag', etag] as const]),
    ...(control === undefined ? [] : [['Cache-Control', control] as const]),
  ]
  const noneMatch = asked('if-none-match')
  const since = asked('if-modified-since')
  const has =
    noneMatch === undefined
      ? since !== undefined && Date.parse(since) >= Date.parse(past)
      : noneMatch === '*' || (etag !== undefined && noneMatch.includes('"v1"'))
  if (asked('if-match') !== undefined || asked('if-unmodified-since') !== undefined) run.head(412, lines)
  else if (has) run.head(304, lines)
  else if (asked('range') !== undefined) {
    run.head(206, [...lines, ['Content-Range', `bytes 0-1/${body.length}`], ['Content-Length', '2']])
    run.write(body.slice(0, 2))
  } else {
    run.head(200, [...lines, ['Content-Length', String(body.length)]])
    run.write(body)
  }
  run.end()
}

/** What a client is given, but for how long ago it was made and by whom. */
function content({ answer }: { readonly answer: Answer | undefined; readonly asked: Asked }) {
  const lines = answer!.lines.filter(([name]) => !['age', 'cache-status', 'date'].includes(name.toLowerCase()))
  return { status: answer!.status, body: answer!.body, lines: lines.map(line => line.join(': ')).sort() }
}
