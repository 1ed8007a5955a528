// The client's conditional and range fields are the cache's to answer, so the handler does not see them.

import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

const names = ['if-none-match', 'if-modified-since', 'if-match', 'if-unmodified-since', 'if-range', 'range'] as const

/**
 * Put `validators` in the place of the client's own, in `req.headers` and so in `ctx.fresh`. Returns what shows the client's
 * again, to whoever still holds the object that the handler saw too.
 */
export function hideConditionals(
  req: IncomingMessage,
  validators: Readonly<Partial<Record<(typeof names)[number], string>>>,
): () => void {
  const real = req.headers
  if (names.every(name => real[name] === undefined && validators[name] === undefined)) return () => {}
  const shown: IncomingHttpHeaders = { ...real }
  for (const name of names) set(shown, name, validators[name])
  put(req, shown)
  return () => {
    for (const name of names) set(shown, name, real[name])
    if (req.headers === shown) put(req, real)
  }
}

function set(headers: IncomingHttpHeaders, name: string, value: string | string[] | undefined): void {
  if (value === undefined) delete headers[name]
  else headers[name] = value
}

/** On HTTP/2 requests `headers` is a getter alone. */
function put(req: IncomingMessage, headers: IncomingHttpHeaders): void {
  if (req.httpVersionMajor < 2) req.headers = headers
  else Object.defineProperty(req, 'headers', { value: headers, configurable: true, writable: true })
}
