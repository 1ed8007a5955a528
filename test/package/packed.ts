// Builds, packs and unpacks every package, so that tests see what a user gets from the registry and nothing else.

import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { build } from '../../scripts/build.mjs'
import { npm, root } from '../../scripts/setup.mjs'

export interface Manifest {
  readonly name: string
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

export interface PackedPackage {
  readonly manifest: Manifest
  readonly tarball: string
  /** Where it is unpacked, inside the project. */
  readonly folder: string
}

export interface PackedProject {
  /** A user's project, outside the repository, in which every package is installed. */
  readonly folder: string
  /** By the name of their folder under packages. */
  readonly packages: ReadonlyMap<string, PackedPackage>
  remove(): void
}

/** The folders under packages that hold a package. */
export const packageFolders = readdirSync(join(root, 'packages')).filter(name =>
  existsSync(join(root, 'packages', name, 'package.json')),
)

export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8')) as Manifest
}

export function packAll(): PackedProject {
  // The build runs in a copy, so that it disturbs nobody's dist; inside the repository, so that it finds node_modules.
  const copy = join(root, '.cache', `pack-${process.pid}`)
  const folder = mkdtempSync(join(tmpdir(), 'larder-consumer-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  try {
    copyPackages(copy)
    build(copy)
    const packages = new Map<string, PackedPackage>()
    for (const name of packageFolders)
      packages.set(name, install(name, pack(join(copy, 'packages', name), folder), folder))
    cpSync(join(root, 'test/package/consumer'), folder, { recursive: true })
    link('@types/node', folder)
    return { folder, packages, remove }
  } catch (error) {
    remove()
    throw error
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

function copyPackages(copy: string): void {
  rmSync(copy, { recursive: true, force: true })
  cpSync(join(root, 'tsconfig.base.json'), join(copy, 'tsconfig.base.json'))
  for (const name of packageFolders) {
    const source = join(root, 'packages', name)
    const target = join(copy, 'packages', name)
    const wanted = (path: string): boolean => !['dist', 'node_modules', 'test'].includes(basename(path))
    cpSync(source, target, { recursive: true, filter: wanted })
    if (existsSync(join(source, 'node_modules')))
      symlinkSync(join(source, 'node_modules'), join(target, 'node_modules'))
    linkTo(target, join(copy, 'node_modules', readManifest(name).name))
  }
}

function pack(source: string, destination: string): string {
  const { command, args } = npm('pack', '--silent', '--ignore-scripts', '--pack-destination', destination)
  const output = execFileSync(command, args, { cwd: source, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  return join(destination, output.trim())
}

/**
 * What `npm install` would do with the tarball, without a registry: unpacks it, and links the dependencies that it declares, those alone,
 * from this repository. An import that the package does not declare is not found.
 */
function install(name: string, tarball: string, project: string): PackedPackage {
  const manifest = readManifest(name)
  const folder = join(project, 'node_modules', manifest.name)
  mkdirSync(folder, { recursive: true })
  execFileSync('tar', ['-xzf', tarball, '--strip-components=1', '-C', folder])
  const outside = (names: object = {}): string[] => Object.keys(names).filter(each => !each.startsWith('@larder/'))
  for (const dependency of outside(manifest.dependencies)) link(dependency, folder, name)
  for (const peer of outside(manifest.peerDependencies)) {
    link(peer, project, name)
    if (existsSync(join(root, 'node_modules/@types', peer))) link(`@types/${peer}`, project)
  }
  return { manifest, tarball, folder }
}

/** Links a third party's package into `folder`/node_modules, in the version that the package `user` has. */
function link(name: string, folder: string, user = ''): void {
  const own = join(root, 'packages', user, 'node_modules', name)
  linkTo(existsSync(own) ? own : join(root, 'node_modules', name), join(folder, 'node_modules', name))
}

function linkTo(target: string, path: string): void {
  if (existsSync(path)) return
  mkdirSync(dirname(path), { recursive: true })
  symlinkSync(target, path, 'junction')
}
