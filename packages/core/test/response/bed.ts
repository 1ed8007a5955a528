// The engine on a test bed: a door of a few lines, whose handlers do one step at a time, when the test says so.

import { expect } from 'chai'
import { type Cache, type CacheOptions, createCache } from '../../src/cache.ts'
import { engineOf } from '../../src/engine.ts'
import type { Exchange, FillFailure, Observation, Outgoing, Recorder, Replay } from '../../src/exchange.ts'
import { fieldValue, type HeaderList } from '../../src/http/headers.ts'
import { createResponseCache } from '../../src/response-cache.ts'
import type { ResponseCacheOptions } from '../../src/response-options.ts'
import { type Clock, createClock, settle } from '../support.ts'

export type Fields = Readonly<Record<string, string | readonly string[]>>

/** What a client got. */
export interface Answer {
  readonly status: number
  readonly headers: HeaderList
  readonly body: string
  /** Whether the response came to its end. */
  readonly complete: boolean
  header(name: string): string | undefined
}

/** What the user's functions get. */
export interface Subject {
  readonly target: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** A request under way. */
export interface Client {
  /** Set once there is an answer. */
  readonly answer: Answer | undefined
  /** The run of the handler that this request caused. */
  readonly run: Run | undefined
  /** The client goes away. */
  leave(): void
}

/** One run of the handler. Each step goes to the recorder as a door would hand it on. */
export interface Run {
  readonly method: string
  readonly target: string
  /** What the handler sees. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Nobody waits for it: it is a replay. */
  readonly background: boolean
  head(status?: number, headers?: Fields): void
  write(text: string): void
  end(text?: string): void
  /** All three. */
  send(status: number, headers: Fields, text?: string): void
  fail(reason?: FillFailure): void
  /** Reads a field, or what tells who asks. */
  reads(...names: readonly string[]): void
  identifies(...names: readonly string[]): void
  tag(...tags: readonly string[]): void
}

export interface BedOptions extends Omit<ResponseCacheOptions<Subject>, 'cache'> {
  readonly engine?: CacheOptions
  /** Does every run by itself. Without it the test does. */
  readonly handler?: (run: Run) => void
  /** What stands in front of the cache on a replay: calls `next`, or `lost`. */
  readonly front?: (next: () => void, lost: () => void) => void
  /** The door knows no way in for a replay. */
  readonly noReplay?: boolean
}

export interface Bed {
  readonly cache: Cache
  readonly clock: Clock
  /** Every run so far, in the order in which they began. */
  readonly runs: readonly Run[]
  /** The fields that each replay carried. */
  readonly replays: readonly HeaderList[]
  /** Set what runs do from now on. */
  handle(handler: ((run: Run) => void) | undefined): void
  request(method: string, target?: string, headers?: Fields): Client
  get(target?: string, headers?: Fields): Client
  /** Ask and have the answer, which must be there at once. */
  ask(target?: string, headers?: Fields): Answer
  /** The same request reaches a second cache over the same engine, further in. */
  nest(client: Client): void
  /** Flights under way. */
  readonly flights: number
}

/** Every bed checks after its test that nobody is left waiting. */
export function beds(): (options?: BedOptions) => Bed {
  const made: Bed[] = []
  afterEach(async function () {
    await settle()
    const left = made.splice(0).reduce((sum, bed) => sum + bed.flights, 0)
    // Not in a test that failed half way.
    if (this.currentTest?.state === 'passed') expect(left, 'flights left').to.equal(0)
  })
  return options => {
    const bed = createBed(options)
    made.push(bed)
    return bed
  }
}

export function createBed(options: BedOptions = {}): Bed {
  const { engine: engineOptions, front = next => next(), noReplay, handler: first, ...route } = options
  const clock = createClock()
  const cache = createCache({ now: clock.now, ...engineOptions })
  const responses = createResponseCache<Subject>({ ttl: '1m', cache, ...route }, { cacheFor: () => cache })
  const runs: Run[] = []
  const replays: HeaderList[] = []
  const states = new Map<Client, State>()
  let handler = first

  function exchangeFor(state: State, replayed: Replay | undefined): Exchange<Subject> {
    const exchange: Exchange<Subject> = {
      request: state.request,
      subject: { target: state.request.target, headers: state.request.headers },
      replayed,
      get observation() {
        return state.observation
      },
      get tags() {
        return state.tags
      },
      send(response) {
        expect(state.answer, 'answered twice').to.equal(undefined)
        state.held = true
        state.answer = finished(response)
      },
      forward({ recorder, conditional }) {
        const run = createRun(state, recorder, conditional, replayed !== undefined)
        state.run = run
        runs.push(run)
        handler?.(run)
      },
      claim(owner, callOff) {
        state.claims.get(owner)?.()
        state.claims.set(owner, callOff)
      },
      onGone(hook) {
        state.hooks.add(hook)
        return () => state.hooks.delete(hook)
      },
      replay(headers, replay) {
        if (noReplay) return false
        replays.push(headers)
        const copy = newState('GET', state.request.target, headers)
        let arrived = false
        const arriving: Replay = {
          ...replay,
          arrive(again) {
            arrived = true
            replay.arrive(again)
          },
        }
        setImmediate(() =>
          front(
            () => responses.handle(exchangeFor(copy, arriving)),
            () => arrived || replay.lost(),
          ),
        )
        return true
      },
    }
    return exchange
  }

  const bed: Bed = {
    cache,
    clock,
    runs,
    replays,
    handle: next => {
      handler = next
    },
    request(method, target = '/', headers = {}) {
      const lines = Object.entries(headers).flatMap(([name, value]) =>
        typeof value === 'string' ? [name, value] : value.flatMap(line => [name, line]),
      )
      const state = newState(method, target, headers['host'] === undefined ? ['Host', 'h.example', ...lines] : lines)
      const client: Client = {
        get answer() {
          return state.answer
        },
        get run() {
          return state.run
        },
        leave() {
          for (const hook of [...state.hooks]) hook()
        },
      }
      states.set(client, state)
      responses.handle(exchangeFor(state, undefined))
      return client
    },
    nest(client) {
      const inner = createResponseCache<Subject>({ ttl: '1m', cache, ...route }, { cacheFor: () => cache })
      inner.handle(exchangeFor(states.get(client)!, undefined))
    },
    get: (target, headers) => bed.request('GET', target, headers),
    ask(target, headers) {
      const { answer } = bed.get(target, headers)
      expect(answer, `no answer for ${target ?? '/'}`).not.to.equal(undefined)
      return answer!
    },
    get flights() {
      return cache[engineOf].responses.flights.size
    },
  }
  return bed
}

interface State {
  readonly request: Exchange['request']
  readonly claims: Map<object, () => void>
  readonly hooks: Set<() => void>
  readonly tags: string[]
  observation: Observation | undefined
  answer: Answer | undefined
  run: Run | undefined
  /** Somebody else answers in the handler's place. */
  held: boolean
}

function newState(method: string, target: string, rawHeaders: HeaderList): State {
  const headers: Record<string, string> = {}
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase()
    headers[name] = headers[name] === undefined ? rawHeaders[i + 1]! : `${headers[name]}, ${rawHeaders[i + 1]}`
  }
  return {
    request: { method, target, secure: false, headers, rawHeaders },
    claims: new Map(),
    hooks: new Set(),
    tags: [],
    observation: undefined,
    answer: undefined,
    run: undefined,
    held: false,
  }
}

