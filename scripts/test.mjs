// npm test: installs what is missing, finds or fetches a Redis server and libfaketime, and runs every test, or those in the files named.
// Every other argument goes on to mocha: npm test -- --grep 'entity tags'

import { spawn } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { provideFaketime } from './faketime.mjs'
import { installHint, provideRedisServer } from './redis.mjs'
import { ensureInstalled, root } from './setup.mjs'

ensureInstalled()

const server = provideRedisServer()
if (server === undefined) {
  console.error(installHint)
  process.exit(1)
}
provideFaketime()

const given = process.argv.slice(2)
/** A folder stands for the tests below it; packages hold theirs in folders of that name. */
const below = { packages: 'packages/*/test/**/*.test.ts', test: 'test/**/*.test.ts' }
const isFolder = argument => existsSync(join(root, argument)) && statSync(join(root, argument)).isDirectory()
const isFile = argument => argument.endsWith('.test.ts') && existsSync(join(root, argument))
const named = given.map(argument => (isFolder(argument) ? (below[argument] ?? `${argument}/**/*.test.ts`) : argument))
const hasNames = given.some(argument => isFolder(argument) || isFile(argument))

// All tests run as two halves side by side: each waits much and computes little. What the second one says follows the first one's.
const runs = hasNames ? [named] : Object.values(below).map(files => [...named, files])
const mochas = runs.map((args, i) =>
  spawn(process.execPath, [join(root, 'node_modules/mocha/bin/mocha.js'), ...args], {
    cwd: root,
    stdio: ['inherit', i === 0 ? 'inherit' : 'pipe', i === 0 ? 'inherit' : 'pipe'],
    env: { ...process.env, TEST_REDIS_SERVER: server },
  }),
)
// A terminal sends SIGINT to all: wait for what mocha says. SIGTERM comes to this process alone.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {
  for (const mocha of mochas) mocha.kill('SIGTERM')
})

/** The exit code is mocha's: the number of tests that failed. */
function ended(mocha) {
  const said = []
  for (const pipe of [mocha.stdout, mocha.stderr]) pipe?.on('data', chunk => said.push(chunk))
  return new Promise(resolve =>
    mocha.on('close', (code, signal) => resolve({ code: signal === null ? code : 1, said: Buffer.concat(said) })),
  )
}
const endings = []
for (const ending of mochas.map(ended)) {
  endings.push(await ending)
  process.stdout.write(endings.at(-1).said)
}
process.exitCode = Math.min(
  255,
  endings.reduce((sum, { code }) => sum + code, 0),
)
