// The form of a case: one way in which a handler answers, and what becomes of it.

import type { AskOptions } from '../support/http.ts'
import type { Framework, Middleware } from './frameworks.ts'

export interface Way {
  readonly title: string
  readonly handler: Middleware
  /** Why it is not stored: a reason of `Cache-Status`, or `unsaid` where Koa sends the head without us; `undefined` when it is. */
  readonly why: string | undefined
  readonly ask?: AskOptions | undefined
  /** A request field that the framework reads for it without a Vary. */
  readonly reads?: string
  /** The one version that knows this way. */
  readonly only?: Framework['version']
}
