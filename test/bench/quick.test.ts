// Every benchmark runs. Its figures are no test: machines differ.

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
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
    const names = readdirSync(join(root, 'bench')).filter(name => name.endsWith('.bench.ts'))
    for (const file of names) {
      const name = file.slice(0, -'.bench.ts'.length)
      // The example needs its data, which takes longer to make than all the others take.
      if (name === 'example' && !existsSync(join(root, '.cache/bench-example'))) continue
      const { at, rows } = JSON.parse(readFileSync(join(results, `${name}.json`), 'utf8'))
      expect(Date.parse(at), name).to.be.at.least(began)
      expect(rows, name).to.be.an('array').that.is.not.empty
    }
    const page = readFileSync(join(results, 'benchmarks.md'), 'utf8')
    const plots = [...page.matchAll(/\]\((benchmarks\/[\w-]+\.svg)\)/g)].map(([, path]) => path!)
    expect(plots).to.have.length.above(5)
    for (const plot of plots)
      expect(readFileSync(join(results, plot), 'utf8'), plot).to.match(/^<svg [\s\S]*<\/svg>\n$/)
  })
})
