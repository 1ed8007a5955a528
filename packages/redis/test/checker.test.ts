// Random histories on real servers that break, in several processes: no value older than an acknowledged purge is served on the node that
// purged, nor elsewhere after the coherence bound. With a mechanism off, the same histories find a violation. TEST_RUNS=n runs n times as many.

import { expect } from 'chai'
import { check } from './checker/checker.ts'
import { judge } from './checker/judge.ts'
import { mutants } from './checker/mutants.ts'

const histories = Math.round(10_000 * Number(process.env['TEST_RUNS'] ?? 1))

describe('random histories on real servers', function () {
  this.timeout(120_000 + histories * 30)

  it(`serve nothing older than a purge (${histories} of them)`, async function () {
    const checked = await check({ histories, firstSeed: Math.floor(Math.random() * 1e9) })
    const { violations, reads, hits, fills, purges, unacknowledged, latestMs, tookMs, chaos, searches } = checked
    const figures = [
      `${reads} reads`,
      `${hits} hits`,
      `${fills} fills`,
      `${purges} purges`,
      `${unacknowledged} of them not acknowledged`,
      `latest ${latestMs.toFixed(0)} ms elsewhere`,
      `${(tookMs / 1000).toFixed(0)} s`,
    ]
    this.runnable().title += `: ${figures.join(', ')}; ${[...chaos].map(([name, count]) => `${count} × ${name}`).join(', ')}`
    expect(violations.slice(0, 10)).to.deep.equal([])
    expect(searches).to.deep.equal([])
    // What is never served from the cache is never stale, and what is never acknowledged is promised to nobody else.
    expect(hits / reads).to.be.above(0.1)
    expect(unacknowledged / purges).to.be.below(0.9)
  })

  for (const [name, mutant] of Object.entries(mutants)) {
    it(`do with a mechanism off: ${name}`, async function () {
      const { violations, histories: ran, tookMs } = await check({ histories: 12_000, mutant, untilViolation: true })
      this.runnable().title += ` (after ${ran}, ${(tookMs / 1000).toFixed(0)} s)`
      expect(violations).not.to.deep.equal([])
    })
  }
})

describe('the judge of histories', () => {
  const purge = { node: 0, version: 2, startedAt: 900, at: 1000, isAcknowledged: true }
  const read = { node: 0, value: 1, at: 1000, isHit: true }

  it('allows what was asked for before the purge, what is as new, and what others serve within the bound', () => {
    const fine = [
      { ...read, at: 999 },
      { ...read, value: 2 },
      { ...read, node: 1, at: 1200 },
    ]
    expect(judge(fine, [purge], 200)).to.deep.equal({ violations: [], latestMs: 200 })
    expect(judge([{ ...read, node: 1, at: 9000 }], [{ ...purge, isAcknowledged: false }], 200).violations).to.be.empty
  })

  it('expects nothing of others while the log loses what it had taken, and the same of the node that purged', () => {
    const lost = [{ from: 950, to: 970 }]
    expect(judge([{ ...read, node: 1, at: 9000 }], [purge], 200, lost).violations).to.be.empty
    expect(judge([read], [purge], 200, lost).violations).to.have.length(1)
    expect(judge([{ ...read, node: 1, at: 9000 }], [purge], 200, [{ from: 1001, to: 1002 }]).violations).to.have.length(
      1,
    )
  })

  it('sees what is older on the same node at once, acknowledged or not, and on others after the bound', () => {
    expect(judge([read], [{ ...purge, isAcknowledged: false }], 200).violations).to.have.length(1)
    expect(judge([{ ...read, node: 1, at: 1201 }], [purge], 200).violations).to.have.length(1)
  })
})
