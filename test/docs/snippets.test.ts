// Every snippet of every page is run. What cannot be run says why; a kind that is not known fails.

import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect } from 'chai'
import { root } from '../../scripts/setup.mjs'
import { filesBelow } from '../support/source-files.ts'
import { commandFault } from './commands.ts'
import { programOf, readSnippets, type Snippet } from './pages.ts'
import { runSnippet } from './run-snippet.ts'
import { parseSteps } from './steps.ts'

const pages = ['README.md', 'CONTRIBUTING.md', 'docs', 'packages', 'examples']
  .flatMap(place =>
    place.endsWith('.md') ? [join(root, place)] : filesBelow(join(root, place)).filter(path => path.endsWith('.md')),
  )
  .map(path => relative(root, path).replaceAll('\\', '/'))

/** Kinds that show something: nothing to run. */
const shown = new Set(['text', 'http', 'md', 'mermaid'])

/** Inside the repository, so that the snippets find Larder and the frameworks. */
const folder = join(root, '.cache', `snippets-${process.pid}`)

describe('documentation', function () {
  this.timeout(30_000)
  const programs = new Map<string, Snippet>()
  before(() => {
    for (const [path, snippet] of programs) save(path, programOf(snippet))
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  for (const page of pages) {
    describe(page, () => {
      const snippets = read(page)
      const asked = new Set(
        snippets
          .flatMap(({ directives }) => parseSteps(directives.get('run') ?? ''))
          .map(({ method, path }) => `${method} ${path}`),
      )
      for (const [index, snippet] of snippets.entries()) {
        const { where, kind, code, directives } = snippet
        const path = join(
          folder,
          page.replace(/\W/g, '-'),
          directives.get('file') ?? `snippet-${index + 1}.${endingOf(snippet)}`,
        )
        if (kind === 'ts' || kind === 'js') programs.set(path, snippet)

        if (directives.has('not run')) {
          it.skip(`${where} is not run: ${directives.get('not run')}`)
        } else if (kind === 'sh') {
          it(`${where} names commands that work`, () => {
            const faults = code
              .replaceAll('\\\n', ' ')
              .split('\n')
              .map(line => commandFault(line, asked))
            expect(faults.filter(fault => fault !== undefined)).to.deep.equal([])
          })
        } else if (directives.has('file')) {
          it(`${where} is used by another snippet of its page`, () => {
            const uses = snippets.filter(
              each =>
                each !== snippet &&
                `${each.code}${each.directives.get('args')}`.includes(`./${directives.get('file')}`),
            )
            expect(uses).not.to.have.length(0)
          })
        } else if (kind === 'ts' && directives.has('types')) {
          // The typecheck below is all it needs.
        } else if (kind === 'ts' || kind === 'js') {
          it(`${where} runs`, () => runSnippet(snippet, path))
        } else if (kind === 'json') {
          it(`${where} is JSON`, () => JSON.parse(code))
        } else if (!shown.has(kind)) {
          it(`${where} is of a kind that is checked`, () => {
            expect.fail(
              `Nothing runs a snippet of the kind '${kind}'. Known are ts, js, sh, json, and to show: ${[...shown].join(', ')}`,
            )
          })
        }
      }
    })
  }

  it('typechecks', () => {
    save(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        extends: '../../tsconfig.json',
        compilerOptions: {
          moduleDetection: 'force',
          skipLibCheck: true,
          noUnusedLocals: false,
          noUnusedParameters: false,
        },
        include: ['**/*.ts'],
      }),
    )
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], {
      cwd: folder,
      encoding: 'utf8',
    })
    const faults = stdout.split('\n').filter(line => line !== '')
    expect(
      faults.map(line => line.replace(/^[^(]+/, file => `${programs.get(join(folder, file))?.where ?? file} `)),
    ).to.deep.equal([])
  })
})

/** A page that cannot be read is one failing test. */
function read(page: string): Snippet[] {
  try {
    return readSnippets(page, readFileSync(join(root, page), 'utf8'))
  } catch (error) {
    it('can be read', () => {
      throw error
    })
    return []
  }
}

function endingOf({ kind, code }: Snippet): string {
  return kind === 'js' && /\brequire\(/.test(code) && !/^import /m.test(code) ? 'cjs' : kind
}

function save(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
