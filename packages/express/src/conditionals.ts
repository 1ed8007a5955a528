// The client's conditional and range fields are the cache's to answer, so the handler does not see them.

import type { IncomingMessage } from 'node:http'

const conditionals = [
  'if-none-match',
  'if-modified-since',
  'if-match',
  'if-unmodified-since',
  'if-range',
  'range',
] as const

/** Put `validators` in the place of the client's own. Returns what shows these again. */
export function hideConditionals(req: IncomingMessage, validators: Readonly<Record<string, string>>): () => void {
  const real = req.headers
  // Mostly there is nothing to hide. A copy lists all fields, which a cache in front of this one takes for a reading of them.
  if (conditionals.every(name => real[name] === undefined && validators[name] === undefined)) return () => {}
  const hidden = { ...real }
  for (const name of conditionals) delete hidden[name]
  req.headers = Object.assign(hidden, validators)
  return () => {
    req.headers = real
  }
}
