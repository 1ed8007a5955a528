// What every script needs first: a Node that is new enough, and the packages that package-lock.json names.

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** The folder of the repository. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)))

const oldestNode = [20, 19]

/** Checks Node, and runs `npm ci` when what is installed is not what package-lock.json names. Ends the process when it cannot. */
export function ensureInstalled() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1])) {
    quit(
      `Larder needs Node ${oldestNode.join('.')} or newer; this is ${process.version}. Node 22 and 24 are good choices.`,
    )
  }
  if (isInstalled()) return
  console.log('Installing the packages that package-lock.json names (npm ci), once …')
  const { command, args } = npm('ci', '--include=dev', '--no-audit', '--no-fund')
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  if (result.error) quit(`npm could not be started (${result.error.message}). It comes with Node: is it on your PATH?`)
  if (result.status !== 0) {
    quit(
      'npm ci failed; its message stands above. Is the network there? `npm ci` by hand in this folder shows it again.',
    )
  }
}

/** How to run npm without a shell: its own JavaScript where that can be found, since npm.cmd needs a shell on Windows. */
export function npm(...args) {
  const nodeFolder = dirname(process.execPath)
  const script = [
    basename(process.env.npm_execpath ?? '') === 'npm-cli.js' ? process.env.npm_execpath : undefined,
    join(nodeFolder, 'node_modules/npm/bin/npm-cli.js'),
    join(nodeFolder, '../lib/node_modules/npm/bin/npm-cli.js'),
  ].find(path => path !== undefined && existsSync(path))
  return script === undefined ? { command: 'npm', args } : { command: process.execPath, args: [script, ...args] }
}

/** npm notes what it installed in a lockfile of its own; an installation that broke off leaves none. */
function isInstalled() {
  const wanted = lockedPackages('package-lock.json')
  const present = lockedPackages('node_modules/.package-lock.json')
  return Object.entries(wanted).every(([path, { version, integrity, optional }]) => {
    if (path === '') return true
    const found = present[path]
    if (found === undefined) return optional === true
    return found.version === version && found.integrity === integrity
  })
}

function lockedPackages(file) {
  try {
    return JSON.parse(readFileSync(join(root, file), 'utf8')).packages
  } catch {
    return {}
  }
}

function quit(message) {
  console.error(message)
  process.exit(1)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) ensureInstalled()
