// Reads source files as the architecture test looks at them: without comments, and import by import.

import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { root } from '../../scripts/setup.mjs'

export interface SourceFile {
  /** From the root of the repository, with slashes. */
  readonly path: string
  readonly text: string
  /** The text without its comments. */
  readonly code: string
  /** What it imports, by any form of import. */
  readonly imports: readonly string[]
}

const skipped = new Set(['node_modules', 'dist', '.cache', '.data', 'coverage', '.git'])

/** Every source file below `folder`, which need not exist. */
export function sourceFiles(folder: string): SourceFile[] {
  return filesBelow(join(root, folder))
    .filter(path => /\.[cm]?[jt]s$/.test(path))
    .map(path => {
      const text = readFileSync(path, 'utf8')
      const code = withoutComments(text)
      return { path: relative(root, path).replaceAll('\\', '/'), text, code, imports: importsOf(code) }
    })
}

export function filesBelow(folder: string): string[] {
  let entries: ReturnType<typeof readEntries>
  try {
    entries = readEntries(folder)
  } catch {
    return []
  }
  return entries
    .filter(entry => !skipped.has(entry.name))
    .flatMap(entry => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return filesBelow(path)
      return entry.isFile() ? [path] : []
    })
}

function readEntries(folder: string) {
  return readdirSync(folder, { withFileTypes: true })
}

/** Strings and regular expressions that hold a slash stay as they are. */
export function withoutComments(text: string): string {
  const token =
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/(?![*/\s])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[dgimsuvy]*/g
  return text.replace(token, found => (/^\/[*/]/.test(found) ? ' ' : found))
}

export function importsOf(code: string): string[] {
  const forms = [
    /^\s*(?:import|export)\s(?:[^'"`;]*?\sfrom\s*)?['"]([^'"]+)['"]/gm,
    /\b(?:import|require|require\.resolve|import\.meta\.resolve)\(\s*['"]([^'"]+)['"]/g,
  ]
  return forms.flatMap(form => [...code.matchAll(form)].map(match => match[1]!))
}
