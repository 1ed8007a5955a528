// docs/benchmarks.md and its plots, from the results that lie in bench/results. `node bench/write-page.ts FOLDER` writes into FOLDER instead of docs.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { drawPage } from './page.ts'
import { type Result, resultsFolder } from './report.ts'

const folder = process.argv[2] ?? fileURLToPath(new URL('../docs/', import.meta.url))
const results = readdirSync(resultsFolder)
  .filter(name => name.endsWith('.json') && existsSync(new URL(name.replace('.json', '.bench.ts'), import.meta.url)))
  .map(name => JSON.parse(readFileSync(new URL(name, resultsFolder), 'utf8')) as Result)
if (results.length === 0) throw new Error('There are no results: npm run bench')
const { text, plots, leftOut, isOutdone } = drawPage(results)
for (const { name, node, cpu, cores } of leftOut)
  console.log(`(${name} is of another machine than the page: Node ${node}, ${cpu}, ${cores} cores)`)
if (isOutdone) console.log('(the page stays as it is; npm run bench, without a name, writes it for this machine)')
else write()

function write(): void {
  const plotsFolder = join(folder, 'benchmarks')
  rmSync(plotsFolder, { recursive: true, force: true })
  mkdirSync(plotsFolder, { recursive: true })
  for (const [file, drawn] of plots) writeFileSync(join(plotsFolder, file), drawn)
  writeFileSync(join(folder, 'benchmarks.md'), text)
}
