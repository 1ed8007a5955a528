// A stored response as a frame of the far store, and back: whatever is odd about a frame makes it none.

import { isTokenChar } from '../http/characters.ts'
import { fieldValue, type HeaderList } from '../http/headers.ts'
import { ownBuffer, responseBytes } from '../keep.ts'
import { storableFields } from '../policy/fields.ts'
import { decodeFrame, encodeFrame } from '../store/codec.ts'
import { framed, hitHeaders, type StoredResponse } from '../stored-response.ts'
import { readHead } from './head.ts'
import type { StoreClock } from './store-clock.ts'

/** Which response it is to be: the whole names are in the frame, so that no mix-up of the store's is ever served. */
export interface FrameName {
  readonly key: string
  readonly variant: string
}

/** Until when a stored response is of any use, by our own clock. */
export function responseExpiresAt({ terms, timing }: StoredResponse): number {
  const { freshnessLifetimeMs, staleWhileRevalidateMs, staleIfErrorMs } = terms
  const lifetimeMs = freshnessLifetimeMs + Math.max(staleWhileRevalidateMs, staleIfErrorMs)
  return timing.respondedAt + lifetimeMs - Math.max(0, timing.initialAgeMs)
}

export function encodeResponse(name: FrameName, stored: StoredResponse, clock: StoreClock): Buffer {
  const { terms, timing, headers } = stored
  return encodeFrame({
    kind: 'response',
    // An invalidation that the log has not acknowledged stands between two of its records; only these mean anything elsewhere.
    position: Math.floor(stored.position),
    filledAt: clock.toStore(stored.filledAt),
    expiresAt: clock.toStore(responseExpiresAt(stored)),
    head: [
      name.key,
      name.variant,
      stored.epoch,
      stored.subject,
      stored.names,
      stored.status,
      headers,
      fieldValue(hitHeaders(stored).slice(headers.length), 'etag') ?? null,
      stored.removed,
      terms.freshnessLifetimeMs,
      terms.freshnessSource,
      terms.staleWhileRevalidateMs,
      terms.staleIfErrorMs,
      terms.mustRevalidate,
      terms.noCache,
      terms.shareable,
      timing.initialAgeMs,
      clock.toStore(timing.respondedAt),
      stored.clientTtlSeconds ?? null,
    ],
    body: stored.body,
  })
}

export function decodeResponse(name: FrameName, bytes: Buffer, clock: StoreClock): StoredResponse | undefined {
  const frame = decodeFrame(bytes, 'response')
  if (frame === undefined) return undefined
  const head = readHead(frame.head)
  const isNamed = head.text() === name.key && head.text() === name.variant
  const epoch = head.text()
  const subject = head.text()
  const names = head.texts()
  const status = head.number()
  const headers = head.texts()
  const ownTag = head.maybeText()
  const removed = head.texts()
  const terms = {
    freshnessLifetimeMs: head.number(),
    freshnessSource: head.oneOf(SOURCES),
    staleWhileRevalidateMs: head.number(),
    staleIfErrorMs: head.number(),
    mustRevalidate: head.flag(),
    noCache: head.flag(),
    shareable: head.flag(),
  }
  const timing = { initialAgeMs: head.number(), respondedAt: clock.toOwn(head.number()) }
  const clientTtlSeconds = head.maybeNumber()
  const isFit = head.ok && isNamed && isStatus(status) && areFields(headers) && removed.every(isToken)
  if (!isFit || (ownTag !== undefined && !isValue(ownTag))) return undefined
  const body = detached(frame.body as Buffer)
  const hitBlock = framed(status, headers, ownTag, body)
  return {
    epoch,
    position: frame.position,
    filledAt: clock.toOwn(frame.filledAt),
    subject,
    checkedAt: -1,
    checkedVerdict: 'valid',
    names,
    status,
    headers,
    removed,
    body,
    hitBlock,
    terms,
    timing,
    // Any fill of this process knows more than what it found.
    begun: 0,
    bytes: responseBytes(hitBlock, names, body),
    clientTtlSeconds,
    refreshFailures: 0,
    refreshNotBefore: 0,
    lastHit: undefined,
    codings: undefined,
  }
}

const SOURCES = ['cdn-cache-control', 's-maxage', 'max-age', 'expires', 'ttl', 'heuristic', 'none'] as const

/** A body that is most of the memory that it lies in stays there; one that would hold much more gets its own. */
function detached(body: Buffer): Buffer {
  return body.buffer.byteLength <= body.length + Math.max(1024, body.length / 4) ? body : ownBuffer([body], body.length)
}

function isStatus(status: number): boolean {
  return Number.isInteger(status) && status >= 200 && status <= 599 && status !== 206 && status !== 304
}

/** Names and values that Node takes, and none that frames the message: what a stranger put there must not become a second response. */
function areFields(list: HeaderList): boolean {
  if (list.length % 2 !== 0) return false
  for (let i = 0; i < list.length; i += 2) {
    const [name, value] = [list[i]!, list[i + 1]!]
    if (!isValue(value)) return false
    if (USUAL.has(name)) continue
    if (!isToken(name) || storableFields([name, value], 'rfc9111').length === 0) return false
  }
  return true
}

/** Of these names it is known. */
const USUAL: ReadonlySet<string> = new Set(
  ['Cache-Control', 'Content-Encoding', 'Content-Language', 'Content-Type', 'Date', 'ETag', 'Last-Modified', 'Vary']
    .flatMap(name => [name, name.toLowerCase()])
    .filter(name => isToken(name) && storableFields([name, ''], 'rfc9111').length > 0),
)

function isValue(text: string): boolean {
  return !/[^\t\x20-\x7e\x80-\xff]/.test(text)
}

function isToken(name: string): boolean {
  for (let at = 0; at < name.length; at++) if (!isTokenChar(name.charCodeAt(at))) return false
  return name !== ''
}
