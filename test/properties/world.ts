// A door without a framework: requests, runs of a handler that go step by step, replays that arrive when a test says so.

import { type Cache, type CacheOptions, createCache, type ResponseCacheOptions } from '@larder/core'
import { createResponseCache, type Exchange, type Observation, type Recorder, type Replay } from '@larder/core/door'
import { type Asked, field, type Lines } from './oracle.ts'

/** What a client got. The body has one character for each byte. */
export interface Answer {
  readonly status: number
  readonly lines: Lines
  readonly body: string
  /** Whether it came to its end. */
  readonly complete: boolean
  /** The part of `Cache-Status` behind the cache's name. */
  readonly said: string
}

/** A request, and what became of it. */
export interface Call {
  readonly asked: Asked
  readonly answer: Answer | undefined
  /** The run that it caused. */
  readonly run: Run | undefined
  leave(): void
}

/** One run of the handler. */
export interface Run {
  /** As the handler sees it: some fields of the client may be hidden. */
  readonly asked: Asked
  readonly call: Call | undefined
  readonly state: 'begun' | 'open' | 'complete' | 'failed'
  reads(...names: string[]): void
  identifies(...names: string[]): void
  tag(...tags: string[]): void
  head(status: number, lines: Lines): void
  write(bytes: string): void
  end(): void
  fail(reason?: 'thrown' | 'destroyed' | 'truncated' | 'aborted'): void
}

export interface WorldOptions extends Omit<ResponseCacheOptions<Asked>, 'cache'> {
  readonly engine?: CacheOptions
  /** Told of each run when it begins. */
  readonly handler: (run: Run) => void
}

export interface World {
  readonly cache: Cache
  readonly now: number
  /** Replays that have not arrived yet. */
  readonly replays: (() => void)[]
  advance(ms: number): void
  ask(method: string, target: string, lines?: Lines): Call
}

export function createWorld({ engine, handler, ...route }: WorldOptions): World {
  let now = 1_700_000_000_000
  const cache = createCache({ now: () => now, ...engine })
  const responses = createResponseCache<Asked>({ ...route, cache }, { cacheFor: () => cache })
  const replays: (() => void)[] = []

  function begin(asked: Asked, mark: Replay | undefined): Call {
    const hooks = new Set<() => void>()
    const claims = new Map<object, () => void>()
    const tags: string[] = []
    const fields = new Set<string>()
    const identities = new Set<string>()
    let observation: Observation | undefined
    let answer: Answer | undefined
    let run: Run | undefined
    const reply = (status: number, lines: Lines, body: string, complete: boolean) => {
      if (answer !== undefined) throw new Error(`answered twice: ${answer.status}, then ${status}`)
      answer = { status, lines, body, complete, said: (field(lines, 'cache-status') ?? '').replace(/^larder; /, '') }
    }
    const call: Call = {
      asked,
      get answer() {
        return answer
      },
      get run() {
        return run
      },
      leave() {
        for (const hook of [...hooks]) hook()
      },
    }
    const exchange: Exchange<Asked> = {
      request: { ...asked, secure: false, headers: joined(asked.lines), rawHeaders: asked.lines.flat() },
      subject: asked,
      replayed: mark,
      tags,
      get observation() {
        return observation
      },
      send: ({ status, headers, body }) => reply(status, pairs(headers), body?.toString('latin1') ?? '', true),
      forward({ recorder, conditional, observe }) {
        if (observe) observation = { fields, identities }
        run = createRun({ ...asked, lines: shown(asked.lines, conditional) }, recorder, {
          call: mark === undefined ? call : undefined,
          reply,
          reads: names => names.forEach(name => void fields.add(name)),
          identifies: names => names.forEach(name => void identities.add(name)),
          tag: names => tags.push(...names),
        })
        handler(run)
      },
      claim(owner, callOff) {
        claims.get(owner)?.()
        claims.set(owner, callOff)
      },
      onGone(hook) {
        hooks.add(hook)
        return () => hooks.delete(hook)
      },
      replay(headers, replay) {
        replays.push(() => void begin({ ...asked, method: 'GET', lines: pairs(headers) }, replay))
        return true
      },
    }
    responses.handle(exchange)
    return call
  }

  return {
    cache,
    replays,
    get now() {
      return now
    },
    advance(ms) {
      now += ms
    },
    ask: (method, target, lines = []) =>
      begin(
        { method, target, lines: field(lines, 'host') === undefined ? [['Host', 'h.example'], ...lines] : lines },
        undefined,
      ),
  }
}

interface Ways {
  readonly call: Call | undefined
  reply(status: number, lines: Lines, body: string, complete: boolean): void
  reads(names: string[]): void
  identifies(names: string[]): void
  tag(names: string[]): void
}

function createRun(asked: Asked, recorder: Recorder, ways: Ways): Run {
  let state: Run['state'] = 'begun'
  let head: { readonly status: number; readonly lines: Lines } | 'held' | undefined
  let body = ''
  const hasNoBody = (status: number) => asked.method === 'HEAD' || status === 204 || status === 304
  return {
    asked,
    call: ways.call,
    get state() {
      return state
    },
    reads: (...names) => ways.reads(names),
    identifies: (...names) => ways.identifies(names),
    tag: (...tags) => ways.tag(tags),
    head(status, lines) {
      state = 'open'
      const verdict = recorder.head(status, lines.flat(), [])
      head = verdict.action === 'hold' ? 'held' : { status, lines: withSet(lines, pairs(verdict.set)) }
    },
    write(bytes) {
      if (typeof head !== 'object' || hasNoBody(head.status)) return
      body += bytes
      if (recorder.recording) recorder.write(Buffer.from(bytes, 'latin1'))
    },
    end() {
      state = 'complete'
      if (typeof head === 'object') ways.reply(head.status, head.lines, body, true)
      recorder.end()
    },
    fail(reason = 'thrown') {
      state = 'failed'
      const isHeld = head === 'held'
      if (recorder.fail(reason) === 'answered' || isHeld) return
      if (typeof head === 'object') ways.reply(head.status, head.lines, body, false)
      else ways.reply(500, [], '', false)
    },
  }
}

const conditionals = new Set([
  'if-none-match',
  'if-modified-since',
  'if-match',
  'if-unmodified-since',
  'if-range',
  'range',
])

/** What a door shows the handler of a run that fills. */
function shown(lines: Lines, conditional: Readonly<Record<string, string>> | undefined): Lines {
  if (conditional === undefined) return lines
  return [...lines.filter(([name]) => !conditionals.has(name.toLowerCase())), ...Object.entries(conditional)]
}

function withSet(lines: Lines, set: Lines): Lines {
  const replaced = new Set(set.map(([name]) => name.toLowerCase()).filter(name => name !== 'vary'))
  return [...lines.filter(([name]) => !replaced.has(name.toLowerCase())), ...set]
}

function joined(lines: Lines): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name] of lines) headers[name.toLowerCase()] = field(lines, name.toLowerCase())!
  return headers
}

function pairs(list: readonly string[]): Lines {
  return Array.from({ length: list.length / 2 }, (_, i) => [list[2 * i]!, list[2 * i + 1]!] as const)
}
