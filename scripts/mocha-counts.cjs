// The spec reporter, which also writes how many tests passed and failed into the file that LARDER_COUNTS names.

const { writeFileSync } = require('node:fs')
const { reporters } = require('mocha')

module.exports = class Counts extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options)
    runner.once('end', () => {
      const { passes, failures, pending } = runner.stats
      writeFileSync(process.env.LARDER_COUNTS, `${passes} ${failures} ${pending}\n`)
    })
  }
}
