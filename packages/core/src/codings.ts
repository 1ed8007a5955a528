// RFC 9110 §8.4 and §12.5.3 — A stored body in codings that take fewer bytes: made once, behind the first client that takes one.

import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import type { Engine } from './engine.ts'
import { preferredCoding } from './http/content-coding.ts'
import { fieldValue, type HeaderList, type RequestHeaders, requestField, withoutFields } from './http/headers.ts'
import { responseBytes } from './keep.ts'
import { resourceAt } from './lookup.ts'
import { isCodable } from './policy/coding.ts'
import { variesBy } from './policy/vary.ts'
import { type Codings, hitHeaders, type StoredResponse } from './stored-response.ts'

type Coding = 'br' | 'gzip'

/** What is not a tenth shorter is not worth the work of those who get it. */
const WORTHWHILE = 0.9
/** Bodies that are being encoded at the same time, on threads that file access and DNS share. */
const MOST_AT_ONCE = 2
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }

/**
 * The representation that a request gets of a stored response: a coding that it takes and that is made already, or the body as it is.
 * Whoever could have had a coding that is not there yet causes it to be made, and does not wait for it.
 */
export function represent(
  engine: Engine,
  key: string,
  stored: StoredResponse,
  headers: RequestHeaders,
): StoredResponse {
  const codings = stored.codings ?? prepare(stored)
  if (!codings.isNegotiated) return codings.identity
  const accepted = requestField(headers, 'accept-encoding')
  // Most clients say the same as the one before. A part is one of the body as it is.
  if (accepted !== codings.lastAccepted) {
    codings.lastAccepted = accepted
    codings.lastChosen = choose(codings, accepted)
    if (codings.state === 'none' && preferredCoding(accepted, ['br', 'gzip', 'identity']) !== 'identity') {
      void make(engine, key, stored, codings)
    }
  }
  return headers['range'] === undefined ? codings.lastChosen : codings.identity
}

/** What is negotiated says so to whoever caches it further out, whichever representation it gets. */
function prepare(stored: StoredResponse): Codings {
  const isNegotiated = isCodable(stored, stored.body.length)
  const headers = hitHeaders(stored)
  const isSaid = variesBy(headers, 'accept-encoding')
  const hitBlock = isSaid ? headers : [...headers, 'Vary', 'Accept-Encoding']
  const identity = isNegotiated ? { ...stored, hitBlock, lastHit: undefined } : stored
  stored.codings = {
    identity,
    br: undefined,
    gzip: undefined,
    isNegotiated,
    state: 'none',
    lastAccepted: undefined,
    lastChosen: identity,
  }
  return stored.codings
}

function choose(codings: Codings, accepted: string | undefined): StoredResponse {
  const made = (['br', 'gzip'] as const).filter(coding => codings[coding] !== undefined)
  const best = preferredCoding(accepted, [...made, 'identity'])
  // Who refuses the body as it is as well gets it all the same: there is nothing else.
  return codings[best as Coding | 'identity'] ?? codings.identity
}

async function make(engine: Engine, key: string, stored: StoredResponse, codings: Codings): Promise<void> {
  const { responses } = engine
  // The next one who comes with another field tries again.
  if (responses.encoding >= MOST_AT_ONCE) {
    codings.lastAccepted = undefined
    return
  }
  responses.encoding++
  codings.state = 'begun'
  try {
    const [br, gz] = await Promise.all([promisify(brotliCompress)(stored.body, BROTLI), promisify(gzip)(stored.body)])
    place(engine, key, stored, codings, coded(codings.identity, 'br', br), coded(codings.identity, 'gzip', gz))
  } catch {
    // Without a coding it goes out as it is.
  } finally {
    responses.encoding--
  }
}

/** They count with what they are of. Where that has gone, or there is no room for them, they are not kept. */
function place(
  engine: Engine,
  key: string,
  stored: StoredResponse,
  codings: Codings,
  br: StoredResponse | undefined,
  gz: StoredResponse | undefined,
): void {
  const resource = resourceAt(engine, key)
  const more = (br?.bytes ?? 0) + (gz?.bytes ?? 0)
  if (resource === undefined || more === 0 || ![...resource.variants.values()].includes(stored)) return
  const put = (bytes: number): boolean => engine.near.set(key, { ...resource, bytes }, bytes + 2 * key.length)
  if (!put(resource.bytes + more)) return void put(resource.bytes)
  stored.bytes += more
  codings.br = br
  codings.gzip = gz
  codings.lastChosen = choose(codings, codings.lastAccepted)
}

function coded(identity: StoredResponse, coding: Coding, chunk: Buffer): StoredResponse | undefined {
  if (chunk.length > identity.body.length * WORTHWHILE) return undefined
  // What zlib hands out may lie in a larger piece of memory.
  const body = Buffer.allocUnsafeSlow(chunk.length)
  chunk.copy(body)
  const hitBlock = codedFields(hitHeaders(identity), coding, body.length)
  return { ...identity, body, hitBlock, bytes: responseBytes(hitBlock, [], body), lastHit: undefined }
}

/** Fields that speak of the bytes of the body as it is. */
const ofIdentity = new Set([
  'content-length',
  'etag',
  'accept-ranges',
  'content-md5',
  'digest',
  'repr-digest',
  'content-digest',
])

/** Entity tags of different codings differ, the weak ones too: a client may hold several. */
function codedFields(headers: HeaderList, coding: Coding, length: number): HeaderList {
  const fields = withoutFields(headers, ofIdentity)
  const tag = fieldValue(headers, 'etag')
  if (tag?.endsWith('"')) fields.push('ETag', `${tag.slice(0, -1)}-${coding}"`)
  return [...fields, 'Content-Encoding', coding, 'Content-Length', String(length)]
}
