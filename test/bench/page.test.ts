// docs/benchmarks.md is what the results say: every goal, every section, of one machine, and nothing of where it ran.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { expect } from 'chai'
import { aims, goalOf, reached } from '../../bench/goals.ts'
import { drawPage } from '../../bench/page.ts'
import { withoutPaths } from '../../bench/paths.ts'
import { type Findings, type Result, resultOf } from '../../bench/report.ts'
import { spread, written } from '../../bench/spread.ts'
import { root } from '../../scripts/setup.mjs'

const findings: Findings = { title: 'A hit', about: 'Asked often.', rows: [{ course: 'Larder', 'µs of CPU': 12 }] }

function result(name: string, more: Partial<Result> = {}): Result {
  const machine = { node: 'v20', cpu: 'one', cores: 2, commit: 'aaaaaaa', at: '2026-03-04T05:06:07.000Z' }
  return { ...resultOf(name, { ...findings, title: `The ${name}` }), ...machine, ...more }
}

describe('the page of the benchmarks', () => {
  it('tells of every goal: met, not met, or not measured', () => {
    const measured = spread([0.9, 0.5, 0.7])
    const goals = reached('hit', (_course, against) => (against === 'apicache' ? undefined : measured))
    const { text } = drawPage([result('hit', { goals })])
    const rows = text.split('\n').filter(line => line.startsWith('| ') && / (yes|\*\*no\*\*|–) \| /.test(line))
    expect(rows).to.have.length(aims.length)
    for (const aim of aims) {
      const row = rows.find(line => line.startsWith(`| ${aim.scenario} | ${goalOf(aim)} |`))
      const isMeasured = aim.benchmark === 'hit' && aim.against !== 'apicache'
      const said = isMeasured ? `| 0.70 (0.60–0.80) | ${aim.limit <= 0.7 ? 'yes' : '**no**'} |` : '| not measured | – |'
      expect(row, aim.scenario).to.include(said)
    }
  })

  it('has a section for each result, which says when and on which commit it was measured', () => {
    const { text } = drawPage([
      result('sizing', { commit: 'bbbbbbb', at: '2026-03-05T06:07:08.000Z', load: 1.5 }),
      result('hit'),
    ])
    expect(text.match(/^## .*/gm)).to.deep.equal(['## Goals', '## The hit', '## The sizing'])
    expect(text).to.include('(`hit`; 2026-03-04 05:06 UTC, commit aaaaaaa')
    expect(text).to.include('(`sizing`; 2026-03-05 06:07 UTC, commit bbbbbbb, load 1.5)')
    expect(text).to.include('Not all sections are of one commit')
    expect(text).to.match(/Commit: (aaaaaaa; bbbbbbb|bbbbbbb; aaaaaaa)\. 2026-03-04, 2026-03-05\./)
  })

  it('is of one machine: one benchmark that ran elsewhere does not change it, all of them do', () => {
    const elsewhere = (name: string) => result(name, { cpu: 'another', at: '2026-04-01T00:00:00.000Z' })
    const { text, leftOut, isOutdone } = drawPage([elsewhere('hit'), result('miss'), result('gzip')])
    expect(text).to.include('Machine: Node v20, one, 2 cores.').and.not.include('another')
    expect(text.match(/^## .*/gm)).to.deep.equal(['## Goals', '## The gzip', '## The miss'])
    expect(leftOut.map(({ name }) => name)).to.deep.equal(['hit'])
    expect(isOutdone).to.equal(true)
    const anew = drawPage([elsewhere('hit'), elsewhere('miss'), result('gzip')])
    expect(anew.text).to.include('Machine: Node v20, another, 2 cores.')
    expect(anew.leftOut.map(({ name }) => name)).to.deep.equal(['gzip'])
    expect(anew.isOutdone).to.equal(false)
  })

  it('is what the results in bench/results say', function () {
    const folder = join(root, 'bench/results')
    const files = existsSync(folder) ? readdirSync(folder).filter(name => name.endsWith('.json')) : []
    // They come with a full run.
    if (files.length === 0) return this.skip()
    const results = files.map(name => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Result)
    const { text, plots, isOutdone } = drawPage(results)
    if (isOutdone) return this.skip()
    expect(readFileSync(join(root, 'docs/benchmarks.md'), 'utf8')).to.equal(text)
    for (const [file, plot] of plots) expect(readFileSync(join(root, 'docs/benchmarks', file), 'utf8')).to.equal(plot)
  })
})

describe('what a benchmark tells of the machine', () => {
  const folder = mkdtempSync(join(tmpdir(), 'larder-'))
  after(() => rmSync(folder, { recursive: true }))

  for (const [said, left] of [
    [`Cannot find package 'x' imported from ${join(root, 'bench/peers/x.mjs')}`, /from bench\/peers\/x\.mjs$/],
    [`at ${pathToFileURL(join(root, 'bench/race.ts')).href}:12:3`, /^at bench\/race\.ts:12:3$/],
    [`ran in ${root}`, /^ran in \.$/],
    [`ENOENT: no such file or directory, open '${join(folder, 'nginx.conf')}'`, /open '…\/nginx\.conf'$/],
    [`at ${pathToFileURL(join(folder, 'a.mjs')).href}:1`, /^at …\/a\.mjs:1$/],
    [`(${homedir()}/.npm/_logs/1.log)`, /^\(…\/1\.log\)$/],
    ['at D:\\work\\x.js', /^at …\/x\.js$/],
    [
      '500 at http://127.0.0.1:80/pages/events, `/events`, 3/4 of bench/peers',
      /^500 at http:\/\/127\.0\.0\.1:80\/pages\/events, `\/events`, 3\/4 of bench\/peers$/,
    ],
  ] as const) {
    it(`keeps no path outside the repository: ${withoutPaths(said)}`, () => {
      expect(withoutPaths(said)).to.match(left)
    })
  }

  it('is so in all that is written down, and so on the page', () => {
    const secret = join(folder, 'secret.txt')
    const told = resultOf('hit', {
      title: `A hit ${secret}`,
      about: secret,
      rows: [{ [secret]: secret, course: fileURLToPath(pathToFileURL(secret)) }],
      notes: [`Error: ${secret}`],
      plots: [{ kind: 'bars', title: secret, bars: [{ label: secret, value: 1 }] }],
      goals: [],
    })
    const { text, plots } = drawPage([told])
    for (const written of [JSON.stringify(told), text, ...plots.values()])
      expect(written).to.include('secret.txt').and.not.include(folder)
  })
})

describe('a spread', () => {
  for (const [values, said] of [
    [[3, 1, 2], '2.0 (1.5–2.5)'],
    [[4, 1, 2, 3], '2.5 (1.8–3.3)'],
    [[5, 4, 3, 2, 1], '3.0 (2.0–4.0)'],
    [[7], '7.0 (7.0–7.0)'],
  ] as const) {
    it(`of ${values.join(', ')} is ${said}`, () => expect(written(spread(values), 1)).to.equal(said))
  }
})
