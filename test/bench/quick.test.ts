// Every benchmark runs, and has its place on the page. Its figures are no test: machines differ.

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { aims, goalOf } from '../../bench/goals.ts'
import { root } from '../../scripts/setup.mjs'

const results = join(root, 'bench/results/quick')

describe('npm run bench -- --quick', function () {
  this.timeout(240_000)

  it('runs every benchmark, writes what each found, and draws the page', () => {
    const began = Date.now()
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'scripts/bench.mjs'), '--quick'], {
      encoding: 'utf8',
      timeout: 200_000,
    })
    expect(status, `${stdout.slice(-2000)}\n${stderr.slice(-4000)}`).to.equal(0)
    const names = readdirSync(join(root, 'bench'))
      .filter(name => name.endsWith('.bench.ts'))
      .map(name => name.slice(0, -'.bench.ts'.length))
      // The example needs its data, which takes longer to make than all the others take.
      .filter(name => name !== 'example' || existsSync(join(root, '.cache/bench-example')))
    const page = readFileSync(join(results, 'benchmarks.md'), 'utf8')
    for (const name of names) {
      const { at, rows, plots, title } = JSON.parse(readFileSync(join(results, `${name}.json`), 'utf8'))
      expect(Date.parse(at), name).to.be.at.least(began)
      expect(rows, name).to.be.an('array').that.is.not.empty
      expect(plots, name).to.be.an('array').that.is.not.empty
      expect(page).to.include(`\n## ${title}\n`)
    }
    const plots = [...page.matchAll(/\]\((benchmarks\/[\w-]+\.svg)\)/g)].map(([, path]) => path!)
    expect(plots).to.have.length.of.at.least(names.length)
    for (const plot of plots)
      expect(readFileSync(join(results, plot), 'utf8'), plot).to.match(/^<svg [\s\S]*<\/svg>\n$/)
    // A goal names courses: those that are Larder's own, or come with it, are always there.
    const peers = readdirSync(join(root, 'bench/peers')).map(file => file.slice(0, -'.mjs'.length))
    const missed = aims.filter(aim => {
      const isMeasured = !page.includes(`| ${aim.scenario} | ${goalOf(aim)} | not measured |`)
      return !isMeasured && !peers.some(name => aim.against?.startsWith(name))
    })
    expect(missed).to.deep.equal([])
  })
})
