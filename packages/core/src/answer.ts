// RFC 9111 §4.3.2 and RFC 9110 §14 — Answering a client from a stored response: whole, 304, a range, or the head alone.

import type { Exchange } from './exchange.ts'
import type { HeaderList } from './http/headers.ts'
import { withoutFields } from './http/headers.ts'
import { selectRange } from './policy/ranges.ts'
import type { PolicyOptions } from './policy/types.ts'
import { isNotModified } from './policy/validation.ts'
import { hitHeaders, notModifiedBlock, type StoredResponse } from './stored-response.ts'

const framing = new Set(['content-length', 'content-range'])

/** `headers` are the stored response's, with what this answer adds. */
export function answer(
  exchange: Exchange,
  stored: StoredResponse,
  headers: HeaderList,
  now: number,
  preset: PolicyOptions['preset'],
): void {
  const { request } = exchange
  const { removed, status, body } = stored
  const asked = request.headers
  if (
    (asked['if-none-match'] !== undefined || asked['if-modified-since'] !== undefined) &&
    isNotModified(request, { status, headers: hitHeaders(stored) }, now)
  ) {
    exchange.send({ status: 304, headers: notModifiedBlock(stored, headers), removed, body: undefined })
    return
  }
  if (request.method === 'HEAD') {
    exchange.send({ status, headers, removed, body: undefined })
    return
  }
  if (asked['range'] !== undefined) {
    const range = selectRange(request, { status, headers: hitHeaders(stored) }, body.length, preset)
    if (range === 'unsatisfiable') {
      const fields = [
        ...withoutFields(headers, framing),
        'Content-Length',
        '0',
        'Content-Range',
        `bytes */${body.length}`,
      ]
      exchange.send({ status: 416, headers: fields, removed, body: Buffer.alloc(0) })
      return
    }
    if (range !== undefined) {
      const part = body.subarray(range.start, range.end + 1)
      const span = `bytes ${range.start}-${range.end}/${body.length}`
      const fields = [...withoutFields(headers, framing), 'Content-Length', String(part.length), 'Content-Range', span]
      exchange.send({ status: 206, headers: fields, removed, body: part })
      return
    }
  }
  exchange.send({ status, headers, removed, body })
}
