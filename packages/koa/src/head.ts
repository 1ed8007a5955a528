// The head that would go out if Koa wrote it now: the handler's part of it.

import { type Fields, type Parts, partsOf, withoutFields } from '@larder/core/door'
import type { Context } from 'koa'
import type { Body } from './body.ts'

export interface Head extends Parts {
  readonly status: number
}

/** `outer` is what stood on the response before the handler ran. */
export function headOf(ctx: Context, body: Body | undefined, outer: Fields): Head {
  const parts = partsOf(ctx.res, outer)
  const { status } = ctx
  if (body?.kind !== 'none' && body?.kind !== 'absent') return { status, ...parts }
  const headers = withoutFields(parts.headers, ofContent)
  if (body.kind === 'absent' && body.type !== undefined) headers.push('Content-Type', body.type)
  return { status, ...parts, headers }
}

const ofContent: ReadonlySet<string> = new Set(['content-type', 'content-length', 'transfer-encoding'])
