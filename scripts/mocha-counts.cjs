// The spec reporter, which also adds a line with how many tests passed, failed and were skipped to the file that TEST_COUNTS names, and
// ends a run that does not end by itself.

const { appendFileSync } = require('node:fs')
const { reporters } = require('mocha')

module.exports = class Counts extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options)
    runner.once('end', () => {
      const { passes, failures, pending } = runner.stats
      appendFileSync(process.env.TEST_COUNTS, `${passes} ${failures} ${pending}\n`)
      // The timer keeps nothing alive itself: it fires only where a test has left something open.
      setTimeout(() => {
        console.error(
          `The tests have ended, but these keep the process alive: ${process.getActiveResourcesInfo().join(', ')}`,
        )
        process.exit(1)
      }, 10_000).unref()
    })
  }
}
