// Starts an example server: `node scripts/start.mjs express` or `koa`. Installs first when something is missing.

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import { ensureInstalled } from './setup.mjs'

const name = process.argv[2] ?? 'express'
const server = fileURLToPath(new URL(`../examples/${name}/src/server.ts`, import.meta.url))
if (!/^[a-z]+$/.test(name) || !existsSync(server)) {
  console.error(`There is no example called '${name}'. Write: node scripts/start.mjs express, or koa.`)
  process.exit(1)
}
ensureInstalled()

// Resolved from here, so that it starts in any folder.
const tsx = import.meta.resolve('tsx')
// What is to be traced has to be loaded behind it.
const wantsTracing = Object.keys(process.env).some(name => /^OTEL_(EXPORTER_|(TRACES|METRICS)_EXPORTER$)/.test(name))
const register = new URL('../packages/tracing/src/register.ts', import.meta.url).href
const imports = [tsx, ...(wantsTracing ? [register] : [])].flatMap(each => ['--import', each])
const child = spawn(process.execPath, ['--conditions=@larder/source', ...imports, server], {
  // The channel tells the server when this process has gone, however it went.
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
// The same, seen from here: a test that started this and has gone.
process.on('disconnect', () => child.kill())
child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)))
child.on('error', error => {
  console.error(`The server could not be started: ${error.message}`)
  process.exit(1)
})
