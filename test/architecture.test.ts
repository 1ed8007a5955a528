// The plan of the house, held against every import line: arrows point down only.

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { homedir } from 'node:os'
import { join, posix } from 'node:path'
import { expect } from 'chai'
import { root } from '../scripts/setup.mjs'
import { filesBelow, importsOf, type SourceFile, sourceFiles, withoutComments } from './support/source-files.ts'

/** The lower row: they know neither a framework nor each other. Every package that is named nowhere here stands in the row above. */
const lowerRow: Readonly<Record<string, readonly string[]>> = {
  core: ['lru-cache', 'cockatiel', 'structured-headers'],
  lifecycle: [],
}

/** The top: it wires the rows below, and knows neither a framework nor a door. */
const topRow: readonly string[] = ['service']

const frameworks = ['express', 'koa']

const packages = [...new Set(sourceFiles('packages').map(file => file.path.split('/')[1]!))]
const packageSources = sourceFiles('packages').filter(file => /^packages\/[^/]+\/src\//.test(file.path))
const packageTests = sourceFiles('packages').filter(file => /^packages\/[^/]+\/test\//.test(file.path))
const examples = sourceFiles('examples')
const tests = sourceFiles('test')
const below = (folder: string): SourceFile[] => packageSources.filter(file => file.path.startsWith(folder))

describe('architecture', () => {
  describe('imports', () => {
    it('of a package in the lower row are Node, its own files, and the few libraries of the plan', () => {
      for (const [name, libraries] of Object.entries(lowerRow)) {
        expectImports(below(`packages/${name}/src/`), ({ specifier, target }) =>
          target === undefined
            ? isNode(specifier) || libraries.includes(packageOf(specifier))
            : target.startsWith(`packages/${name}/src/`),
        )
      }
    })

    it('of a package in the upper row are never a sibling, and what it declares', () => {
      for (const name of packages.filter(each => lowerRow[each] === undefined && !topRow.includes(each))) {
        const { dependencies, peerDependencies } = manifest(`packages/${name}`)
        const declared = Object.keys({ ...dependencies, ...peerDependencies })
        expect(
          declared.filter(each => isSibling(each, name)),
          `packages/${name}/package.json`,
        ).to.deep.equal([])
        expectImports(below(`packages/${name}/src/`), ({ specifier, target }) =>
          target === undefined
            ? isNode(specifier) || (declared.includes(packageOf(specifier)) && !isSibling(specifier, name))
            : target.startsWith(`packages/${name}/src/`),
        )
      }
    })

    it('of the package at the top are the rows below without the doors, and what it declares', () => {
      for (const name of topRow) {
        const { dependencies, peerDependencies } = manifest(`packages/${name}`)
        const declared = Object.keys({ ...dependencies, ...peerDependencies })
        expect(declared.filter(isDoor), `packages/${name}/package.json`).to.deep.equal([])
        expectImports(below(`packages/${name}/src/`), ({ specifier, target }) =>
          target === undefined
            ? isNode(specifier) || declared.includes(packageOf(specifier))
            : target.startsWith(`packages/${name}/src/`),
        )
      }
    })

    it('of core/src/http stay in http', () => {
      expectImports(
        below('packages/core/src/http/'),
        ({ target }) => target?.startsWith('packages/core/src/http/') === true,
      )
    })

    it('of core/src/policy are http, policy and the parser of structured fields', () => {
      expectImports(
        below('packages/core/src/policy/'),
        ({ specifier, target }) =>
          specifier === 'structured-headers' || /^packages\/core\/src\/(http|policy)\//.test(target ?? ''),
      )
    })

    it("of a package's tests stay in the package, the row below, and the common support", () => {
      expectImports(packageTests, ({ path, specifier, target }) => {
        const name = path.split('/')[1]!
        return target === undefined
          ? !isSibling(specifier, name) &&
              (lowerRow[name] === undefined || !isLarder(specifier) || packageOf(specifier) === `@larder/${name}`)
          : target.startsWith(`packages/${name}/`) || target.startsWith('test/support/')
      })
    })

    it('of examples and of tests name packages, and reach into none', () => {
      expectImports([...examples, ...tests], ({ target }) => target?.startsWith('packages/') !== true)
      expectImports(examples, ({ path, target }) => target === undefined || target.split('/')[1] === path.split('/')[1])
    })

    it('of a file name that file, ending included', () => {
      expectImports([...packageSources, ...packageTests, ...examples, ...tests], ({ target }) => {
        return target === undefined || existsSync(join(root, target))
      })
    })
  })

  describe('sources', () => {
    it('in policy and http are pure: no clock, no chance, no process, no timer', () => {
      const impure =
        /\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\b|\bprocess\b|\bglobalThis\b|\bMath\.random\b|\bset(Timeout|Interval|Immediate)\b/
      expectNone(
        packageSources.filter(file => /^packages\/core\/src\/(policy|http)\//.test(file.path)),
        impure,
      )
    })

    it('read process.env in packages/config alone', () => {
      expectNone(
        packageSources.filter(file => !file.path.startsWith('packages/config/')),
        /\bprocess\s*(\?\.|\.|\[['"])\s*env\b|\benv\b.*\bfrom 'node:process'/,
      )
    })

    it('name what they export, one by one', () => {
      expectNone([...packageSources, ...examples, ...tests], /^\s*export\s*\*/m)
    })

    it('are at most 300 lines long', () => {
      const lines = (file: SourceFile): number => file.text.trimEnd().split('\n').length
      const long = packageSources.filter(file => lines(file) > 300)
      expect(long.map(file => `${file.path}: ${lines(file)}`)).to.deep.equal([])
    })

    it('begin with a comment that says what they carry out, never their own path', () => {
      const bare = [...packageSources, ...packageTests, ...examples, ...tests].filter(file => {
        const first = file.text.replace(/^#!.*\n/, '').split('\n')[0]!
        return !/^(\/\/|\/\*)/.test(first) || first.includes(file.path)
      })
      expect(bare.map(file => file.path)).to.deep.equal([])
    })
  })

  describe('manifests', () => {
    it('pin every dependency exactly; only peers have ranges', () => {
      const loose: string[] = []
      for (const folder of ['.', ...workspaces()]) {
        const { dependencies, devDependencies, optionalDependencies } = manifest(folder)
        for (const [name, version] of Object.entries({
          ...dependencies,
          ...devDependencies,
          ...optionalDependencies,
        })) {
          if (!/^(npm:(@[^/@]+\/)?[^/@]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
            loose.push(`${folder}: ${name} ${version}`)
        }
      }
      expect(loose).to.deep.equal([])
    })

    it('carry one version, which the packages ask of each other', () => {
      const versions = new Map(packages.map(name => [`@larder/${name}`, manifest(`packages/${name}`).version]))
      expect([...new Set(versions.values())]).to.have.length(1)
      for (const folder of workspaces()) {
        const { dependencies, peerDependencies } = manifest(folder)
        for (const [name, version] of Object.entries({ ...dependencies, ...peerDependencies })) {
          if (versions.has(name)) expect(version, `${folder}: ${name}`).to.equal(versions.get(name))
        }
      }
    })
  })

  it('mentions no package registry, no credential and no path of anybody’s machine', () => {
    const found: string[] = []
    const private_ = [root, homedir(), hostOf(process.env['npm_config_registry'])].filter(
      text => text.split('/').length > 2 || text.includes('.'),
    )
    const patterns = [
      /\/\/[^\s/'"`]*\b(registry|artifactory|nexus|verdaccio)\b[^\s/'"`]*/i,
      /"resolved": "https?:/,
      /_auth(?:Token)|_(?:password)\s*=/,
      /(^|[\s'"`(=:])(\/(home|Users)\/\w+|\/root\/|[A-Z]:\\Users\\)/m,
    ]
    for (const path of trackedFiles()) {
      const text = readFileSync(join(root, path), 'latin1')
      if (text.includes('\0')) continue
      for (const pattern of patterns) if (pattern.test(text)) found.push(`${path}: ${pattern.exec(text)?.[0]?.trim()}`)
      for (const secret of private_) if (text.includes(secret)) found.push(`${path}: ${secret}`)
    }
    expect(found).to.deep.equal([])
  })

  it('is read as it is written: every form of import, and no comment', () => {
    const code = [
      "import a, { b } from 'one'",
      'import type {\n  c,\n} from "two"',
      "export { d } from './three.ts'",
      "export type { e } from 'four'",
      "import 'five'",
      "const f = await import('six')",
      "let g: import('seven').G",
      "const h = require('eight')",
      "export const text = 'nine'",
      "// import x from 'ten'",
      "/* import x from 'eleven' */ const url = 'http://twelve' // from 'thirteen'",
      "const quote = /['\"]/ // import('fourteen')",
    ].join('\n')
    const names = ['one', 'two', './three.ts', 'four', 'five', 'six', 'seven', 'eight']
    expect(importsOf(withoutComments(code))).to.have.members(names)
    expect(withoutComments(code)).to.include('http://twelve')
  })
})

interface ImportLine {
  /** The file that imports. */
  readonly path: string
  readonly specifier: string
  /** The imported file, from the root of the repository; `undefined` for a package. */
  readonly target: string | undefined
}

function expectImports(files: readonly SourceFile[], isAllowed: (line: ImportLine) => boolean): void {
  const wrong = files.flatMap(({ path, imports }) =>
    imports
      .map(specifier => ({
        path,
        specifier,
        target: /^\.\.?\//.test(specifier) ? posix.join(posix.dirname(path), specifier) : undefined,
      }))
      .filter(line => !isAllowed(line)),
  )
  expect(wrong.map(({ path, specifier }) => `${path} imports ${specifier}`)).to.deep.equal([])
}

function expectNone(files: readonly SourceFile[], pattern: RegExp): void {
  const wrong = files.filter(file => pattern.test(file.code))
  expect(wrong.map(file => `${file.path}: ${pattern.exec(file.code)?.[0]?.trim()}`)).to.deep.equal([])
}

function isNode(specifier: string): boolean {
  return specifier.startsWith('node:') && builtinModules.includes(specifier.slice('node:'.length))
}

function isLarder(specifier: string): boolean {
  return specifier.startsWith('@larder/')
}

/** Whether it is a package that `name` may not know: of its own row or above; for the top, a door. */
function isSibling(specifier: string, name: string): boolean {
  const short = packageOf(specifier).slice('@larder/'.length)
  if (!isLarder(specifier) || short === name || lowerRow[short] !== undefined) return false
  return topRow.includes(name) ? isDoor(specifier) || topRow.includes(short) : true
}

/** A door is a package for a framework. */
function isDoor(specifier: string): boolean {
  if (frameworks.includes(packageOf(specifier))) return true
  if (!isLarder(specifier)) return false
  const { dependencies, peerDependencies } = manifest(`packages/${packageOf(specifier).slice('@larder/'.length)}`)
  return Object.keys({ ...dependencies, ...peerDependencies }).some(each => frameworks.includes(each))
}

/** `@scope/name` or `name`, without the path inside the package. */
function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}

interface Manifest {
  readonly version?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

function manifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest
}

function workspaces(): string[] {
  const manifests = [...filesBelow(join(root, 'packages')), ...filesBelow(join(root, 'examples'))]
  return manifests
    .filter(path => /[\\/](packages|examples)[\\/][^\\/]+[\\/]package\.json$/.test(path))
    .map(path => posix.dirname(path.slice(root.length + 1).replaceAll('\\', '/')))
}

function hostOf(url: string | undefined): string {
  return url === undefined || !URL.canParse(url) ? '' : new URL(url).host
}

/** What git tracks; where there is no git, all that is not ignored. */
function trackedFiles(): string[] {
  const git = spawnSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
  const tracked =
    git.status === 0
      ? git.stdout.split('\0').filter(Boolean)
      : filesBelow(root).map(path => path.slice(root.length + 1))
  return tracked.filter(path => existsSync(join(root, path)))
}
