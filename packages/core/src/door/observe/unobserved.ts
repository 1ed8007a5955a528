// The fields of a request for the cache's own eyes: what a cache reads is nothing that its handler read.

import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { bare } from './layers.ts'

/** What a cache behind another one builds its key and its decisions from, unseen by the one in front. */
export function unobserved(request: IncomingMessage): { headers: IncomingHttpHeaders; rawHeaders: string[] } {
  const { headers, rawHeaders } = request
  const seen = bare(headers)
  // Nobody watches one without the other, and this is on the way of every hit.
  if (seen === headers) return request
  return { headers: seen, rawHeaders: bare(rawHeaders) }
}
