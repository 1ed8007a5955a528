// One run of a handler on the test bed: each step goes to the recorder as a door would hand it on.

import type { Exchange, FillFailure, Observation, Outgoing, Recorder } from '../../src/exchange.ts'
import { fieldValue, type HeaderList } from '../../src/http/headers.ts'

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

/** One run of the handler. */
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

/** What becomes of one request. */
export interface State {
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

export function newState(method: string, target: string, rawHeaders: HeaderList): State {
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

export function createRun(state: State, recorder: Recorder, conditional: Fields | undefined, background: boolean): Run {
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

export function finished({ status, headers, body }: Outgoing): Answer {
  return makeAnswer(status, headers, body?.toString() ?? '', true)
}

function makeAnswer(status: number, headers: HeaderList, body: string, complete: boolean): Answer {
  return { status, headers, body, complete, header: name => fieldValue(headers, name) }
}
