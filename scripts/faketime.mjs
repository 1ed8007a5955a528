// Finds libfaketime, which moves the wall clock of a process, and fetches it without root where it can.

import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { unpackDebianPackages } from './debian.mjs'
import { root } from './setup.mjs'

const cache = join(root, '.cache/faketime')

/** The path of the library for programs with threads, or `undefined`. */
export function findFaketime() {
  if (process.platform !== 'linux') return undefined
  const folders = ['/usr', join(cache, 'root/usr')].flatMap(usr => [join(usr, 'lib'), ...librariesOf(join(usr, 'lib'))])
  return folders.map(folder => join(folder, 'faketime/libfaketimeMT.so.1')).find(path => existsSync(path))
}

/** As findFaketime, but fetches it when there is none. The tests that want it are skipped where it cannot be had. */
export function provideFaketime() {
  const found = findFaketime()
  if (found !== undefined || process.platform !== 'linux') return found
  unpackDebianPackages({
    folder: cache,
    packages: ['libfaketime'],
    isThere: () => findFaketime() !== undefined,
    prepare: part => librariesOf(join(part, 'root/usr/lib')).length > 0,
  })
  return findFaketime()
}

/** Debian has a folder for each architecture. */
function librariesOf(folder) {
  const names = existsSync(folder) ? readdirSync(folder) : []
  return names.filter(name => name.includes('-linux-')).map(name => join(folder, name))
}
