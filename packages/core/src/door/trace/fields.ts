// Fields that tell a client of its trace: Server-Timing, and traceresponse of W3C Trace Context Level 2.

import type { ServerResponse } from 'node:http'
import { performance } from 'node:perf_hooks'
import type { SpanIdentity } from '../../request-trace.ts'

/** Put it there before the cache answers: it belongs to this very response and is never stored. */
export function addTraceResponse(res: ServerResponse, { traceId, spanId, traceFlags }: SpanIdentity): void {
  res.setHeader('traceresponse', `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`)
}

/** Say at the head what the cache did and how long it took so far. */
export function addServerTiming(res: ServerResponse): void {
  const startedAt = performance.now()
  const { writeHead } = res
  res.writeHead = function (this: ServerResponse, ...args: unknown[]) {
    if (!res.headersSent) {
      const word = cacheWord(res.getHeader('cache-status'))
      const total = `total;dur=${(performance.now() - startedAt).toFixed(1)}`
      res.appendHeader('Server-Timing', word === undefined ? total : `cache;desc="${word}", ${total}`)
    }
    return writeHead.apply(res, args as never)
  } as typeof writeHead
}

/** The word of the last cache in `Cache-Status`, which is the one in this process: `hit`, or why it was forwarded. */
function cacheWord(field: number | string | readonly string[] | undefined): string | undefined {
  return /(?:^|,)\s*larder\s*;\s*(?:(hit)|fwd=([a-z-]+))[^,]*$/.exec(String(field))?.slice(1).find(Boolean)
}
