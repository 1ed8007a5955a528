// The public HTTP cache test suite, through an application of each door in the preset `rfc9111`.

import { expect } from 'chai'
import { doors } from './doors.ts'
import { expected } from './expected.ts'
import { ensureSuiteInstalled, type Result, runSuite } from './run-suite.ts'

describe('the public HTTP cache tests', () => {
  before('the suite is there', function () {
    this.timeout(330_000)
    ensureSuiteInstalled()
  })

  for (const [door, app] of Object.entries(doors)) {
    describe(door, () => {
      const reasons = reasonsFor(door)
      let results: readonly Result[]

      before('the suite has run', async function () {
        this.timeout(110_000)
        results = await runSuite(app)
        // Tests live by the second. What differs on a busy machine is asked once more, alone.
        const differing = results.filter(result => isUnexpected(result, reasons)).map(({ id }) => id)
        if (differing.length > 0) {
          const again = new Map((await runSuite(app, differing)).map(result => [result.id, result]))
          results = results.map(result => again.get(result.id) ?? result)
        }
        console.log(`      ${door}: ${summary(results)}`)
      })

      for (const kind of ['required', 'optimal', 'check'] as const) {
        it(`passes what is ${kind}, but for what expected.ts gives a reason for`, () => {
          const faults = results.filter(result => result.kind === kind && isUnexpected(result, reasons))
          expect(faults.map(({ id, fault }) => `${id}: ${fault ?? 'passes, take it off the list'}`)).to.deep.equal([])
        })
      }

      it('knows every test that expected.ts names', () => {
        const known = new Set(results.map(({ id }) => id))
        expect([...reasons].filter(id => !known.has(id))).to.deep.equal([])
      })
    })
  }
})

function reasonsFor(door: string): ReadonlySet<string> {
  return new Set(expected.filter(({ doors }) => doors?.includes(door) ?? true).flatMap(({ tests }) => tests))
}

/** A test that fails without a reason, or passes although there is one. */
function isUnexpected({ id, fault }: Result, reasons: ReadonlySet<string>): boolean {
  return (fault !== undefined) !== reasons.has(id)
}

function summary(results: readonly Result[]): string {
  return ['required', 'optimal', 'check']
    .map(kind => {
      const those = results.filter(result => result.kind === kind)
      return `${kind} ${those.filter(({ fault }) => fault === undefined).length}/${those.length}`
    })
    .join(', ')
}
