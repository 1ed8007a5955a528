// The debug field: put on the response before the cache answers, where the route's option allows it.

import type { Duration } from '../duration.ts'
import type { Exchange } from '../exchange.ts'
import type { Explanation } from '../explain.ts'
import type { ResponseCacheOptions } from '../response-options.ts'

/** The field's name. */
export const EXPLAIN_FIELD = 'Larder-Explain'
/** A longer explanation is cut: a field has to fit where others fit. */
const MOST_BYTES = 4096

/** Whether a request is one of those that the option names. A function that throws names none. */
export function isExplained<Subject>(options: Duration | ResponseCacheOptions<Subject>, subject: Subject): boolean {
  const explain = typeof options === 'object' ? options.explain : false
  if (typeof explain !== 'function') return explain === true
  try {
    return explain(subject) === true
  } catch {
    return false
  }
}

/** Explain, say it by `put`, then `go` on. */
export function explainFirst<Subject>(
  explain: (exchange: Exchange<Subject>) => Promise<Explanation>,
  exchange: Exchange<Subject>,
  put: (value: string) => void,
  go: () => void,
): void {
  explain(exchange).then(
    explanation => {
      put(fieldValueOf(explanation))
      go()
    },
    // The request matters more than what is said of it.
    () => go(),
  )
}

/** JSON in printable ASCII. */
function fieldValueOf(explanation: Explanation): string {
  return JSON.stringify(explanation)
    .replace(/[^\x20-\x7e]/g, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .slice(0, MOST_BYTES)
}
