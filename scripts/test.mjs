// npm test: installs what is missing, finds or fetches a Redis server and libfaketime, and runs every test, or those in the files named.
// Every other argument goes on to mocha: npm test -- --grep 'entity tags'

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
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
const someFiles = given.some(argument => argument.endsWith('.test.ts') && existsSync(join(root, argument)))
const everyTest = ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts']
const args = [join(root, 'node_modules/mocha/bin/mocha.js'), ...given, ...(someFiles ? [] : everyTest)]
const mocha = spawn(process.execPath, args, {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, TEST_REDIS_SERVER: server },
})
// A terminal sends SIGINT to both: wait for what mocha says. SIGTERM comes to this process alone.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => mocha.kill('SIGTERM'))
mocha.on('exit', (code, signal) => process.exit(signal === null ? code : 1))
