// The engine on a test bed: a door of a few lines, whose handlers do one step at a time, when the test says so.

import { expect } from 'chai'
import { type Cache, type CacheOptions, createCache } from '../../src/cache.ts'
import { engineOf } from '../../src/engine.ts'
import type { Exchange, Replay } from '../../src/exchange.ts'
import type { HeaderList } from '../../src/http/headers.ts'
import type { RequestTrace } from '../../src/request-trace.ts'
import { createResponseCache } from '../../src/response-cache.ts'
import type { ResponseCacheOptions } from '../../src/response-options.ts'
import { type Clock, createClock, settle } from '../support.ts'
import { type Answer, createRun, type Fields, finished, newState, type Run, type State } from './run.ts'

export type { Answer, Fields, Run } from './run.ts'

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

export interface BedOptions extends Omit<ResponseCacheOptions<Subject>, 'cache'> {
  readonly engine?: CacheOptions
  /** Does every run by itself. Without it the test does. */
  readonly handler?: (run: Run) => void
  /** What stands in front of the cache on a replay: calls `next`, or `lost`. */
  readonly front?: (next: () => void, lost: () => void) => void
  /** The door knows no way in for a replay. */
  readonly noReplay?: boolean
  /** Traces every request that reaches the cache. */
  readonly trace?: (replayed: Replay | undefined) => RequestTrace
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
  const { engine: engineOptions, front = next => next(), noReplay, trace, handler: first, ...route } = options
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
      ...(trace !== undefined && { trace: trace(replayed) }),
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
