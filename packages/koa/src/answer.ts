// An answer in the handler's place: it is put on the context, so that outer middleware goes on as it always does.

import { type Outgoing, putFields } from '@larder/core/door'
import type { Context } from 'koa'
import { isEmptyStatus } from './body.ts'

/** Nothing but what outer middleware set stands on the context. */
export function putAnswer(ctx: Context, response: Outgoing): void {
  const { res } = ctx
  const { status, headers, removed, body } = response
  if (removed !== undefined) for (const name of removed) res.removeHeader(name)
  if (body === undefined || isEmptyStatus(status)) return putHead(ctx, response)
  ctx.status = status
  putFields(res, headers)
  const isTyped = res.hasHeader('content-type')
  // Koa looks for a type only where there is none.
  ctx.body = body
  if (!isTyped) res.removeHeader('content-type')
  if (!res.hasHeader('content-length')) res.setHeader('Content-Length', body.length)
}

/** Body, then status, then headers: with no body, or a status without content, Koa's setters take off what describes one. */
function putHead(ctx: Context, { status, headers, body }: Outgoing): void {
  const { res } = ctx
  const type = res.getHeader('content-type')
  res.removeHeader('content-type')
  ctx.body = body ?? null
  // Koa derives both from the body; a stored response says them itself.
  res.removeHeader('content-type')
  res.removeHeader('content-length')
  ctx.status = status
  if (type !== undefined && !isEmptyStatus(status)) res.setHeader('Content-Type', type)
  putFields(res, headers)
}
