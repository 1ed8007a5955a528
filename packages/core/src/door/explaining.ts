// The debug field: put on the response before the cache answers, where the route's option allows it.

import type { Duration } from '../duration.ts'
import type { Exchange } from '../exchange.ts'
import { createExplain, type Explanation } from '../explain.ts'
import type { App, ResponseCache } from '../response-cache.ts'
import type { ResponseCacheOptions } from '../response-options.ts'

/** The field's name. */
export const EXPLAIN_FIELD = 'Larder-Explain'
/** A longer explanation is cut: a field has to fit where others fit. */
const MOST_BYTES = 4096

/** What a route's cache says of its requests. */
export interface Explaining<Subject> {
  explain(exchange: Exchange<Subject>): Promise<Explanation>
  /** Whether a request is one of those that the option names. A function that throws names none. */
  names(subject: Subject): boolean
  /** Explain, say it by `put`, then let the cache handle the request. */
  handle(exchange: Exchange<Subject>, put: (value: string) => void): void
}

export function createExplaining<Subject>(
  options: Duration | ResponseCacheOptions<Subject>,
  cache: ResponseCache<Subject>,
  app: App<Subject>,
): Explaining<Subject> {
  const option = typeof options === 'object' ? options.explain : false
  const explain = createExplain(cache.settings, app)
  return {
    explain,
    names(subject) {
      if (typeof option !== 'function') return option === true
      try {
        return option(subject) === true
      } catch {
        return false
      }
    },
    handle(exchange, put) {
      explain(exchange).then(
        explanation => {
          put(fieldValueOf(explanation))
          cache.handle(exchange)
        },
        // The request matters more than what is said of it.
        () => cache.handle(exchange),
      )
    },
  }
}

/** JSON in printable ASCII. */
function fieldValueOf(explanation: Explanation): string {
  return JSON.stringify(explanation)
    .replace(/[^\x20-\x7e]/g, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .slice(0, MOST_BYTES)
}
