// Runs the suite through one application: a child process holds the suite's origin and its client.

import { type ChildProcess, fork, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { npm } from '../../scripts/setup.mjs'
import { listen } from './doors.ts'

const folder = fileURLToPath(new URL('.', import.meta.url))

/** A bound for a run that takes about eight seconds. */
const LONGEST_RUN_MS = 50_000
const LONGEST_INSTALL_MS = 300_000

export interface Result {
  readonly id: string
  readonly name: string
  readonly kind: 'required' | 'optimal' | 'check'
  /** What the suite found, `undefined` when the test passed. */
  readonly fault?: string
}

/** The suite brings 450 packages along, so it has a lockfile of its own and comes when it is first needed. */
export function ensureSuiteInstalled(): void {
  const name = 'node_modules/http-cache-tests'
  const wanted = lockedVersion('package-lock.json', name)
  if (wanted !== undefined && lockedVersion('node_modules/.package-lock.json', name) === wanted) return
  console.log('Installing the HTTP cache tests in test/conformance (npm ci), once …')
  const { command, args } = npm('ci', '--ignore-scripts', '--no-audit', '--no-fund')
  const { status, stderr } = spawnSync(command, args, { cwd: folder, encoding: 'utf8', timeout: LONGEST_INSTALL_MS })
  if (status !== 0) throw new Error(`npm ci failed in test/conformance. Is the network there? ${stderr}`)
}

function lockedVersion(file: string, name: string): string | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, file), 'utf8')).packages[name].version
  } catch {
    return undefined
  }
}

/** `ids` are the tests to run; without them all of them. */
export async function runSuite(
  door: (originPort: number) => RequestListener,
  ids?: readonly string[],
): Promise<readonly Result[]> {
  const child = fork(join(folder, 'suite.mjs'), { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const timer = setTimeout(() => child.kill('SIGKILL'), LONGEST_RUN_MS)
  try {
    const { origin } = await messageOf<{ origin: number }>(child)
    const app = await listen(door(origin))
    try {
      child.send({ base: app.base, ids })
      return (await messageOf<{ results: Result[] }>(child)).results
    } finally {
      await app.close()
    }
  } finally {
    clearTimeout(timer)
    child.kill()
  }
}

function messageOf<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null, signal: string | null) =>
      reject(new Error(`the suite ended before its time (${signal ?? code})`))
    child.once('exit', onExit)
    child.once('message', message => {
      child.removeListener('exit', onExit)
      resolve(message as T)
    })
  })
}
