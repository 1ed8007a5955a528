// What a door hands in: one request, and two ways to answer it.

import type { HeaderList, RequestHeaders } from './http/headers.ts'
import type { RequestTrace } from './request-trace.ts'

/** A request as the wire had it: nothing decoded, nothing normalised. */
export interface CacheRequest {
  /** The method, in the case in which it came. */
  readonly method: string
  /** The raw request target, before any router took a prefix off it. */
  readonly target: string
  /** Whether it came over TLS. */
  readonly secure: boolean
  /** The fields as Node joined them. */
  readonly headers: RequestHeaders
  /** The field lines as they came: `[name, value, …]`. */
  readonly rawHeaders: HeaderList
}

/** A response that goes out without the handler. */
export interface Outgoing {
  readonly status: number
  /** Complete but for what outer middleware added to this very response, which the door keeps. */
  readonly headers: HeaderList
  /** Fields (lower case) that the handler had taken off what outer middleware set. */
  readonly removed?: readonly string[]
  /** `undefined` for an answer without content (304, HEAD). */
  readonly body: Buffer | undefined
}

/** Why a response did not come to its end. */
export type FillFailure = 'thrown' | 'destroyed' | 'truncated' | 'aborted'

/** What the door does with a head: let it out, with these fields set, or hold the whole response back. */
export type HeadVerdict = { readonly action: 'pass'; readonly set: HeaderList } | { readonly action: 'hold' }

/** Told by the door while a response goes out. It settles on its own; the door never waits for it. */
export interface Recorder {
  /** Whether `write` still has a use. False: the door stops copying. */
  readonly recording: boolean
  /**
   * The head, once, before its first byte. `headers` holds what the handler set, `removed` what it took off, both compared with
   * what was there before it ran. `standing` is what outer layers said of caching and the handler let stand.
   */
  head(status: number, headers: HeaderList, removed: readonly string[], standing?: HeaderList): HeadVerdict
  /** Bytes of the body, in order. The recorder keeps the Buffer: the door hands in one that nobody changes. */
  write(chunk: Buffer): void
  end(): void
  /** The response will not come to its end. After a held head, or before any head, the answer may be a stored response. */
  fail(reason: FillFailure): 'answered' | 'unanswered'
}

/** How the handler is to be run. */
export interface Forward {
  readonly recorder: Recorder
  /**
   * Present when the response is to be kept: the client's conditional and range fields are hidden from the handler, and these
   * stand in their place (none, or the validators of a stored response).
   */
  readonly conditional?: Readonly<Partial<Record<'if-none-match' | 'if-modified-since', string>>>
  /** Watch what the handler reads; the recorder is told at the head and at the end. */
  readonly observe?: boolean
}

/** What a handler read of its request, as far as it was watched. */
export interface Observation {
  /** Request fields, in lower case, whose value is an input of the response. Absent ones count. */
  readonly fields: ReadonlySet<string>
  /** Inputs that tell who asks: `cookie`, `authorization`, `session`, `user`, `ip` … */
  readonly identities: ReadonlySet<string>
}

/** A door's whole knowledge of one request. `Subject` is the framework's own request, for the user's functions. */
export interface Exchange<Subject = unknown> {
  readonly request: CacheRequest
  readonly subject: Subject
  /** Answer without the handler, or in its place after a held head. */
  send(response: Outgoing): void
  /** Run the handler. */
  forward(forward: Forward): void
  /** What the handler has read so far; `undefined` when it is not watched. */
  readonly observation: Observation | undefined
  /** Tags that the handler gave this very response. */
  readonly tags: readonly string[]
  /** What traces this request from outside; told once what became of it. */
  readonly trace?: RequestTrace | undefined
  /**
   * Say that `owner` has this request's fill from here on. A claim of the same owner further out is called off: of two caches
   * over one engine on a request's way, the inner one decides.
   */
  claim(owner: object, callOff: () => void): void
  /** Run `hook` when the client goes away before it has its answer. Returns what takes the hook off again. */
  onGone(hook: () => void): () => void
  /**
   * Send a copy of the request, without a client and with these fields alone, through the whole application to this same
   * middleware. Returns false where the door knows no way in.
   */
  replay(headers: HeaderList, replay: Replay): boolean
  /** Present when this very request is a replay that this middleware sent. */
  readonly replayed: Replay | undefined
}

/** A request that the cache sends to its own application, to fill behind a stale response. */
export interface Replay {
  /** Whose it is: other caches on its way let it pass. */
  readonly owner: object
  /** The trace of the request that met the stale response. */
  readonly cause?: RequestTrace | undefined
  /** Called when it has reached the owner; from then on the exchange is an ordinary one. */
  arrive(exchange: Exchange): void
  /** It ended without reaching the owner: somebody in front answered. */
  lost(): void
}
