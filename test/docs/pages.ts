// Reads the snippets of a page, and the comments before them that say how they are run.

export interface Snippet {
  /** `docs/x.md:12`, the line of its fence. */
  readonly where: string
  /** The word behind the fence: ts, js, sh, … */
  readonly kind: string
  readonly code: string
  /** The directives before it, by name. */
  readonly directives: ReadonlyMap<string, string>
  /** The code around it, with a line `// snippet` where it goes; `undefined` when it stands alone. */
  readonly context: string | undefined
  /** The snippets of the page that it continues, first to last. */
  readonly chain: readonly Snippet[]
}

/** What a comment before a snippet may say. CONTRIBUTING.md explains them. */
const directiveNames = new Set([
  'run',
  'prints',
  'throws',
  'continues',
  'alone',
  'types',
  'file',
  'args',
  'needs',
  'not run',
  'context',
])

/** Every snippet of the page. Throws on a comment that is no directive, and on a directive without a snippet. */
export function readSnippets(page: string, text: string): Snippet[] {
  const snippets: Snippet[] = []
  const lines = text.split('\n')
  let context: string | undefined
  let pending = new Map<string, string>()
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!
    const fence = /^(\s*)(`{3,}|~{3,})\s*(\S*)/.exec(line)
    if (fence !== null) {
      const [, indent, mark, kind] = fence as unknown as [string, string, string, string]
      const end = lines.findIndex(
        (each, at) => at > i && each.trim().startsWith(mark) && each.trim().replaceAll(mark[0]!, '') === '',
      )
      if (end < 0) throw new Error(`${page}:${i + 1}: this fence has no end`)
      const code = lines.slice(i + 1, end).map(each => (each.startsWith(indent) ? each.slice(indent.length) : each))
      const last = snippets.at(-1)
      if (pending.has('continues') && last === undefined) throw new Error(`${page}:${i + 1}: nothing to continue`)
      snippets.push({
        where: `${page}:${i + 1}`,
        kind,
        code: `${code.join('\n')}\n`,
        directives: pending,
        context: pending.has('alone') ? undefined : context,
        chain: pending.has('continues') ? [...last!.chain, last!] : [],
      })
      pending = new Map()
      i = end
    } else if (line.trim().startsWith('<!--')) {
      const end = lines.findIndex((each, at) => at >= i && each.includes('-->'))
      if (end < 0) throw new Error(`${page}:${i + 1}: this comment has no end`)
      const body = lines
        .slice(i, end + 1)
        .join('\n')
        .trim()
        .slice('<!--'.length, -'-->'.length)
        .trim()
      const [, name, value] = /^([a-z ]+?)\s*(?::\s*([\s\S]*))?$/.exec(body) ?? []
      if (name === undefined || !directiveNames.has(name))
        throw new Error(`${page}:${i + 1}: no such directive: ${body}`)
      if (name === 'context') context = value || undefined
      else pending.set(name, value ?? '')
      i = end
    } else if (line.trim() !== '' && pending.size > 0) {
      throw new Error(`${page}:${i + 1}: ${[...pending.keys()]} stands before no snippet`)
    }
  }
  return snippets
}

/** The whole program: what it continues, itself, and the context around both. */
export function programOf(snippet: Snippet): string {
  const own = [...snippet.chain, snippet].map(each => each.code).join('\n')
  return snippet.context === undefined ? own : snippet.context.replace(/^[ \t]*\/\/ snippet[ \t]*$/m, () => own)
}
