// npm test: installs what is missing, finds or fetches a Redis server, and runs every test. Arguments go on to mocha.

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { installHint, provideRedisServer } from './redis.mjs'
import { ensureInstalled, root } from './setup.mjs'

ensureInstalled()

const server = provideRedisServer()
if (server === undefined) {
  console.error(installHint)
  process.exit(1)
}

const mocha = spawn(process.execPath, [join(root, 'node_modules/mocha/bin/mocha.js'), ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, LARDER_REDIS_SERVER: server },
})
// A terminal sends SIGINT to both: wait for what mocha says. SIGTERM comes to this process alone.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => mocha.kill('SIGTERM'))
mocha.on('exit', (code, signal) => process.exit(signal === null ? code : 1))
