// Heads in the forms in which Node takes and gives them.

import type { OutgoingHttpHeader, ServerResponse } from 'node:http'

/** Take the arguments of `writeHead(status, message?, headers?)` into the response, where they can be read. */
export function mergeHead(res: ServerResponse, args: readonly unknown[]): void {
  const [status, second, third] = args
  res.statusCode = status as number
  if (typeof second === 'string') res.statusMessage = second
  const headers = typeof second === 'string' ? third : (second ?? third)
  if (headers === undefined || headers === null) return
  if (!Array.isArray(headers)) {
    for (const [name, value] of Object.entries(headers as Record<string, OutgoingHttpHeader>))
      res.setHeader(name, value)
    return
  }
  const lines: string[] = Array.isArray(headers[0]) ? headers.flat() : headers
  for (let i = 0; i < lines.length; i += 2) res.removeHeader(lines[i]!)
  for (let i = 0; i < lines.length; i += 2) res.appendHeader(lines[i]!, lines[i + 1]!)
}
