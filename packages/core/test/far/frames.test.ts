// Stored responses and values as frames: whatever a store holds in their place, nobody gets what was not stored for him.

import { expect } from 'chai'
import fc from 'fast-check'
import { decodeShared, encodeShared } from '../../src/far/data-frame.ts'
import { decodeResponse, encodeResponse, responseExpiresAt } from '../../src/far/response-frame.ts'
import { createStoreClock } from '../../src/far/store-clock.ts'
import { encodeFrame, type Frame } from '../../src/store/codec.ts'
import { hitHeaders, type StoredResponse } from '../../src/stored-response.ts'
import { decodeValue, encodeValue } from '../../src/values.ts'
import { clockAhead, sharedValue, storedResponse } from './frames.ts'

const clock = clockAhead()
const name = { key: 'http://h/page', variant: 'accept-language:2:de;' }

describe('a stored response as a frame', () => {
  const known = (stored: StoredResponse) => {
    const { epoch, position, subject, names, status, headers, removed, terms, timing, filledAt } = stored
    const hit = hitHeaders(stored)
    return { epoch, position, subject, names, status, headers, removed, hit, terms, timing, filledAt }
  }

  const changes: readonly [string, Partial<StoredResponse>][] = [
    ['as it is', {}],
    ['without content', { status: 204, body: Buffer.alloc(0), hitBlock: ['ETag', '"a"'], headers: ['ETag', '"a"'] }],
    ['with a client lifetime', { clientTtlSeconds: 0 }],
    [
      'with bytes in a field',
      { headers: ['X-A', 'caf\u00e9 \t'], hitBlock: ['X-A', 'caf\u00e9 \t', 'Content-Length', '13'] },
    ],
    ['of an age', { timing: { initialAgeMs: 1234.5, respondedAt: 1_700_000_000_000.25 } }],
  ]
  for (const [title, change] of changes) {
    it(`comes out as it went in: ${title}`, () => {
      const stored = storedResponse(change)
      const decoded = decodeResponse(name, encodeResponse(name, stored, clock), clock)!
      expect(known(decoded)).to.deep.equal(known(stored))
      expect(decoded.body.equals(stored.body)).to.equal(true)
      expect(decoded.clientTtlSeconds).to.equal(stored.clientTtlSeconds)
      expect(decoded).to.include({ begun: 0, checkedAt: -1, refreshFailures: 0 })
      expect(decoded.bytes).to.be.greaterThan(stored.body.length)
    })
  }

  it('has its instants by the clock of the store, and comes out by that of the reader', () => {
    const other = createStoreClock(() => 1_500_000_000_000)
    other.set(clock.toStore(1_700_000_000_000), 1_500_000_000_000)
    const decoded = decodeResponse(name, encodeResponse(name, storedResponse(), clock), other)!
    expect(decoded.timing.respondedAt).to.equal(1_500_000_000_000)
    expect(decoded.filledAt).to.equal(1_500_000_000_000 - 10)
  })

  it('says to others of an invalidation that is not acknowledged no more than the record before', () => {
    const stored = storedResponse({ position: 7.5 })
    expect(decodeResponse(name, encodeResponse(name, stored, clock), clock)?.position).to.equal(7)
  })

  it('is of use until it stands in for nothing any more', () => {
    expect(responseExpiresAt(storedResponse())).to.equal(1_700_000_062_000)
    const aged = storedResponse({ timing: { initialAgeMs: 10_000, respondedAt: 1_700_000_000_000 } })
    expect(responseExpiresAt(aged)).to.equal(1_700_000_052_000)
  })

  it('holds no more memory than its body, or a quarter more', () => {
    const small = encodeResponse(name, storedResponse(), clock)
    const pool = Buffer.alloc(1024 * 1024)
    small.copy(pool)
    const decoded = decodeResponse(name, pool.subarray(0, small.length), clock)!
    expect(decoded.body.buffer.byteLength).to.be.lessThan(4096)
  })

  it('under another key or variant is nothing', () => {
    const frame = encodeResponse(name, storedResponse(), clock)
    for (const other of [
      { ...name, key: 'http://h/other' },
      { ...name, variant: '' },
      { key: name.variant, variant: name.key },
    ]) {
      expect(decodeResponse(other, frame, clock)).to.equal(undefined)
    }
    expect(decodeShared(name.key, frame, clock)).to.equal(undefined)
  })

  const fields: readonly [string, unknown][] = [
    ['CRLF in a value', ['X-A', 'a\r\nSet-Cookie: p=1']],
    ['LF in a value', ['X-A', 'a\nb']],
    ['NUL in a value', ['X-A', 'a\0b']],
    ['a character of two bytes in a value', ['X-A', 'a\u0100']],
    ['CRLF in a name', ['X-A\r\nX-B', 'a']],
    ['a space in a name', ['X A', 'a']],
    ['a colon in a name', ['X:A', 'a']],
    ['an empty name', ['', 'a']],
    ['a name without a value', ['X-A']],
    ['a number for a value', ['X-A', 1]],
    ['an object for a list', { 0: 'X-A', 1: 'a', length: 2 }],
    ['a list in a list', [['X-A', 'a']]],
    ['null', null],
    ['__proto__ in a list', JSON.parse('[{"__proto__":{"polluted":1}}]')],
    ['framing of its own', ['Transfer-Encoding', 'chunked']],
    ['a length of its own', ['Content-Length', '3']],
    ['a connection', ['Connection', 'close']],
  ]
  for (const [title, list] of fields) {
    it(`with ${title} where its fields belong is nothing`, () => {
      expect(
        decodeResponse(
          name,
          changed(frame => ({ ...frame, head: frame.head.with(6, list) })),
          clock,
        ),
      ).to.equal(undefined)
      expect(({} as { polluted?: unknown }).polluted).to.equal(undefined)
    })
  }

  for (const tag of ['W/"a"\r\nX: y', 1, ['W/"a"'], {}, '\u0100']) {
    it(`with ${JSON.stringify(tag)} for a tag is nothing`, () => {
      const frame = changed(each => ({ ...each, head: each.head.with(7, tag) }))
      expect(decodeResponse(name, frame, clock)).to.equal(undefined)
    })
  }

  it('goes out with the length that its body has, whatever is written there', () => {
    const decoded = decodeResponse(
      name,
      changed(frame => ({ ...frame, body: Buffer.from('four') })),
      clock,
    )!
    expect(hitHeaders(decoded).slice(-2)).to.deep.equal(['Content-Length', '4'])
  })

  for (const status of [0, 100, 101, 199, 600, 200.5, -200, 1e9, '200', null, [200], 304, 206]) {
    it(`with ${JSON.stringify(status)} for a status is nothing`, () => {
      expect(
        decodeResponse(
          name,
          changed(frame => ({ ...frame, head: frame.head.with(5, status) })),
          clock,
        ),
      ).to.equal(undefined)
    })
  }

  it('with anything else of another type, or with more or less in its head, is nothing', () => {
    const { length } = frameOf(encodeResponse(name, storedResponse(), clock)).head
    const odd: readonly unknown[] = [undefined, {}, [[]], Number.NaN, () => 1]
    for (let at = 0; at < length; at++) {
      for (const value of odd) {
        // A tag of the cache's own and a client's lifetime may be absent.
        if ((at === 7 || at === length - 1) && JSON.stringify([value]) === '[null]') continue
        const frame = changed(each => ({ ...each, head: each.head.with(at, value) }))
        expect(decodeResponse(name, frame, clock), `${at} ${JSON.stringify(value)}`).to.equal(undefined)
      }
    }
    expect(
      decodeResponse(
        name,
        changed(each => ({ ...each, head: each.head.slice(0, -1) })),
        clock,
      ),
    ).to.equal(undefined)
    expect(
      decodeResponse(
        name,
        changed(each => ({ ...each, head: [...each.head, 1] })),
        clock,
      ),
    ).to.equal(undefined)
  })

  it('of 100,000 spoilt ones none is another response, and none is an error', function () {
    this.timeout(60_000)
    const one = encodeResponse(name, storedResponse(), clock)
    const other = encodeResponse(
      { ...name, key: 'http://h/other' },
      storedResponse({ body: Buffer.from('a secret page') }),
      clock,
    )
    const value = encodeShared(name.key, sharedValue(), clock)
    let seed = 42
    const random = (below: number) => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff
      return (seed >>> 8) % below
    }
    const spoil: readonly (() => Buffer)[] = [
      () => flipped(one, 1 + random(8), random),
      () => one.subarray(random(one.length), random(one.length + 1)),
      () => Buffer.concat([one, other.subarray(0, random(other.length))]),
      () => Buffer.concat([one.subarray(0, random(one.length)), other.subarray(random(other.length))]),
      () => Buffer.concat([one.subarray(0, random(one.length)), value.subarray(random(value.length))]),
      () => Buffer.from(Array.from({ length: random(200) }, () => random(256))),
      () => Buffer.from(one.toString('utf8')),
      () => other,
      () => value,
    ]
    let whole = 0
    for (let i = 0; i < 100_000; i++) {
      const bytes = spoil[i % spoil.length]!()
      const decoded = decodeResponse(name, bytes, clock)
      if (decoded === undefined) continue
      // Not spoilt after all.
      expect(bytes.equals(one)).to.equal(true)
      whole++
    }
    expect(whole).to.be.lessThan(5000)
    expect(({} as { polluted?: unknown }).polluted).to.equal(undefined)
  })

  function changed(change: (frame: Frame) => Frame): Buffer {
    return encodeFrame(change(frameOf(encodeResponse(name, storedResponse(), clock))))
  }
})

