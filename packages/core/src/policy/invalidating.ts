// RFC 9111 §4.4 — Invalidation: what a successful unsafe request makes untrue.

import { fieldLines, type HeaderList } from '../http/headers.ts'

const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY'])

/** Beyond this a field is no location that anybody would have asked for. */
const LONGEST = 8192

/**
 * The stored URIs that a response makes invalid, as `origin + target`: none after a safe method or an error; otherwise the
 * request's own, exactly as it came, and those in Location and Content-Location when they are of the same origin.
 */
export function invalidatedTargets(
  method: string,
  status: number,
  target: string,
  origin: string,
  headers: HeaderList,
): string[] {
  if (!mayInvalidate(method, status)) return []
  const targets = new Set([origin + target])
  for (const field of ['location', 'content-location']) {
    for (const location of fieldLines(headers, field).slice(0, 4)) {
      if (location.length > LONGEST) continue
      for (const named of sameOriginTargets(location.trim(), target, origin)) targets.add(origin + named)
    }
  }
  return [...targets]
}

/** An unsafe method, known or unknown, that has not failed. */
export function mayInvalidate(method: string, status: number): boolean {
  return !SAFE.has(method) && status >= 200 && status < 400
}

/** A location as it is written and as a URL parser resolves it: a client may come back with either. */
function sameOriginTargets(location: string, target: string, origin: string): string[] {
  const base = parseUrl(origin)
  const url = base && parseUrl(location, origin + target)
  if (!base || !url || url.origin !== base.origin) return []
  const resolved = url.pathname + url.search
  const written = withoutFragment(afterOrigin(location))
  return written.startsWith('/') && !written.startsWith('//') ? [resolved, written] : [resolved]
}

function afterOrigin(location: string): string {
  return location.replace(/^https?:\/\/[^/?#]*/i, '')
}

function withoutFragment(location: string): string {
  const hash = location.indexOf('#')
  return hash < 0 ? location : location.slice(0, hash)
}

function parseUrl(text: string, base?: string): URL | undefined {
  return URL.canParse(text, base) ? new URL(text, base) : undefined
}
