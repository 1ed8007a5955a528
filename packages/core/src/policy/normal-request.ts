// RFC 9112 §3.2 and RFC 9110 §9.3.1 — Requests whose key could be read in two ways pass the cache by.

import type { HeaderList, RequestHeaders } from '../http/headers.ts'

/** Why a request neither uses nor fills the cache. */
export type RequestRefusal = 'target' | 'host' | 'body' | 'override' | 'upgrade'

/** Why a request passes the cache by, or `undefined` when it is an ordinary one. Makes nothing but its answer. */
export function requestRefusal(request: {
  readonly method: string
  readonly target: string
  readonly headers: RequestHeaders
  readonly rawHeaders: HeaderList
}): RequestRefusal | undefined {
  const { headers } = request
  if (!isPlainTarget(request.target)) return 'target'
  if (!isPlainHost(headers['host']) || hasTwoHosts(request.rawHeaders)) return 'host'
  if (hasBody(headers)) return 'body'
  if (
    headers['x-http-method-override'] !== undefined ||
    headers['x-method-override'] !== undefined ||
    headers['x-http-method'] !== undefined
  ) {
    return 'override'
  }
  return isUpgrade(headers) ? 'upgrade' : undefined
}

const PERCENT = 0x25
const DOT = 0x2e
const SLASH = 0x2f
const QUESTION = 0x3f
const NO_DOTS = -1

/** Origin form, printable ASCII, and no dot segment, plain or encoded, which routers and URL parsers read differently. */
function isPlainTarget(target: string): boolean {
  if (target.charCodeAt(0) !== SLASH || target.charCodeAt(1) === SLASH) return false
  // Dots of the segment so far, or NO_DOTS once it holds anything else.
  let dots = 0
  let inPath = true
  for (let at = 1; at < target.length; at++) {
    const code = target.charCodeAt(at)
    if (code < 0x21 || code > 0x7e || code === 0x23 || code === 0x5c) return false
    if (!inPath) continue
    if (code === SLASH || code === QUESTION) {
      if (dots === 1 || dots === 2) return false
      dots = 0
      inPath = code === SLASH
    } else if (dots !== NO_DOTS) {
      if (code === DOT) dots++
      else if (code === PERCENT && isEncodedDot(target, at)) {
        dots++
        at += 2
      } else dots = NO_DOTS
    }
  }
  return !(inPath && (dots === 1 || dots === 2))
}

function isEncodedDot(target: string, at: number): boolean {
  return target.charCodeAt(at + 1) === 0x32 && (target.charCodeAt(at + 2) | 0x20) === 0x65
}

/** One name or address and at most a port, by their letters: `h/p` and `a@b` are neither. */
function isPlainHost(host: string | string[] | undefined): boolean {
  if (typeof host !== 'string' || host.length === 0) return false
  for (let at = 0; at < host.length; at++) {
    const code = host.charCodeAt(at)
    const letter = (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a && code >= 0x41
    // 0x2d to 0x3a: - . / 0-9 : of which the slash is out.
    if (
      !letter &&
      !(code >= 0x2d && code <= 0x3a && code !== SLASH) &&
      code !== 0x5b &&
      code !== 0x5d &&
      code !== 0x5f
    ) {
      return false
    }
  }
  return true
}

/** Node keeps the first of two Host lines and drops the other, so only the raw lines tell. */
function hasTwoHosts(rawHeaders: HeaderList): boolean {
  let seen = false
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    if (name.length !== 4 || (name !== 'Host' && name !== 'host' && name.toLowerCase() !== 'host')) continue
    if (seen) return true
    seen = true
  }
  return false
}

function hasBody(headers: RequestHeaders): boolean {
  const length = headers['content-length']
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
}

function isUpgrade(headers: RequestHeaders): boolean {
  if (headers['upgrade'] !== undefined) return true
  const connection = headers['connection']
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return false
  return /upgrade/i.test(String(connection))
}
