// Secrets that are there for who takes them by name, and not for who prints or logs the whole.

import { inspect } from 'node:util'

/** The same object, frozen all the way down. These properties show otherwise where it is printed, logged or turned into JSON. */
export function sealed<T extends object>(value: T, shownAs: Readonly<Record<string, unknown>> = {}): T {
  const open = (): object => ({ ...value, ...pick(shownAs, Object.keys(value)) })
  if (Object.keys(shownAs).length > 0) {
    Object.defineProperties(value, {
      toJSON: { value: open },
      [inspect.custom]: { value: (_depth: number, options: object) => inspect(open(), options) },
    })
  }
  for (const each of Object.values(value)) if (typeof each === 'object' && each !== null) sealed(each)
  return Object.freeze(value)
}

/** An address without what it may hold of a user, a password and a query. */
export function withoutCredentials(address: string): string {
  return address.replace(/^([a-z]+:\/\/)[^/]*@/i, '$1[hidden]@').replace(/\?.*$/s, '?[hidden]')
}

function pick(from: Readonly<Record<string, unknown>>, names: readonly string[]): object {
  return Object.fromEntries(Object.entries(from).filter(([name]) => names.includes(name)))
}
