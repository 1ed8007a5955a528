// Whatever the far store does, clients get what they would get without one: the same requests, with it and without, answer by answer.

import { expect } from 'chai'
import { engineOf } from '../../src/engine.ts'
import { createMemoryFar, type FarOperation, failing, hanging } from '../memory-far.ts'
import { createClock, settle } from '../support.ts'
import { type Answer, type Bed, beds, type Fields, told, until } from './bed.ts'
import type { Run } from './run.ts'

/** The same numbers for the same seed. */
function chances(seed: number) {
  let state = seed * 2_654_435_761 + 1
  return (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return (state >>> 8) % below
  }
}

type Chance = ReturnType<typeof chances>

const faults: readonly (() => Promise<void> | void)[] = [
  () => undefined,
  () => undefined,
  hanging,
  failing(),
  failing('LARDER_FAR_FULL'),
  failing('LARDER_FAR_READ_ONLY'),
  failing('LARDER_FAR_REFUSED'),
  () => new Promise(resolve => setTimeout(resolve, 2)),
]

const responses: readonly [number, Fields][] = [
  [200, { 'Cache-Control': 'public, max-age=60' }],
  [200, { 'Cache-Control': 'public, max-age=2, stale-while-revalidate=30' }],
  [200, { 'Cache-Control': 'public, max-age=2, stale-if-error=30', ETag: '"v"' }],
  [200, { 'Cache-Control': 'public, max-age=60', Vary: 'X-Language' }],
  [200, { 'Cache-Control': 'private, max-age=60' }],
  [200, { 'Cache-Control': 'no-store' }],
  [200, { 'Cache-Control': 'public, max-age=60', 'Set-Cookie': 's=1' }],
  [404, {}],
  [503, {}],
  [301, { 'Cache-Control': 'public, max-age=60', Location: '/x' }],
]

const fields: readonly Fields[] = [
  {},
  {},
  { 'X-Language': 'de' },
  { 'X-Language': 'fr' },
  { Cookie: 'sid=1' },
  { Range: 'bytes=0-1' },
  { 'If-None-Match': '"v"' },
  { 'Cache-Control': 'no-cache' },
]

type Step =
  | { readonly kind: 'ask'; readonly method: string; readonly target: string; readonly fields: Fields }
  | { readonly kind: 'purge'; readonly soft: boolean }
  | { readonly kind: 'wait'; readonly ms: number }

function stepsOf(chance: Chance): readonly Step[] {
  return Array.from({ length: 40 }, (): Step => {
    const what = chance(12)
    if (what === 0) return { kind: 'purge', soft: chance(2) === 0 }
    if (what === 1) return { kind: 'wait', ms: chance(4000) }
    const method = chance(8) === 0 ? 'HEAD' : 'GET'
    return { kind: 'ask', method, target: `/${chance(responses.length)}`, fields: fields[chance(fields.length)]! }
  })
}

describe('a far store that hangs, fails or is slow at random', () => {
  const bedFor = beds()
  // Not in each: a store that is full is spared writes for a while.
  let sets = 0
  after(() => void expect(sets).to.be.greaterThan(20))

  async function play(
    steps: readonly Step[],
    far: ReturnType<typeof createMemoryFar> | undefined,
  ): Promise<readonly unknown[]> {
    const clock = createClock()
    const engine = {
      now: clock.now,
      ...(far && { far: far.open(), farDeadline: '6ms', breakerFailures: 1e9 }),
    } as const
    const versions = new Map<string, number>()
    const bed: Bed = bedFor({
      engine,
      staleIfError: '30s',
      tags: () => ['t'],
      handler(run: Run) {
        const [status, headers] = responses[Number(run.target.slice(1))]!
        const version = (versions.get(run.target) ?? 0) + 1
        versions.set(run.target, version)
        const names = { 'X-Run': String(version), ...headers }
        if (run.headers['if-none-match'] === '"v"' && headers['ETag'] === '"v"') run.send(304, names)
        else run.send(status, names, `${run.target} ${version} ${run.headers['x-language'] ?? ''}`)
      },
    })
    if (far !== undefined) await until(() => bed.cache[engineOf].far!.usable)
    const answers: unknown[] = []
    for (const step of steps) {
      if (step.kind === 'wait') clock.advance(step.ms)
      else if (step.kind === 'purge') await bed.cache.invalidateTags(['t'], { soft: step.soft })
      else {
        const client = bed.request(step.method, step.target, step.fields)
        await until(() => client.answer !== undefined)
        answers.push(shown(client.answer!))
      }
      // A refresh behind an answer has ended before the next request comes.
      await until(() => bed.cache[engineOf].responses.flights.size === 0)
      await settle()
    }
    return answers
  }

  const shown = (answer: Answer) => ({
    status: answer.status,
    body: answer.body,
    told: told(answer),
    run: answer.header('x-run'),
    age: answer.header('age'),
    length: answer.header('content-length'),
    tag: answer.header('etag'),
    vary: answer.header('vary'),
    cookie: answer.header('set-cookie'),
  })

  for (let seed = 1; seed <= 25; seed++) {
    it(`answers as none would: history ${seed}`, async function () {
      this.timeout(60_000)
      const steps = stepsOf(chances(seed))
      const far = createMemoryFar()
      const fault = chances(seed + 1000)
      const spoil = (_operation: FarOperation) => faults[fault(faults.length)]!()
      far.before = operation => (operation === 'time' ? undefined : spoil(operation))
      far.after = operation => (operation === 'time' ? undefined : spoil(operation))
      expect(await play(steps, far)).to.deep.equal(await play(steps, undefined))
      expect(far.count('get')).to.be.greaterThan(5)
      sets += far.count('set')
    })
  }
})
