// What a handler was seen to read while it made a response.

/** A part of a request, or what an outer layer made of it, that tells who asks. */
export type IdentityInput =
  | 'cookie'
  | 'authorization'
  | 'forwarded-for'
  | 'cookies'
  | 'session'
  | 'user'
  | 'auth'
  | 'ip'
  | 'certificate'
  /** All request fields at once. */
  | 'headers'
  /** `rawHeaders` or `headersDistinct`: which of their fields, nobody can tell. */
  | 'raw-headers'
  /** Something that cannot be watched, so it may have been read. */
  | 'opaque'
  /** A property that an outer layer added, by name: `req.tenant`, `locals.nonce`, `state.cart`. */
  | `${Owner}.${string}`

/** Where an outer layer can put things. `request` and `response` are Koa's. */
export type Owner = 'req' | 'res' | 'ctx' | 'request' | 'response' | 'locals' | 'state'

/** Grows while the window is open: ask anew. */
export interface Observation {
  /** Lower-case names of request fields that the handler read and whose value is an input; absent ones too. */
  readonly fields: ReadonlySet<string>
  /** Identity that was read; each makes the response unstorable unless the route trusts it. */
  readonly identities: ReadonlySet<IdentityInput>
}

export interface Observer {
  readonly observation: Observation
  /** What runs from here on is not the handler's: nothing that is read counts until `resume`. */
  suspend(): void
  resume(): void
  /** Close the window and take everything off again. Values set meanwhile stay. A second call does nothing. */
  end(): void
}
