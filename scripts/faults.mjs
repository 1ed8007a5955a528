// npm run test:faults: every fault at full length, and docs/reliability.md from what was measured. It takes about three quarters of an hour.
// -- --rate 250 --seconds 5,15,10 (before, during, after) --lanes 2 --rows R5,R8

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { provideFaketime } from './faketime.mjs'
import { installHint, provideRedisServer } from './redis.mjs'
import { ensureInstalled, root } from './setup.mjs'

ensureInstalled()
provideFaketime()
const server = provideRedisServer()
if (server === undefined) {
  console.error(installHint)
  process.exit(1)
}

const text = { type: 'string' }
const { values } = parseArgs({ options: { rate: text, seconds: text, lanes: text, rows: text } })
const settings = Object.entries(values).map(([name, value]) => [`TEST_FAULTS_${name.toUpperCase()}`, value])
const mocha = join(root, 'node_modules/mocha/bin/mocha.js')
const child = spawn(process.execPath, [mocha, '--exit', join(root, 'test/faults/faults.test.ts')], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, ...Object.fromEntries(settings), TEST_FAULTS: 'full', TEST_REDIS_SERVER: server },
})
process.on('SIGINT', () => {})
process.on('SIGTERM', () => child.kill('SIGTERM'))
child.on('exit', (code, signal) => process.exit(signal === null ? code : 1))
