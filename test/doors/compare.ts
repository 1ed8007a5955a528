// What must be equal: the bare app's answer and a miss, byte for byte; a miss and its hit, but for what a cache adds.

import { expect } from 'chai'
import type { Answer } from '../support/http.ts'

/**
 * N1 and N2: to the byte what the app would have sent without the cache, but for what the cache says of itself. `reads` is a field
 * that the framework reads without saying so, by which the cache may have it vary.
 */
export function expectUntouched(answer: Answer, bare: Answer, reads?: string): void {
  const unvaried = comparable(answer).replace(`\r\nVary: ${reads}\r\n`, '\r\n')
  expect(unvaried).to.equal(comparable(bare))
  expect(answer.interim).to.deep.equal(bare.interim)
  expect(answer.complete).to.equal(bare.complete)
}

/** S3: the stored answer of one run. */
export function expectSameAnswer(hit: Answer, miss: Answer): void {
  expect(hit.status).to.equal(miss.status)
  expect(hit.body.equals(miss.body), 'the same bytes of body').to.equal(true)
  const hasValidator = miss.header('etag') !== undefined || miss.header('last-modified') !== undefined
  const mayDiffer = new Set([...ownToEach, ...(hasValidator ? [] : ['etag'])])
  expect(linesBut(hit, mayDiffer)).to.deep.equal(linesBut(miss, mayDiffer))
  if (miss.header('content-length') !== undefined || hit.status !== 204) {
    expect(hit.header('content-length')).to.equal(miss.header('content-length') ?? String(hit.body.length))
  }
  expect(hit.wire.length, 'nothing behind the body').to.equal(hit.wire.indexOf('\r\n\r\n') + 4 + hit.body.length)
  expect(hit.header('date'), 'the date of the stored answer').to.be.a('string')
  expect(hit.header('transfer-encoding')).to.equal(undefined)
}

/** Of the connection, of the framing, or said by the cache. `Date` is Node's own on a miss. */
const ownToEach = [
  'age',
  'cache-status',
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'trailer',
  'transfer-encoding',
]

function linesBut(answer: Answer, names: ReadonlySet<string>): string[] {
  return answer.headers.filter(([name]) => !names.has(name.toLowerCase())).map(line => line.join(': '))
}

function comparable(answer: Answer): string {
  return answer.wire.replace(/^Cache-Status: .*\r\n/m, '').replace(/^Date: .*\r$/m, 'Date: now\r')
}
