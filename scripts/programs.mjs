// Programs that benchmarks use where they can be had: on the PATH, or unpacked from Debian's packages into .cache, without root.

import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { unpackDebianPackages } from './debian.mjs'
import { root } from './setup.mjs'

/** What a program's packages are, and where it lies in them. */
const programs = {
  wrk: { packages: ['wrk'], path: 'usr/bin/wrk' },
  nginx: { packages: ['nginx'], path: 'usr/sbin/nginx' },
  varnishd: { packages: ['varnish'], path: 'usr/sbin/varnishd' },
}

/** The path of a program that is there, or undefined. It may need `environmentOf` it. */
export function findProgram(name) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin']
  return [...folders.map(folder => join(folder, name)), unpacked(name)].find(isExecutable)
}

/** As findProgram, but fetches it where apt can. */
export function provideProgram(name) {
  const found = findProgram(name)
  if (found !== undefined) return found
  unpackDebianPackages({
    folder: folderOf(name),
    packages: programs[name].packages,
    prepare: part => existsSync(join(part, 'root', programs[name].path)),
    isThere: () => isExecutable(unpacked(name)),
  })
  return findProgram(name)
}

/** The folder that stands for / where the program was unpacked; undefined where the system has it. */
export function unpackedRoot(name) {
  return findProgram(name) === unpacked(name) ? join(folderOf(name), 'root') : undefined
}

/** The environment in which an unpacked program finds its libraries. */
export function environmentOf(name) {
  const folder = unpackedRoot(name)
  if (folder === undefined) return process.env
  const { arch } = process
  const triplet = { x64: 'x86_64', arm64: 'aarch64' }[arch] ?? arch
  const libraries = ['lib', 'usr/lib'].flatMap(lib => [join(folder, lib, `${triplet}-linux-gnu`), join(folder, lib)])
  return { ...process.env, LD_LIBRARY_PATH: [...libraries, join(folder, 'usr/lib/varnish')].join(delimiter) }
}

function folderOf(name) {
  return join(root, '.cache', name)
}

function unpacked(name) {
  return join(folderOf(name), 'root', programs[name].path)
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
