// Under which request fields the variants of a key were told apart when it was last seen: the guess that makes a look-up one round trip.

import { LRUCache } from 'lru-cache'

export interface Rules {
  /** Lower case, sorted; none for a key that was never seen. */
  get(key: string): readonly string[]
  set(key: string, rule: string): void
}

const MOST_KEYS = 20_000
const MOST_CHARACTERS = 8 * 1024 * 1024
const none: readonly string[] = []

/** A store keeps a rule as one string: field names hold no line feed. */
export const ruleText = (rule: readonly string[]): string => rule.join('\n')

export function parseRule(text: string): readonly string[] {
  return text === '' ? none : text.split('\n')
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
    set(key, text) {
      if (text === '') known.delete(key)
      else if (ruleText(known.peek(key) ?? none) !== text) known.set(key, parseRule(text))
    },
  }
}
