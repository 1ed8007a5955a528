// RFC 9211 — Cache-Status.

import { expect } from 'chai'
import fc from 'fast-check'
import { parseList } from 'structured-headers'
import { type CacheStatus, formatCacheStatus } from '../../src/http/cache-status.ts'

describe('RFC 9211 §2 Cache-Status', () => {
  const cases: [CacheStatus, string][] = [
    [{}, 'larder'],
    [{ hit: true }, 'larder; hit'],
    [{ hit: true, ttl: 42 }, 'larder; hit; ttl=42'],
    [{ hit: true, ttl: 42.9 }, 'larder; hit; ttl=42'],
    [{ hit: true, ttl: -0.5 }, 'larder; hit; ttl=-1'],
    [{ hit: true, ttl: Infinity }, 'larder; hit'],
    [{ hit: false, fwd: 'uri-miss', stored: true, ttl: 300 }, 'larder; fwd=uri-miss; stored; ttl=300'],
    [{ fwd: 'stale', fwdStatus: 304, stored: true }, 'larder; fwd=stale; fwd-status=304; stored'],
    [{ fwd: 'vary-miss', stored: false, collapsed: true }, 'larder; fwd=vary-miss; collapsed'],
    [{ fwd: 'bypass', detail: 'vary-credentials' }, 'larder; fwd=bypass; detail=vary-credentials'],
    [{ fwd: 'miss', detail: 'two words' }, 'larder; fwd=miss'],
    [{ fwd: 'miss', detail: 'a, b; hit' }, 'larder; fwd=miss'],
    [{ fwd: 'miss', detail: 'a\r\nSet-Cookie: b' }, 'larder; fwd=miss'],
    [{ fwd: 'miss', detail: '1st' }, 'larder; fwd=miss'],
    [{ fwd: 'miss', detail: '' }, 'larder; fwd=miss'],
  ]
  for (const [status, member] of cases) {
    it(`${JSON.stringify(status)} → ${member}`, () => expect(formatCacheStatus(status)).to.equal(member))
  }

  it('is one member of a structured list, whatever the detail', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.string({ unit: 'binary' })),
        fc.double({ min: -1e9, max: 1e9 }),
        (detail, ttl) => {
          expect(parseList(formatCacheStatus({ fwd: 'miss', detail, ttl }))).to.have.length(1)
        },
      ),
    )
  })
})
