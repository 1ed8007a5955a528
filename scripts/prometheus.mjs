// Finds a Prometheus for the tests, and fetches one without root where it can.

import { spawnSync } from 'node:child_process'
import { accessSync, constants, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { root } from './setup.mjs'

const cache = join(root, '.cache/prometheus')
const cached = join(cache, 'usr/bin/prometheus')

/** The path of a Prometheus that starts: TEST_PROMETHEUS, the PATH, or the cached copy. */
export function findPrometheus() {
  const named = process.env.TEST_PROMETHEUS
  if (named) return named
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/bin', '/opt/homebrew/bin']
  return [...folders.map(folder => join(folder, 'prometheus')), cached].find(path => isExecutable(path) && starts(path))
}

/** As findPrometheus, but on Debian and Ubuntu the package is downloaded and unpacked into .cache/; nothing is installed. */
export function providePrometheus() {
  return findPrometheus() ?? (unpackDebianPackage() ? findPrometheus() : undefined)
}

export const installHint =
  'no Prometheus here, and none could be fetched: install one, or name it, TEST_PROMETHEUS=/path/to/prometheus'

function unpackDebianPackage() {
  const part = `${cache}.${process.pid}`
  try {
    mkdirSync(part, { recursive: true })
    const download = () => run('apt-get', ['download', 'prometheus'], part)
    if (!download() && !(run('apt-get', ['update']) && download())) return false
    const [name] = readdirSync(part)
    // One program without libraries. What its pages need beside it is not asked for here.
    if (name === undefined || !run('dpkg', ['-x', name, part], part)) return false
    rmSync(join(part, name))
    rmSync(cache, { recursive: true, force: true })
    renameSync(part, cache)
    return true
  } catch {
    return false
  } finally {
    rmSync(part, { recursive: true, force: true })
  }
}

const quiet = { stdio: ['ignore', 'pipe', 'pipe'], timeout: 120_000, env: { ...process.env, LC_ALL: 'C' } }

function run(command, args, cwd = root) {
  return spawnSync(command, args, { ...quiet, cwd }).status === 0
}

function starts(path) {
  return spawnSync(path, ['--version'], { ...quiet, timeout: 10_000 }).status === 0
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
