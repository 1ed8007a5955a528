// npm run bench: every benchmark, or those that are named. Each writes its figures to bench/results/NAME.json; together they make docs/benchmarks.md,
// where what was not run now stays as it was. With --quick it only shows that they run, fetches nothing, and leaves results and page alone. With
// --page it only writes the page anew.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from './build.mjs'
import { provideProgram } from './programs.mjs'
import { provideRedisServer } from './redis.mjs'
import { ensureInstalled, npm, root } from './setup.mjs'

const LONGEST_MS = 300_000

const known = readdirSync(join(root, 'bench'))
  .filter(name => name.endsWith('.bench.ts'))
  .map(name => name.slice(0, -'.bench.ts'.length))
const args = process.argv.slice(2)
const isQuick = args.includes('--quick')
const isPageAlone = args.includes('--page')
const named = args.filter(arg => arg !== '--quick' && arg !== '--page')
const unknown = named.find(name => !known.includes(name))
if (unknown !== undefined) {
  console.error(`No benchmark is called '${unknown}'. There are: ${known.join(', ')}`)
  process.exit(1)
}

ensureInstalled()
if (!isQuick && !isPageAlone) provide()
// What is measured is what is published: tsx names every function anew each time it is made, which costs a miss dearly.
if (!isPageAlone) build()

const chosen = named.length > 0 ? named : known
const began = Date.now()
const failed = (isPageAlone ? [] : chosen).filter(name => {
  const began = Date.now()
  console.log(`\n${name}`)
  const isDone = runs(`${name}.bench.ts`)
  console.log(`(${name}: ${secondsSince(began)} s)`)
  return !isDone
})
if (!writesPage()) failed.push('the page')
console.log(`\n${secondsSince(began)} s in all`)
if (failed.length > 0) {
  console.error(`Failed: ${failed.join(', ')}`)
  process.exitCode = 1
}

function secondsSince(began) {
  return Math.round((Date.now() - began) / 1000)
}

/** One that fails, or takes too long, stops no other. */
function runs(file, ...args) {
  const flags = ['--expose-gc', '--import', new URL('../bench/strip-types.mjs', import.meta.url).href]
  const { status } = spawnSync(process.execPath, [...flags, join(root, 'bench', file), ...args], {
    cwd: root,
    stdio: 'inherit',
    timeout: LONGEST_MS,
    killSignal: 'SIGKILL',
    env: { ...process.env, ...(isQuick && { BENCH_QUICK: '1' }) },
  })
  return status === 0
}

function writesPage() {
  if (!isQuick) return runs('write-page.ts')
  const folder = join(root, 'bench/results/quick')
  mkdirSync(folder, { recursive: true })
  return runs('write-page.ts', folder)
}

/** What Larder is measured beside, where it can be had; each benchmark says what was missing. */
function provide() {
  for (const name of ['wrk', 'nginx', 'varnishd']) {
    if (provideProgram(name) === undefined) console.log(`(no ${name} here: what needs it is left out)`)
  }
  provideRedisServer()
  if (arePeersInstalled()) return
  console.log('Installing what Larder is measured beside, in bench (npm ci), once …')
  // npm run tells this npm the settings of the repository, whose Node may be older than one of them says it wants. One that then does not run
  // leaves its race, with a note.
  const { command, args } = npm('ci', '--ignore-scripts', '--no-engine-strict', '--no-audit', '--no-fund')
  const { status } = spawnSync(command, args, { cwd: join(root, 'bench'), stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0)
    console.error('(npm ci failed: what needs a package of bench is left out, and goals beside it are not measured)')
}

function arePeersInstalled() {
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'bench/package.json'), 'utf8'))
  return Object.entries(devDependencies).every(([name, version]) => {
    const manifest = join(root, 'bench/node_modules', name, 'package.json')
    return existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version === version
  })
}
