// Recorders that keep nothing: one says why a response passed by, one sees what an unsafe request invalidates.

import type { Engine } from './engine.ts'
import type { CacheRequest, HeadVerdict, Recorder } from './exchange.ts'
import { type CacheStatus, formatCacheStatus } from './http/cache-status.ts'
import { fieldLines, type HeaderList } from './http/headers.ts'
import { originName } from './key.ts'
import { groupName, uriName } from './names.ts'
import { invalidatedGroups } from './policy/groups.ts'
import { invalidatedTargets } from './policy/invalidating.ts'
import { requestRefusal } from './policy/normal-request.ts'

/** Lets a response through and says why it was not the cache's to answer; without a status it says nothing. */
export function passing(status: CacheStatus | undefined): Recorder {
  return {
    recording: false,
    head: (_status, headers) => ({ action: 'pass', set: status === undefined ? [] : withCacheStatus(headers, status) }),
    write() {},
    end() {},
    fail: () => 'unanswered',
  }
}

/** RFC 9111 §4.4 and RFC 9875 §3: a request that may have changed something invalidates what is stored of it, once it has not failed. */
export function watching(engine: Engine, request: CacheRequest): Recorder {
  return {
    ...passing(undefined),
    head(status, headers): HeadVerdict {
      // The form of the target is checked as for a lookup; the rest of a request (its body) does not matter here.
      // What a door hands in may have its parts on its prototype, so they are named one by one.
      const { target, rawHeaders } = request
      const refusal = requestRefusal({ method: 'GET', target, headers: { host: request.headers['host'] }, rawHeaders })
      if (refusal === undefined) {
        const origin = originName(request)
        const names = [
          ...invalidatedTargets(request.method, status, request.target, origin, headers).map(uriName),
          ...invalidatedGroups(request.method, status, headers).map(group => groupName(origin, group)),
        ]
        if (names.length > 0) {
          // Counted and told there, where it fails too; the client's answer is its own.
          engine.invalidate({ kind: 'names', names, soft: false }).catch(() => undefined)
        }
      }
      return { action: 'pass', set: withCacheStatus(headers, { fwd: 'method' }) }
    },
  }
}

/** The field with what caches before this one said. */
export function withCacheStatus(headers: HeaderList, status: CacheStatus): string[] {
  const upstream = fieldLines(headers, 'cache-status').join(', ')
  const own = formatCacheStatus(status)
  return ['Cache-Status', upstream === '' ? own : `${upstream}, ${own}`]
}
