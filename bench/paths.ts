// What errors tell of the machine that they happened on: no path of it outside the repository leaves it.

import { fileURLToPath, pathToFileURL } from 'node:url'

const root = fileURLToPath(new URL('../', import.meta.url))
// The URL first: the path is a part of it.
const ownPaths = [pathToFileURL(root).href, root].map(path => path.replace(/[\\/]$/, ''))
// Two names at least: `/events` is a path of an application, and a division is none. What follows a letter, a digit or a dot is part of a URL or
// of a path that begins elsewhere.
const absolute = /(?<![\w.:/@*)\]-])(?:file:\/\/)?(?:\/[^\s/'"`:;,()<>|]+){2,}\/?|\b[A-Za-z]:\\[^\s'"`:;,()<>|]+/g

/** The text with paths of the repository from its root, and of any other but the last name. */
export function withoutPaths(text: string): string {
  let left = text
  for (const own of ownPaths) left = left.replaceAll(`${own}/`, '').replaceAll(`${own}\\`, '').replaceAll(own, '.')
  return left.replace(
    absolute,
    path =>
      `…/${path
        .replace(/[\\/]$/, '')
        .split(/[\\/]/)
        .at(-1)}`,
  )
}

/** All texts in it, names of fields included. */
export function deeplyWithoutPaths<T>(value: T): T {
  if (typeof value === 'string') return withoutPaths(value) as T
  if (Array.isArray(value)) return value.map(deeplyWithoutPaths) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [withoutPaths(name), deeplyWithoutPaths(each)]),
  ) as T
}
