// The log of a single process.

import { expect } from 'chai'
import { createLocalLog } from '../../src/invalidation/local-log.ts'
import type { LogRecord } from '../../src/invalidation/log.ts'
import { invalidationLogContract } from '../../src/testing/index.ts'

invalidationLogContract('createLocalLog', createLocalLog, { describe, it })

describe('the local log', () => {
  it('has applied a record before append returns', () => {
    const log = createLocalLog()
    const told: LogRecord[] = []
    log.subscribe(record => void told.push(record))
    void log.append({ kind: 'all', soft: false })
    expect(told).to.deep.equal([{ position: 1, invalidation: { kind: 'all', soft: false } }])
    expect(log.position()).to.equal(1)
  })

  it('is always confirmed, and no two have the same epoch', () => {
    expect(createLocalLog().confirmedAt()).to.equal(Number.POSITIVE_INFINITY)
    expect(createLocalLog().epoch).not.to.equal(createLocalLog().epoch)
  })
})
