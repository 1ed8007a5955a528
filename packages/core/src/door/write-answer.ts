// An answer in the handler's place, straight to the wire: one header block and one end.

import type { ServerResponse } from 'node:http'
import type { Outgoing } from '../exchange.ts'
import type { HeaderList } from '../http/headers.ts'
import { isRepeated, putFields } from './fields.ts'

/** Nothing but what outer layers set stands on the response. It stays, and what they hook is called. */
export function writeAnswer(res: ServerResponse, { status, headers, removed, body }: Outgoing): void {
  // Somebody in front answered while this request waited for another's run.
  if (res.headersSent) return
  if (removed !== undefined && removed.length > 0) for (const name of removed) res.removeHeader(name)
  if (Object.hasOwn(res, 'writeHead') || hasToJoin(res, headers)) {
    // Outer middleware that hooks the head expects to find the fields on the response.
    res.statusCode = status
    putFields(res, headers)
  } else res.writeHead(status, headers as string[])
  if (body === undefined) res.end()
  else res.end(body)
}

/** Whether what is set already has a say in what is sent. */
function hasToJoin(res: ServerResponse, headers: HeaderList): boolean {
  const names = res.getHeaderNames()
  // Of the lines of one name Node 20's `writeHead` keeps only the last when fields are set already.
  return names.length > 0 && (names.includes('vary') || names.includes('set-cookie') || hasRepeatedName(headers))
}

/** Whether a field has several lines. */
function hasRepeatedName(list: HeaderList): boolean {
  for (let i = 2; i < list.length; i += 2) if (isRepeated(list, i)) return true
  return false
}
