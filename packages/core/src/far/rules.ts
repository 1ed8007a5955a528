// Under which request fields the variants of a key were told apart when it was last seen: the guess that makes a look-up one round trip.

import { LRUCache } from 'lru-cache'
import { isTokenChar } from '../http/characters.ts'

export interface Rules {
  /** Lower case, sorted; none for a key that was never seen. */
  get(key: string): readonly string[]
  set(key: string, rule: readonly string[]): void
}

const MOST_KEYS = 20_000
const MOST_CHARACTERS = 8 * 1024 * 1024
/** A rule of more fields than this, or a longer one, selects next to nothing. */
export const MOST_FIELDS = 64
const LONGEST_RULE = 64 * 1024
const none: readonly string[] = []

/** A store keeps a rule as one string: field names hold no line feed. */
export const ruleText = (rule: readonly string[]): string => rule.join('\n')

/** `undefined` for what is no rule: whoever may write to the store may write anything. */
export function parseRule(text: string): readonly string[] | undefined {
  if (text === '') return none
  if (text.length > LONGEST_RULE) return undefined
  const names = text.split('\n')
  // As it is written here: sorted, each once.
  const isRule = names.length <= MOST_FIELDS && names.every((name, i) => isFieldName(name) && !(name <= names[i - 1]!))
  return isRule ? names : undefined
}

function isFieldName(name: string): boolean {
  for (let at = 0; at < name.length; at++) if (!isTokenChar(name.charCodeAt(at))) return false
  return name !== '' && name === name.toLowerCase()
}

export function createRules(): Rules {
  // Only what is told apart is remembered: the others need no guess.
  const known = new LRUCache<string, readonly string[]>({
    max: MOST_KEYS,
    maxSize: MOST_CHARACTERS,
    sizeCalculation: (rule, key) => key.length + ruleText(rule).length + 1,
  })
  return {
    get: key => known.get(key) ?? none,
    set(key, rule) {
      if (rule.length === 0) known.delete(key)
      else if (ruleText(known.peek(key) ?? none) !== ruleText(rule)) known.set(key, rule)
    },
  }
}
