// What a command in a page must be, so that it is known to work. A kind of command that stands not here fails the test.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../scripts/setup.mjs'
import { packageFolders, readManifest } from '../package/packed.ts'

/** Commands that need no proof. */
const plain = new Set(['cd larder'])

/** What the application that `npm start` starts answers; test/examples asks for each. */
const exampleRoutes = new Set(['GET /', 'GET /events', 'GET /health'])

/** Says what is wrong with the command, or nothing. `asked` are the requests that snippets of the same page made. */
export function commandFault(line: string, asked: ReadonlySet<string>): string | undefined {
  const words =
    line
      .trim()
      .replace(/^(?:[A-Z_]+=\S+\s+)+/, '')
      .match(/'[^']*'|"[^"]*"|\S+/g) ?? []
  const command = words.join(' ')
  if (command === '' || command.startsWith('#') || plain.has(command)) return undefined
  const missing = words.find(word => /^[\w.-]+\/.*\.\w+$/.test(word) && !existsSync(join(root, word)))
  if (missing !== undefined) return `there is no file ${missing}`
  switch (words[0]) {
    case 'npm':
      return npmFault(words.slice(1))
    case 'curl':
      return curlFault(words.slice(1), asked)
    case 'node':
    case '.ci/run':
      return undefined
    default:
      return `test/docs/commands.ts does not know this command: ${command}`
  }
}

function npmFault([verb = '', ...rest]: readonly string[]): string | undefined {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  if (verb === 'ci') return undefined
  if (verb === 'install') {
    const manifests = packageFolders.map(readManifest)
    const known = new Set(
      manifests.flatMap(({ name, dependencies, peerDependencies }) => [
        name,
        ...Object.keys({ ...dependencies, ...peerDependencies }),
      ]),
    )
    const unknown = rest.filter(name => !known.has(name))
    return unknown.length > 0 ? `no package of ours, nor a dependency of one: ${unknown}` : undefined
  }
  const script = verb === 'run' ? rest[0] : verb
  const body = scripts[script ?? '']
  if (body === undefined) return `package.json has no script ${script}`
  const file = /^node (\S+)/.exec(body)?.[1]
  return file !== undefined && !existsSync(join(root, file))
    ? `npm ${verb} runs ${file}, which does not exist`
    : undefined
}

function curlFault(words: readonly string[], asked: ReadonlySet<string>): string | undefined {
  const url = words
    .map(word => word.replace(/^['"]|['"]$/g, ''))
    .find(word => /^(https?:\/\/)?localhost[:/]/.test(word))
  if (url === undefined) return 'this curl asks nothing of localhost'
  const method = words[words.findIndex(word => word === '-X' || word === '--request') + 1]
  const { pathname, search } = new URL(url.startsWith('http') ? url : `http://${url}`)
  const request = `${words.some(word => word === '-X' || word === '--request') ? method : 'GET'} ${pathname}${search}`
  return asked.has(request) || exampleRoutes.has(request)
    ? undefined
    : `no snippet of this page, nor an example, proves ${request}`
}
