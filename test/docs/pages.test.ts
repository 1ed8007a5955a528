// The directives of snippets do what CONTRIBUTING.md says, and nothing slips through.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { root } from '../../scripts/setup.mjs'
import { commandFault } from './commands.ts'
import { programOf, readSnippets, type Snippet } from './pages.ts'
import { runSnippet } from './run-snippet.ts'
import { parseSteps } from './steps.ts'

const fence = (kind: string, code: string): string => `\`\`\`${kind}\n${code}\n\`\`\`\n`
const server =
  "import { createServer } from 'node:http'\ncreateServer((req, res) => res.setHeader('x-a', 'b').end(req.headers.cookie)).listen(80)"
const folder = join(root, '.cache', `pages-${process.pid}`)

describe('snippets of a page', function () {
  this.timeout(20_000)
  before(() => mkdirSync(folder, { recursive: true }))
  after(() => rmSync(folder, { recursive: true, force: true }))

  /** Runs the last snippet; what it says when it fails. */
  async function fault(page: string): Promise<string> {
    const snippets = readSnippets('page.md', page)
    let path = ''
    for (const [index, snippet] of snippets.entries()) {
      path = join(folder, snippet.directives.get('file') ?? `${index}.mts`)
      writeFileSync(path, programOf(snippet))
    }
    try {
      await runSnippet(snippets.at(-1) as Snippet, path)
      return 'none'
    } catch (error) {
      return (error as Error).message
    }
  }

  it('take the code before them with continues, and the code around them from the context', () => {
    const page = `<!-- context:\nconst before = 1\n// snippet\nconst after = 2\n-->\n${fence('ts', 'one()')}\n<!-- continues -->\n${fence('ts', 'two()')}
<!-- alone -->\n${fence('ts', 'three()')}\n<!-- context -->\n${fence('ts', 'four()')}`
    const programs = readSnippets('page.md', page).map(programOf)
    expect(programs.map(program => program.match(/\w+(?=\(\))|before|after/g))).to.deep.equal([
      ['before', 'one', 'after'],
      ['before', 'one', 'two', 'after'],
      ['three'],
      ['four'],
    ])
  })

  it('are refused where a comment is misspelt, stands before nothing, or has no end', () => {
    for (const page of [
      `<!-- continue -->\n${fence('ts', 'a')}`,
      `<!-- types -->\n\nText.\n\n${fence('ts', 'a')}`,
      `<!-- continues -->\n${fence('ts', 'a')}`,
      '```ts\nnever ends',
      '<!-- run: never ends',
    ]) {
      expect(() => readSnippets('page.md', page), page).to.throw(/page\.md:/)
    }
  })

  it('fail by themselves', async () => {
    expect(await fault(fence('ts', 'console.log(1)'))).to.equal('none')
    expect(await fault(fence('ts', "throw new Error('oh')"))).to.include('oh')
  })

  it('keep what they promise to print and to throw', async () => {
    expect(await fault(`<!-- prints: 42 -->\n${fence('ts', 'console.log(6 * 7)')}`)).to.equal('none')
    expect(await fault(`<!-- prints: 43 -->\n${fence('ts', 'console.log(6 * 7)')}`)).to.include('43')
    expect(await fault(`<!-- throws: oh -->\n${fence('ts', "throw new Error('oh')")}`)).to.equal('none')
    expect(await fault(`<!-- throws: oh -->\n${fence('ts', 'console.log(1)')}`)).not.to.equal('none')
  })

  it('are asked as servers, and only as servers', async () => {
    const run = (steps: string, code = server): Promise<string> =>
      fault(`<!-- run:\n${steps}\n-->\n${fence('ts', code)}`)
    expect(await run('GET / [Cookie: c=d] → 200, "c=d", x-a: b, no x-c')).to.equal('none')
    expect(await run('GET / → 404')).to.include('404')
    expect(await run('GET / → 200, hit')).to.include('hit')
    expect(await run('GET / → 200', 'console.log(1)')).to.include('without listening')
    expect(await fault(fence('ts', server))).to.include('say in <!-- run')
    expect(() => parseSteps('GET / 200')).to.throw(/Not a step/)
  })

  it('find the files of their page, arguments, and Redis', async () => {
    const file = `<!-- file: early.mts -->\n${fence('ts', 'globalThis.name = process.env.REDIS_URL')}`
    const user = `<!-- args: --import ./early.mts -->\n<!-- needs: redis -->\n<!-- prints: redis://127 -->\n${fence('ts', 'console.log(name)')}`
    expect(await fault(file + user)).to.equal('none')
  })

  it('name only commands that are known', () => {
    const asked = new Set(['GET /a?b=1'])
    for (const line of [
      'npm test',
      'npm run lint',
      'npm install @larder/core',
      'curl -i localhost:3000/a?b=1',
      '# text',
      '.ci/run',
    ]) {
      expect(commandFault(line, asked), line).to.equal(undefined)
    }
    for (const line of [
      'npm run nonsense',
      'npm install @larder/cor',
      'curl localhost:3000/b',
      'curl -X PUT localhost:3000/a?b=1',
      'rm x',
      'node scripts/x.mjs',
    ]) {
      expect(commandFault(line, asked), line).to.be.a('string')
    }
  })
})
