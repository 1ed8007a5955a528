// Random histories against a simple oracle: what each run produced, and what was purged when.

import { expect } from 'chai'
import fc from 'fast-check'
import { invalidateIn } from '../../src/door/invalidate.ts'
import { settle } from '../support.ts'
import { type BedOptions, type Client, createBed, type Fields, type Run } from './bed.ts'

const numRuns = 200 * Number(process.env['TEST_RUNS'] ?? 1)

const modes = ['public', 'plain', 'private', 'no-store', 'cookie', 'vary', 'reads', 'error', 'throws', 'gone'] as const
type Mode = (typeof modes)[number]

const user = fc.constantFrom(undefined, undefined, 'alice', 'bob')
const target = fc.constantFrom('/a', '/a', '/b')
const lang = fc.constantFrom('fr', 'de')
const command = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('ask' as const), user, target, lang }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('step' as const), which: fc.nat(50) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('mode' as const), mode: fc.constantFrom(...modes) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('change' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.constantFrom(1, 20_000, 61_000) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('purge' as const),
      way: fc.constantFrom('tag' as const, 'pattern' as const, 'target' as const, 'unsafe' as const, 'clear' as const),
      target,
      soft: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave' as const), which: fc.nat(50) }) },
)
const route = fc.record({
  staleWhileRevalidate: fc.constantFrom('0s', '30s'),
  staleIfError: fc.constantFrom('0s', '30s'),
  tags: fc.constantFrom('static' as const, 'async' as const),
})

/** One run of the handler: what it read when it began, and what it made of it. */
interface Known {
  readonly run: Run
  readonly began: number
  readonly mode: Mode
  readonly body: string
  readonly etag: string
  steps: number
  complete: boolean
  /** By the cache's clock, when it or a 304 for it went out. */
  saidAt: number
}

interface Asked {
  readonly client: Client
  readonly at: number
  readonly user: string | undefined
  readonly target: string
  readonly lang: string
  left: boolean
  checked: boolean
}