describe('a stored value as a frame', () => {
  it('comes out as it went in', () => {
    const values = fc.oneof(
      fc.jsonValue(),
      fc.uint8Array(),
      fc.string({ unit: 'binary' }),
      fc.constant('\ud800'),
      fc.constant({ a: '\udc00' }),
    )
    fc.assert(
      fc.property(values, fc.string({ unit: 'binary' }), (value, key) => {
        const shared = sharedValue({ value: encodeValue(value) })
        const decoded = decodeShared(key, encodeShared(key, shared, clock), clock)
        expect(decoded && { ...decoded, value: decodeValue(decoded.value) }).to.deep.equal({
          ...shared,
          value: decodeValue(shared.value),
        })
      }),
      { numRuns: 1000 },
    )
  })

  it('is a Buffer again when it was one', () => {
    for (const value of [Buffer.from('ab'), new Uint8Array([1, 2])]) {
      const frame = encodeShared('k', sharedValue({ value: encodeValue(value) }), clock)
      expect(Buffer.isBuffer(decodeValue(decodeShared('k', frame, clock)!.value))).to.equal(Buffer.isBuffer(value))
    }
  })

  it('under another key, or with one byte changed, is nothing', () => {
    const frame = encodeShared('k', sharedValue(), clock)
    expect(decodeShared('K', frame, clock)).to.equal(undefined)
    expect(decodeShared('', frame, clock)).to.equal(undefined)
    for (let at = 0; at < frame.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const other = Buffer.from(frame)
        other[at]! ^= 1 << bit
        expect(decodeShared('k', other, clock)).to.equal(undefined)
      }
    }
  })

  const bodies: readonly [string, string][] = [
    ['json', '1'],
    ['json', 'null'],
    ['json', '{'],
    ['json', ''],
    ['primitive', '{}'],
    ['primitive', '[]'],
    ['primitive', 'undefined'],
    ['primitive', 'NaN'],
    ['text', '"a"'],
    ['constructor', '"a"'],
    ['__proto__', '"a"'],
  ]
  for (const [kind, body] of bodies) {
    it(`that is said to be ${kind} and is ${body || 'empty'} is nothing`, () => {
      const frame = frameOf(encodeShared('k', sharedValue(), clock))
      const other = encodeFrame({ ...frame, head: frame.head.with(5, kind), body: Buffer.from(body) })
      expect(decodeShared('k', other, clock)).to.equal(undefined)
    })
  }

  it('with __proto__ in it changes no object but itself', () => {
    const frame = frameOf(encodeShared('k', sharedValue(), clock))
    const other = encodeFrame({
      ...frame,
      body: Buffer.from('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'),
    })
    const value = decodeValue(decodeShared('k', other, clock)!.value) as { polluted?: unknown }
    expect(value.polluted).to.equal(undefined)
    expect(({} as { polluted?: unknown }).polluted).to.equal(undefined)
  })
})

/** A frame taken apart by its layout. */
function frameOf(bytes: Buffer): Frame {
  const bodyAt = 40 + bytes.readUInt32BE(8)
  return {
    kind: bytes[3] === 0 ? 'response' : 'data',
    position: bytes.readDoubleBE(16),
    filledAt: bytes.readDoubleBE(24),
    expiresAt: bytes.readDoubleBE(32),
    head: JSON.parse(bytes.toString('utf8', 40, bodyAt)) as unknown[],
    body: bytes.subarray(bodyAt),
  }
}

function flipped(bytes: Buffer, times: number, random: (below: number) => number): Buffer {
  const other = Buffer.from(bytes)
  for (let i = 0; i < times; i++) other[random(other.length)]! ^= 1 << random(8)
  return other
}
