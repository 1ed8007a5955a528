// npm run test:checker -- [minutes]: random histories of invalidation on real servers for so long, an hour by default.

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { root } from './setup.mjs'

const minutes = Number(process.argv[2] ?? 60)
if (!(minutes > 0)) {
  console.error('How many minutes? npm run test:checker -- 60')
  process.exit(1)
}

// What a usual run does takes about a minute.
const args = [join(root, 'scripts/test.mjs'), 'packages/redis/test/checker.test.ts', '--grep', 'serve nothing older']
const run = spawn(process.execPath, args, { stdio: 'inherit', env: { ...process.env, TEST_RUNS: String(minutes) } })
process.on('SIGINT', () => {})
process.on('SIGTERM', () => run.kill('SIGTERM'))
run.on('exit', (code, signal) => process.exit(signal === null ? code : 1))