const hidden = ['if-none-match', 'if-modified-since', 'if-match', 'if-unmodified-since', 'if-range', 'range']

function createRun(state: State, recorder: Recorder, conditional: Fields | undefined, background: boolean): Run {
  const headers = { ...state.request.headers }
  if (conditional !== undefined) for (const name of hidden) delete headers[name]
  let status = 0
  let sent: HeaderList | undefined
  let text = ''
  const observe = (kind: keyof Observation, names: readonly string[]) => {
    const { fields, identities } = state.observation ?? { fields: new Set(), identities: new Set() }
    const more = { fields, identities, [kind]: new Set([...(kind === 'fields' ? fields : identities), ...names]) }
    state.observation = more as Observation
  }
  const run: Run = {
    method: state.request.method,
    target: state.request.target,
    headers: { ...headers, ...(conditional as Record<string, string> | undefined) },
    background,
    head(given = 200, fields = {}) {
      status = given
      const list = Object.entries(fields).flatMap(([name, value]) =>
        typeof value === 'string' ? [name, value] : value.flatMap(line => [name, line]),
      )
      const verdict = recorder.head(status, list, [])
      if (verdict.action === 'pass') sent = withSet(list, verdict.set)
    },
    write(more) {
      if (sent === undefined && !state.held) run.head()
      text += more
      if (recorder.recording) recorder.write(Buffer.from(more))
    },
    end(more) {
      if (more !== undefined) run.write(more)
      else if (sent === undefined && !state.held) run.head()
      if (sent !== undefined) state.answer = makeAnswer(status, sent, text, true)
      recorder.end()
    },
    send(given, fields, more) {
      run.head(given, fields)
      run.end(more)
    },
    fail(reason = 'thrown') {
      if (recorder.fail(reason) === 'answered') return
      state.answer = sent === undefined ? makeAnswer(500, [], 'failed', true) : makeAnswer(status, sent, text, false)
    },
    reads: (...names) => observe('fields', names),
    identifies: (...names) => observe('identities', names),
    tag: (...tags) => void state.tags.push(...tags),
  }
  return run
}

function withSet(list: HeaderList, set: HeaderList): HeaderList {
  const names = new Set(set.filter((_, i) => i % 2 === 0).map(name => name.toLowerCase()))
  names.delete('vary')
  const kept: string[] = []
  for (let i = 0; i < list.length; i += 2) if (!names.has(list[i]!.toLowerCase())) kept.push(list[i]!, list[i + 1]!)
  return [...kept, ...set]
}

function finished({ status, headers, body }: Outgoing): Answer {
  return makeAnswer(status, headers, body?.toString() ?? '', true)
}

function makeAnswer(status: number, headers: HeaderList, body: string, complete: boolean): Answer {
  return { status, headers, body, complete, header: name => fieldValue(headers, name) }
}

/** The `Cache-Status` without what changes with the time. */
export function told(answer: Answer | undefined): string {
  return (answer?.header('cache-status') ?? '').replace(/^larder; /, '').replace(/; ttl=-?\d+/, '')
}

/** A handler that answers with a count of its runs. */
export function counting(headers: Fields = { 'Cache-Control': 'public, max-age=60' }): (run: Run) => void {
  let count = 0
  return run => run.send(200, headers, `run ${++count}`)
}

/** Resolves when `ready` is true, asked again whenever the event loop has turned; fails after two seconds. */
export async function until(ready: () => boolean): Promise<void> {
  const end = Date.now() + 2000
  while (!ready()) {
    expect(Date.now(), 'waited too long').to.be.lessThan(end)
    await settle()
  }
}