function createModel({ tags, ...windows }: { tags: 'static' | 'async' } & Omit<BedOptions, 'tags'>) {
  const known: Known[] = []
  const asked: Asked[] = []
  const purges: { at: number; target: string | undefined }[] = []
  let clock = 0
  let version = 1
  let mode: Mode = 'public'
  const bed = createBed({
    ttl: '1m',
    ...windows,
    tags: tags === 'static' ? ['all'] : () => settle().then(() => ['all']),
    collapseTimeout: '1h',
    fillTimeout: '1h',
    handler(run) {
      if (run.method === 'POST') return run.send(204, {})
      const { cookie = '', 'x-lang': lang = '' } = run.headers
      const body = `run ${known.length} of ${run.target} ${lang} v${version} for <${cookie}>`
      const etag = `"${run.target}${lang}${version}${cookie}${mode}"`
      known.push({ run, began: ++clock, mode, body, etag, steps: 0, complete: false, saidAt: 0 })
    },
  })

  function step(known: Known): void {
    const { run, mode, body, etag } = known
    if (known.complete) return
    known.steps++
    if (mode === 'throws') return finish(known, () => run.fail('thrown'))
    if (mode === 'error') return finish(known, () => run.send(500, {}, body))
    if (mode === 'gone') return finish(known, () => run.send(404, {}, body))
    if (known.steps === 1) {
      if (run.headers['if-none-match'] === etag && (mode === 'public' || mode === 'vary')) {
        for (const other of knownBy(etag)) other.saidAt = bed.clock.now()
        return finish(known, () => run.send(304, { ...fields[mode], ETag: etag }))
      }
      known.saidAt = bed.clock.now()
      if (mode === 'reads') run.reads('x-lang')
      run.head(200, { ...fields[mode], ETag: etag })
    } else if (known.steps === 2) run.write(body.slice(0, 9))
    else finish(known, () => run.end(body.slice(9)))
  }

  const knownBy = (etag: string) => known.filter(one => one.etag === etag)

  function finish(known: Known, how: () => void): void {
    known.complete = true
    how()
  }

  function check(one: Asked): void {
    const { answer, run: own } = one.client
    if (answer === undefined || one.checked) return
    one.checked = true
    if (!answer.complete || answer.body === 'failed' || answer.status === 304) return
    const source = known.find(({ body }) => body === answer.body)
    expect(source, `no run made ${JSON.stringify(answer.body)}`).not.to.equal(undefined)
    const { run, began, mode, saidAt, complete } = source!
    if (run === own) return
    expect(complete, 'a run that is not complete').to.equal(true)
    expect(run.target).to.equal(one.target)
    expect(['public', 'plain', 'vary', 'reads'], 'shared').to.include(mode)
    if (mode === 'vary' || mode === 'reads') expect(run.headers['x-lang'] ?? '').to.equal(one.lang)
    // Nothing that was made for one with a cookie, and nothing for one with a cookie, unless the handler said public.
    if (mode !== 'public' && mode !== 'vary') {
      expect(run.headers['cookie'], 'made for a user').to.equal(undefined)
      expect(one.user, 'given to a user').to.equal(undefined)
    }
    for (const purge of purges) {
      if (purge.at > one.at || (purge.target !== undefined && purge.target !== one.target)) continue
      expect(began, 'older than a purge').to.be.greaterThan(purge.at)
    }
    expect(bed.clock.now() - saidAt, 'too old').to.be.lessThan(60_000 + 30_000)
  }

  return {
    async do(what: typeof command extends fc.Arbitrary<infer C> ? C : never) {
      if (what.kind === 'ask') {
        const headers: Fields = {
          'X-Lang': what.lang,
          ...(what.user === undefined ? {} : { Cookie: `u=${what.user}` }),
        }
        const at = ++clock
        asked.push({ ...what, client: bed.get(what.target, headers), at, left: false, checked: false })
      } else if (what.kind === 'step') {
        const open = known.filter(({ complete }) => !complete)
        if (open.length > 0) step(open[what.which % open.length]!)
      } else if (what.kind === 'mode') mode = what.mode
      else if (what.kind === 'change') version++
      else if (what.kind === 'advance') bed.clock.advance(what.ms)
      else if (what.kind === 'leave') {
        const waiting = asked.filter(({ client }) => client.answer === undefined && client.run === undefined)
        const one = waiting[what.which % Math.max(1, waiting.length)]
        if (one !== undefined) {
          one.left = true
          one.client.leave()
        }
      } else {
        const { way, target, soft } = what
        if (way === 'tag') await bed.cache.invalidateTags(['all'], { soft })
        else if (way === 'pattern') await bed.cache.invalidatePattern(`${target}*`, { soft })
        else if (way === 'target') await invalidateIn(bed.cache, { target, soft })
        else if (way === 'clear') await bed.cache.clear({ soft })
        else bed.request('POST', target)
        const isHard = way === 'unsafe' || !soft
        if (isHard) purges.push({ at: ++clock, target: way === 'tag' || way === 'clear' ? undefined : target })
      }
      await settle()
      asked.forEach(check)
    },

    /** Everything comes to its end, and nobody is left. */
    async end() {
      for (let round = 0; bed.flights > 0 || known.some(({ complete }) => !complete); round++) {
        expect(round, 'no end').to.be.lessThan(1000)
        known.filter(({ complete }) => !complete).forEach(step)
        await settle()
      }
      await settle()
      asked.forEach(check)
      for (const { client, left } of asked) if (!left) expect(client.answer, 'left waiting').not.to.equal(undefined)
      expect(bed.flights).to.equal(0)
      return asked.length
    },
  }
}

const fields: Partial<Record<Mode, Fields>> = {
  public: { 'Cache-Control': 'public, max-age=60' },
  private: { 'Cache-Control': 'private, max-age=60' },
  'no-store': { 'Cache-Control': 'no-store' },
  cookie: { 'Cache-Control': 'public, max-age=60', 'Set-Cookie': 's=1' },
  vary: { 'Cache-Control': 'public, max-age=60', Vary: 'X-Lang' },
}

describe('random histories', () => {
  it(`are those of an honest cache (${numRuns} of them)`, async function () {
    this.timeout(20_000 + numRuns * 100)
    await fc.assert(
      fc.asyncProperty(route, fc.array(command, { minLength: 5, maxLength: 60 }), async (options, commands) => {
        const model = createModel(options)
        for (const one of commands) await model.do(one)
        await model.end()
      }),
      { numRuns },
    )
  })
})
