// An invalidation is one record appended to a log, whatever it hits.

/** A place in the log; a later record has a greater one. */
export type Position = number

/**
 * What an invalidation names. `names` are exact (`k:` and a key, `t:` and a tag, `u:` and an origin with a target, `p:` and a target
 * of any origin); a `pattern` is Redis's glob over the key of application data and over the raw target of a stored response; `all`
 * is everything.
 */
export type Invalidation =
  | { readonly kind: 'names'; readonly names: readonly string[]; readonly soft: boolean }
  | { readonly kind: 'pattern'; readonly pattern: string; readonly soft: boolean }
  | { readonly kind: 'all'; readonly soft: boolean }

/** A record of the log: an invalidation and its place. */
export interface LogRecord {
  readonly position: Position
  readonly invalidation: Invalidation
}

/** The log that all nodes of a cache share, or the one that a single process keeps for itself. */
export interface InvalidationLog {
  /**
   * Names the log's history. Another epoch means that history was lost, and everything older is invalid. It changes before the first
   * record of the new history is told.
   */
  readonly epoch: string
  /** The last record that this node knows. */
  position(): Position
  /** The place from which on this node knows every record of the epoch: what is stamped before may have been invalidated unheard. */
  floor(): Position
  /** When this node last knew that it had everything, in milliseconds of the cache's clock. A local log always does: `Infinity`. */
  confirmedAt(): number
  /**
   * Invalidations that this node has applied alone, since the log has not acknowledged them yet. While there are any, what other nodes
   * stored may be older than those, whatever its position says.
   */
  readonly unacknowledged: number
  /** Append one record. Resolves when the log has acknowledged it and this node has applied it. */
  append(invalidation: Invalidation): Promise<Position>
  /** Be told of every record, this node's own included, in order, before `append` resolves. Returns what ends it. */
  subscribe(apply: (record: LogRecord) => void): () => void
  close(): Promise<void>
}

/** What every stored thing carries, so that the ledger can say whether it is still valid. */
export interface Stamped {
  readonly epoch: string
  /** What the node knew of the log when the fill *began*. */
  readonly position: Position
  /** When the fill began, in milliseconds of the cache's clock. */
  readonly filledAt: number
  /** Its exact names: `k:…`, `u:…`, `p:…`, `t:…`. */
  readonly names: readonly string[]
  /** What patterns are matched against. */
  readonly subject: string
  /** The ledger's memo: when it last looked, by its own count of what it was told, and what it found. −1: never. */
  checkedAt: number
  checkedVerdict: Verdict
}

/** `soft`: stale, but fit to be served while it is refreshed. */
export type Verdict = 'valid' | 'soft' | 'invalid'

/** What makes a stored thing unfit, or stale. */
export type InvalidationCause =
  /** A tag, key or target of its own was named. */
  | { readonly kind: 'name'; readonly name: string; readonly soft: boolean }
  | { readonly kind: 'pattern'; readonly pattern: string; readonly soft: boolean }
  /** Everything was, or what the ledger no longer tells apart. */
  | { readonly kind: 'all'; readonly soft: boolean }
  /** The log lost its history. */
  | { readonly kind: 'epoch'; readonly soft: false }
  /** Too long without a word from the log. */
  | { readonly kind: 'coherence'; readonly soft: false }

/** Is this stored thing still valid? */
export interface Ledger {
  verdict(entry: Stamped, now: number): Verdict
  /** Why it is not, for those who debug; `undefined` when it is. Not for the hot path. */
  cause(entry: Stamped, now: number): InvalidationCause | undefined
  /** Follow the log no longer. */
  close(): void
}
