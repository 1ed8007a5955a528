// Finds a Redis server for the tests, or a Valkey, and fetches one without root where it can.

import { accessSync, chmodSync, constants, renameSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { run, unpackDebianPackages } from './debian.mjs'
import { root } from './setup.mjs'

// REDIS_URL is not looked at: the tests flush, freeze and kill their servers, so they only touch those that they start.

/** By the name that TEST_REDIS_SERVER may have instead of a path. The package of the server holds only the service; the program lies in another. */
const kinds = {
  redis: { programs: ['redis-server', 'valkey-server'], package: 'redis-tools', program: 'redis-check-rdb' },
  valkey: { programs: ['valkey-server'], package: 'valkey-tools', program: 'valkey-check-rdb' },
}

/** The path of a server that starts: TEST_REDIS_SERVER, the PATH, or the cached copy. */
export function findRedisServer() {
  const named = process.env.TEST_REDIS_SERVER
  if (named && kinds[named] === undefined) return named
  const kind = named || 'redis'
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/bin', '/opt/homebrew/bin']
  const candidates = folders.flatMap(folder => kinds[kind].programs.map(name => join(folder, name)))
  return [...candidates, cachedServer(kind)].find(path => isExecutable(path) && starts(path))
}

/** As findRedisServer, but fetches a server when there is none. */
export function provideRedisServer() {
  const found = findRedisServer()
  if (found !== undefined) return found
  const kind = process.env.TEST_REDIS_SERVER || 'redis'
  console.log(`No ${kind}-server on the PATH: fetching one for the tests, once …`)
  if (unpackServer(kind) || installAsRoot(kind)) return findRedisServer()
  return undefined
}

export const installHint = `The tests need a real Redis server, and none could be fetched. Install one, or name one:
  Debian, Ubuntu   sudo apt-get install redis-server
  Fedora           sudo dnf install valkey
  Alpine           sudo apk add redis
  macOS            brew install redis
  elsewhere        TEST_REDIS_SERVER=/path/to/redis-server npm test`

function cachedServer(kind) {
  return join(root, '.cache', kind, `${kind}-server`)
}

/** Debian and Ubuntu: into .cache/redis or .cache/valkey. */
function unpackServer(kind) {
  const name = `${kind}-server`
  return unpackDebianPackages({
    folder: join(root, '.cache', kind),
    packages: [kinds[kind].package],
    libraries: ['libjemalloc2', 'liblzf1'],
    isThere: () => isExecutable(cachedServer(kind)) && starts(cachedServer(kind)),
    prepare(part) {
      // It looks at its name to know what it is. `exec` keeps the process id, so that a signal reaches the server itself.
      renameSync(join(part, 'root/usr/bin', kinds[kind].program), join(part, 'root/usr/bin', name))
      writeFileSync(join(part, name), wrapper(name))
      chmodSync(join(part, name), 0o755)
      return starts(join(part, name))
    },
  })
}

const wrapper = name => `#!/bin/sh
# Runs the unpacked server with the libraries that lie beside it.
here=$(cd "$(dirname "$0")" && pwd)/root/usr
LD_LIBRARY_PATH=$(echo "$here"/lib/*-linux-*):$here/lib exec "$here/bin/${name}" "$@"
`

/** Only as root, as in a container: elsewhere a test run installs nothing. */
function installAsRoot(kind) {
  if (process.getuid?.() !== 0) return false
  return (
    run('apk', ['add', '--no-cache', kind]) ||
    run('dnf', ['install', '--assumeyes', 'valkey']) ||
    run('pacman', ['--sync', '--noconfirm', 'valkey'])
  )
}

function starts(path) {
  return run(path, ['--version'])
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
