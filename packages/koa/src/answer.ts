// An answer in the handler's place: it is put on the context, so that outer middleware goes on as it always does.

import { type Outgoing, putFields } from '@larder/core/door'
import type { Context } from 'koa'
import { isEmptyStatus } from './body.ts'

/** Nothing but what outer middleware set stands on the context. Body, then status, then headers: Koa's setters change what follows. */
export function putAnswer(ctx: Context, { status, headers, removed, body }: Outgoing): void {
  const { res } = ctx
  if (removed !== undefined) for (const name of removed) res.removeHeader(name)
  const type = res.getHeader('content-type')
  res.removeHeader('content-type')
  ctx.body = body ?? null
  // Koa derives both from the body; a stored response says them itself.
  res.removeHeader('content-type')
  res.removeHeader('content-length')
  ctx.status = status
  if (type !== undefined && !isEmptyStatus(status)) res.setHeader('Content-Type', type)
  putFields(res, headers)
  if (body !== undefined && !isEmptyStatus(status) && !res.hasHeader('content-length')) {
    res.setHeader('Content-Length', body.length)
  }
}
