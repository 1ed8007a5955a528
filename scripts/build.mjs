// npm run build: compiles every package into its dist, each after the packages that it depends on.

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ensureInstalled, root } from './setup.mjs'

/** Builds the packages under `folder`/packages and returns their names, in the order of building. Throws when one fails. */
export function build(folder = root) {
  const packages = inOrder(readPackages(folder))
  for (const { path, manifest } of packages) {
    const dist = join(path, 'dist')
    rmSync(dist, { recursive: true, force: true })
    const compiler = join(root, 'node_modules/typescript/bin/tsc')
    const result = spawnSync(process.execPath, [compiler, '-p', join(path, 'tsconfig.json'), '--pretty', 'false'], {
      cwd: folder,
      encoding: 'utf8',
    })
    if (result.status !== 0) throw new Error(`${manifest.name} does not build:\n${result.stdout}${result.stderr}`)
    rewriteDeclarations(dist)
  }
  return packages.map(({ manifest }) => manifest.name)
}

/** Every folder under packages that has a manifest and a tsconfig.json. */
function readPackages(folder) {
  return readdirSync(join(folder, 'packages'))
    .map(name => join(folder, 'packages', name))
    .filter(path => existsSync(join(path, 'package.json')) && existsSync(join(path, 'tsconfig.json')))
    .map(path => ({ path, manifest: JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) }))
}

/** Dependencies first. */
function inOrder(packages) {
  const byName = new Map(packages.map(part => [part.manifest.name, part]))
  const ordered = new Set()
  function place(part, above) {
    if (ordered.has(part)) return
    const name = part.manifest.name
    if (above.includes(name))
      throw new Error(`The packages depend on each other in a circle: ${[...above, name].join(' → ')}`)
    const { dependencies, peerDependencies } = part.manifest
    for (const needed of Object.keys({ ...dependencies, ...peerDependencies })) {
      if (byName.has(needed)) place(byName.get(needed), [...above, name])
    }
    ordered.add(part)
  }
  for (const part of packages) place(part, [])
  return [...ordered]
}

/** The compiler turns './x.ts' into './x.js' in the code, but leaves it in the declarations. */
function rewriteDeclarations(dist) {
  for (const file of readdirSync(dist, { recursive: true })) {
    if (!file.endsWith('.d.ts')) continue
    const path = join(dist, file)
    const text = readFileSync(path, 'utf8')
    writeFileSync(path, text.replace(/(\bfrom |\bimport |\bimport\()(['"])(\.[^'"]*)\.ts\2/g, '$1$2$3.js$2'))
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  ensureInstalled()
  try {
    console.log(`Built ${build().join(', ')}`)
  } catch (error) {
    console.error(error.message)
    process.exitCode = 1
  }
}
