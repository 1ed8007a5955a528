// RFC 9213 — Targeted cache control: CDN-Cache-Control, a structured field meant for caches like this one.

import { parseDictionary } from 'structured-headers'
import { addDirective, type CacheControl, noDirectives } from '../http/cache-control.ts'

/** Longer values are not parsed: no set of directives needs this much. */
const LONGEST = 4096

const LIFETIMES: ReadonlySet<string> = new Set(['max-age', 's-maxage', 'stale-while-revalidate', 'stale-if-error'])
const QUALIFIABLE: ReadonlySet<string> = new Set(['private', 'no-cache'])

/** The field's directives, or `undefined` when it is absent, empty, or broken: then it is as if it were not there (§2.1). */
export function parseTargeted(value: string | undefined): CacheControl | undefined {
  if (value === undefined || value.length > LONGEST) return undefined
  const members = dictionary(value)
  if (members === undefined || members.size === 0) return undefined
  const found = noDirectives()
  for (const [name, [bare]] of members) {
    if (LIFETIMES.has(name)) {
      // A decimal, a string or a lone name is another type than the directive has, and spoils the field.
      if (!Number.isInteger(bare)) return undefined
      addDirective(found, name, String(bare))
    } else if (bare === true) {
      addDirective(found, name, undefined)
    } else if (QUALIFIABLE.has(name) && bare !== false) {
      addDirective(found, name, '')
    } else if (isDirective(name)) {
      return undefined
    }
  }
  return found
}

function dictionary(value: string): ReturnType<typeof parseDictionary> | undefined {
  try {
    return parseDictionary(value)
  } catch {
    return undefined
  }
}

/** Whether the name means something to us, so that a wrong value matters. */
function isDirective(name: string): boolean {
  const probe = noDirectives()
  addDirective(probe, name, undefined)
  return Object.values(probe).some(value => value !== false)
}
