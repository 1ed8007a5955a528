// The window: what is read while it is open is written down.

import { identityOf, neverCounts, readEagerly } from './fields.ts'
import type { IdentityInput, Observation } from './observation.ts'
import { type Callable, verdict } from './readers.ts'

export class Reads implements Observation {
  /** The window is closed: what still holds a watched object may go on reading. */
  ended = false
  /** A reader of credentials was let off, because its product (`req.session` …) counts when it is read. */
  deferred = false
  /** Above zero, somebody else than the handler reads. */
  quiet = 0
  readonly #onDeferred: (() => void) | undefined
  // Most handlers read nothing.
  #fields: Set<string> | undefined
  #identities: Set<IdentityInput> | undefined
  #touched = false

  /** `onDeferred` is called once, when the first reader is let off. */
  constructor(onDeferred?: () => void) {
    this.#onDeferred = onDeferred
  }

  get fields(): ReadonlySet<string> {
    return this.#fields ?? noFields
  }

  get identities(): ReadonlySet<IdentityInput> {
    return this.#identities ?? noIdentities
  }

  /** A field was read through the function `below`. */
  field(name: string, below: Callable): void {
    if (this.#fields?.has(name) === true || this.#silent()) return
    const identity = identityOf(name)
    if (identity !== undefined) {
      this.identity(identity, below)
      return
    }
    if (neverCounts(name)) return
    if (readEagerly(name) && verdict(below) !== 'counts') return
    this.#fields ??= new Set()
    this.#fields.add(name)
  }

  /** Identity was read through the function `below`. */
  identity(input: IdentityInput, below: Callable): void {
    if (this.#identities?.has(input) === true || this.#silent()) return
    const found = verdict(below)
    if (found === 'counts') this.counts(input)
    else if (found === 'later' && !this.deferred) {
      this.deferred = true
      this.#onDeferred?.()
    }
  }

  /** Whoever it is that reads, it counts. */
  counts(input: IdentityInput): void {
    this.#identities ??= new Set()
    this.#identities.add(input)
  }

  /** Something cannot be watched. */
  opaque(): void {
    this.counts('opaque')
  }

  quietly<T>(run: () => T): T {
    this.quiet++
    try {
      return run()
    } finally {
      this.quiet--
    }
  }

  /** Whether `run` reads anything that is watched. Nothing of it counts. */
  touches(run: () => unknown): boolean {
    this.#touched = false
    this.quietly(run)
    return this.#touched
  }

  #silent(): boolean {
    if (this.quiet === 0) return this.ended
    this.#touched = true
    return true
  }
}

const noFields: ReadonlySet<string> = new Set()
const noIdentities: ReadonlySet<IdentityInput> = new Set()
