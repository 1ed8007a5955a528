// Finds a Redis server for the tests, and fetches one without root where it can.

import { spawnSync } from 'node:child_process'
import { accessSync, chmodSync, constants, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { root } from './setup.mjs'

// REDIS_URL is not looked at: the tests flush, freeze and kill their servers, so they only touch those that they start.

const cache = join(root, '.cache/redis')
const cachedServer = join(cache, 'redis-server')

/** The path of a server that starts: LARDER_REDIS_SERVER, the PATH, or the cached copy. */
export function findRedisServer() {
  const named = process.env.LARDER_REDIS_SERVER
  if (named) return named
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/bin', '/opt/homebrew/bin']
  const candidates = folders.flatMap(folder => ['redis-server', 'valkey-server'].map(name => join(folder, name)))
  return [...candidates, cachedServer].find(path => isExecutable(path) && starts(path))
}

/** As findRedisServer, but fetches a server when there is none. */
export function provideRedisServer() {
  const found = findRedisServer()
  if (found !== undefined) return found
  console.log('No redis-server on the PATH: fetching one for the tests, once …')
  if (unpackDebianPackages() || installAsRoot()) return findRedisServer()
  return undefined
}

export const installHint = `The tests need a real Redis server, and none could be fetched. Install one, or name one:
  Debian, Ubuntu   sudo apt-get install redis-server
  Fedora           sudo dnf install valkey
  Alpine           sudo apk add redis
  macOS            brew install redis
  elsewhere        LARDER_REDIS_SERVER=/path/to/redis-server npm test`

/** Debian and Ubuntu: the packages are downloaded and unpacked into .cache/redis; nothing is installed. */
function unpackDebianPackages() {
  const part = `${cache}.${process.pid}`
  const unpacked = join(part, 'root')
  try {
    mkdirSync(unpacked, { recursive: true })
    const debs = () => readdirSync(part).filter(name => name.endsWith('.deb'))
    // The package redis-server holds only the service; the program itself lies in redis-tools, as redis-check-rdb.
    const download = () => run('apt-get', ['download', ...missingDebianPackages()], part)
    if (!download() && !(run('apt-get', ['update']) && download())) return false
    if (!debs().every(name => run('dpkg', ['-x', name, unpacked], part))) return false
    for (const name of debs()) rmSync(join(part, name))
    // It looks at its name to know what it is. `exec` keeps the process id, so that a signal reaches the server itself.
    writeFileSync(join(part, 'redis-server'), wrapper)
    chmodSync(join(part, 'redis-server'), 0o755)
    renameSync(join(unpacked, 'usr/bin/redis-check-rdb'), join(unpacked, 'usr/bin/redis-server'))
    if (!starts(join(part, 'redis-server'))) return false
    // Two runs may fetch at once: the one that comes second keeps what the first left.
    if (isExecutable(cachedServer) && starts(cachedServer)) return true
    rmSync(cache, { recursive: true, force: true })
    renameSync(part, cache)
    return true
  } catch {
    return false
  } finally {
    rmSync(part, { recursive: true, force: true })
  }
}

const wrapper = `#!/bin/sh
# Runs the unpacked server with the libraries that lie beside it.
here=$(cd "$(dirname "$0")" && pwd)/root/usr
LD_LIBRARY_PATH=$(echo "$here"/lib/*-linux-*):$here/lib exec "$here/bin/redis-server" "$@"
`

/** redis-tools and those libraries it needs that this system lacks: what apt itself would install. */
function missingDebianPackages() {
  const plan = spawnSync('apt-get', ['--simulate', '--no-install-recommends', 'install', 'redis-tools'], quiet)
  const named = [...String(plan.stdout ?? '').matchAll(/^Inst (\S+)/gm)].map(match => match[1])
  return named.length > 0 ? [...new Set(['redis-tools', ...named])] : ['redis-tools', 'libjemalloc2', 'liblzf1']
}

/** Only as root, as in a container: elsewhere a test run installs nothing. */
function installAsRoot() {
  if (process.getuid?.() !== 0) return false
  return (
    run('apk', ['add', '--no-cache', 'redis']) ||
    run('dnf', ['install', '--assumeyes', 'valkey']) ||
    run('pacman', ['--sync', '--noconfirm', 'valkey'])
  )
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
