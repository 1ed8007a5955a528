// RFC 9110 §15 — Which statuses a cache may keep on what grounds.

/** Defined as heuristically cacheable (RFC 9110 §15.1), but for 206, which this cache does not store. */
const HEURISTIC: ReadonlySet<number> = new Set([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501])

/** The default preset lets `ttl` speak for these alone. */
const SUCCESS: ReadonlySet<number> = new Set([200, 203, 300, 301, 308])

/**
 * The default preset keeps these when the response itself says for how long. The other 4xx tell of one client's request (its
 * fields, its body, its identity) and not of the resource, so keeping them would let one client deny the page to all.
 */
const ON_ITS_OWN_WORD: ReadonlySet<number> = new Set([204, 302, 303, 307, 404, 405, 410, 414, 451, 501])

export function isHeuristicallyCacheable(status: number): boolean {
  return HEURISTIC.has(status)
}

export function isKeptByDefault(status: number): boolean {
  return SUCCESS.has(status)
}

export function isKeptOnItsOwnWord(status: number): boolean {
  return ON_ITS_OWN_WORD.has(status)
}

/** Whether the caching requirements of a status are known (RFC 9111 §5.2.2.3): those of RFC 9110. */
export function isUnderstood(status: number): boolean {
  return (
    (status >= 200 && status <= 205) ||
    (status >= 300 && status <= 308 && status !== 304 && status !== 306) ||
    (status >= 400 && status <= 417) ||
    status === 421 ||
    status === 422 ||
    status === 426 ||
    (status >= 500 && status <= 505)
  )
}
