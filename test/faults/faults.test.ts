// Every fault of the table, injected into real servers under a constant load, beside the same load on a site without Redis.

import { writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { createLane } from './lane.ts'
import { mode, wanted } from './mode.ts'
import { reliabilityPage } from './page.ts'
import { rows as all } from './rows/index.ts'
import { type Result, type Row, runRow } from './run-row.ts'

const rows = all.filter(({ id }) => wanted.length === 0 || wanted.includes(id))

describe(`faults of Redis, ${mode.name}`, function () {
  this.timeout(mode.name === 'full' ? 4 * 3600_000 : 180_000)
  const settled = new Map<string, { resolve(result: Result): void; reject(error: unknown): void }>()
  const results = new Map(
    rows.map(row => {
      const result = new Promise<Result>((resolve, reject) => settled.set(row.id, { resolve, reject }))
      // Whoever wants to know asks later.
      result.catch(() => {})
      return [row.id, result] as const
    }),
  )

  before(() => {
    const queue = [...rows]
    for (let i = 0; i < Math.min(mode.lanes, rows.length); i++) void work(queue)
  })

  async function work(queue: Row[]): Promise<void> {
    const lane = await createLane(mode)
    for (let row = queue.shift(); row !== undefined; row = queue.shift()) {
      const { resolve, reject } = settled.get(row.id)!
      await runRow(row, lane, mode).then(resolve, reject)
    }
    await lane.end()
  }

  after(async () => {
    if (mode.name !== 'full' || wanted.length > 0) return
    const outcomes = await Promise.allSettled(results.values())
    const broken = [...results.keys()].flatMap((id, i) => {
      const outcome = outcomes[i]!
      return outcome.status === 'rejected' ? [[id, `broke off in this run: ${outcome.reason}`]] : []
    })
    const done = outcomes.flatMap(outcome => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    writeFileSync(new URL('../../docs/reliability.md', import.meta.url), reliabilityPage(done, mode, broken))
  })

  for (const row of rows)
    it(`${row.id}: ${row.title}`, async () => {
      const result = await results.get(row.id)!
      if (process.env['TEST_FAULTS_SHOW']) console.log(JSON.stringify(result, compact, 1))
      expect([...result.wrong, ...result.slow]).to.deep.equal([])
    })
})

/** A line for each second. */
function compact(name: string, value: unknown): unknown {
  if (name !== 'windows') return value
  return (value as object[]).map(window =>
    Object.values(window)
      .map(each => (typeof each === 'number' ? Math.round(each) : each))
      .join(' '),
  )
}
