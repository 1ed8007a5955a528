// The head that would go out if Koa wrote it now: the handler's part of it.

import { type HeaderList, withoutFields } from '@larder/core/door'
import type { Context } from 'koa'
import type { Body } from './body.ts'
import { type Fields, fieldsOf, ownFields } from './headers.ts'

export interface Head {
  readonly status: number
  /** What the handler set. */
  readonly headers: HeaderList
  /** What the handler took off. */
  readonly removed: readonly string[]
}

/** `outer` is what stood on the response before the handler ran. */
export function headOf(ctx: Context, body: Body | undefined, outer: Fields): Head {
  const { headers, removed } = ownFields(fieldsOf(ctx.res), outer)
  const { status } = ctx
  if (body?.kind !== 'none' && body?.kind !== 'absent') return { status, headers, removed }
  const own = withoutFields(headers, ofContent)
  if (body.kind === 'absent' && body.type !== undefined) own.push('Content-Type', body.type)
  return { status, headers: own, removed }
}

const ofContent: ReadonlySet<string> = new Set(['content-type', 'content-length', 'transfer-encoding'])
