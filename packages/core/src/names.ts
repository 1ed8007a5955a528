// Keys, tags and targets: what a user may write, and the exact names under which the log knows them.

import { describeValue } from './describe-value.ts'
import { LarderTypeError } from './errors.ts'

const maxBytes = 1024

/** The name of application data in the log. */
export const keyName = (key: string): string => `k:${key}`
/** The name of a tag in the log. */
export const tagName = (tag: string): string => `t:${tag}`
/** The name of a resource in the log: its origin and target. */
export const uriName = (uri: string): string => `u:${uri}`
/** The name of a target in the log, whatever its origin. */
export const targetName = (target: string): string => `p:${target}`

/** The name of a cache group in the log: groups are of one origin, which holds no space. */
export const groupName = (origin: string, group: string): string => `g:${origin} ${group}`

/** @throws LARDER_INVALID_KEY unless `key` is a string of 1 to 1024 bytes of UTF-8. */
export function checkKey(key: unknown): asserts key is string {
  const refusal = nameRefusal(key)
  if (refusal !== undefined) throw new LarderTypeError('LARDER_INVALID_KEY', `key: ${refusal}`)
}

/** @throws LARDER_INVALID_TAG unless `tag` is a string of 1 to 1024 bytes of UTF-8. */
export function checkTag(tag: unknown): asserts tag is string {
  const refusal = nameRefusal(tag)
  if (refusal !== undefined) throw new LarderTypeError('LARDER_INVALID_TAG', `tag: ${refusal}`)
}

/** Check a list of tags. @throws LARDER_INVALID_TAG */
export function checkTags(tags: unknown): asserts tags is readonly string[] {
  if (!Array.isArray(tags))
    throw new LarderTypeError('LARDER_INVALID_TAG', `tags: ${describeValue(tags)} given, expected an array of strings`)
  for (let i = 0; i < tags.length; i++) checkTag(tags[i])
}

/** Why this is no key and no tag, or `undefined` when it is one. */
export function nameRefusal(name: unknown): string | undefined {
  if (typeof name !== 'string') return `${describeValue(name)} given, expected a string`
  if (name === '') return 'the empty string given, expected at least one character'
  if (name.length * 3 > maxBytes && Buffer.byteLength(name) > maxBytes) return `longer than ${maxBytes} bytes`
  return undefined
}
