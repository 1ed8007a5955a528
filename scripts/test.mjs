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
const args = [join(root, 'node_modules/mocha/bin/mocha.js'), ...named, ...(hasNames ? [] : Object.values(below))]
const mocha = spawn(process.execPath, args, {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, TEST_REDIS_SERVER: server },
})
// A terminal sends SIGINT to both: wait for what mocha says. SIGTERM comes to this process alone.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => mocha.kill('SIGTERM'))
mocha.on('exit', (code, signal) => process.exit(signal === null ? code : 1))
