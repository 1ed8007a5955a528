// What Koa will make of a context's body: known bytes, a stream, or nothing. Koa writes only after the last middleware returns.

import { Readable, Stream } from 'node:stream'
import type { Context } from 'koa'

/** A stream as Koa takes it: any with `pipe`, of Node's kind or of an older one. */
export type Source = Stream & Partial<Pick<Readable, 'pause' | 'resume' | 'destroy' | 'destroyed' | 'readableEnded'>>

export type Body =
  /** `replaces`: the context holds something else, out of which Koa would make these bytes. */
  | { readonly kind: 'bytes'; readonly replaces: boolean; read(): Buffer }
  | { readonly kind: 'stream'; readonly source: Source }
  /** Nothing was set, or null: Koa sends some bytes of its own, under this type or none. */
  | { readonly kind: 'absent'; readonly type: string | undefined; read(): Buffer }
  /** A status without content. */
  | { readonly kind: 'none' }

/** Nothing is read or serialised yet. `read()` throws what `JSON.stringify` throws, as Koa would later. */
export function bodyOf(ctx: Context): Body {
  const { body, status } = ctx
  if (isEmptyStatus(status)) return { kind: 'none' }
  if (body === null || body === undefined) return absentBody(ctx)
  // The handler may use its buffer again.
  if (Buffer.isBuffer(body)) return { kind: 'bytes', replaces: false, read: () => Buffer.from(body) }
  if (typeof body === 'string') {
    // One without its length, as the null that Koa 3 makes JSON of, goes out in another framing.
    return { kind: 'bytes', replaces: ctx.res.hasHeader('content-length'), read: () => Buffer.from(body) }
  }
  const source = streamOf(ctx, body)
  if (source !== undefined) return { kind: 'stream', source }
  return { kind: 'bytes', replaces: true, read: () => Buffer.from(JSON.stringify(body)) }
}

/** Let go of a body that nobody will read. */
export function discardBody(ctx: Context): void {
  const { body } = ctx
  if (body === null || typeof body !== 'object') return
  if (isStream(ctx, body)) {
    body.on('error', () => {})
    body.destroy?.()
  } else if (isKoa3(ctx)) {
    const web = body instanceof Response ? body.body : body
    if (web instanceof ReadableStream && !web.locked) web.cancel().catch(() => {})
  }
}

/** Told by what Koa 3 brought: `ctx.back()`. */
export function isKoa3(ctx: Context): boolean {
  return 'back' in ctx.response
}

export function isEmptyStatus(status: number): boolean {
  return status === 204 || status === 205 || status === 304
}

/** A body set to null goes out empty; one that was never set is the status in words. */
function absentBody(ctx: Context): Body {
  const { _explicitNullBody } = ctx.response as { _explicitNullBody?: boolean }
  if (_explicitNullBody === true) return { kind: 'absent', type: undefined, read: () => Buffer.alloc(0) }
  const text = ctx.req.httpVersionMajor >= 2 ? String(ctx.status) : ctx.message || String(ctx.status)
  return { kind: 'absent', type: 'text/plain; charset=utf-8', read: () => Buffer.from(text) }
}

function streamOf(ctx: Context, body: object): Source | undefined {
  if (isStream(ctx, body)) return body
  if (!isKoa3(ctx)) return undefined
  if (body instanceof Blob) return Readable.from(body.stream())
  if (body instanceof ReadableStream) return Readable.from(body)
  return body instanceof Response ? Readable.from(body.body ?? '') : undefined
}

/** Koa 3 takes the streams of other copies of `stream`, and the web's; for Koa 2 these are objects for JSON. */
function isStream(ctx: Context, body: object): body is Source {
  if (body instanceof Stream) return true
  const { readable, pipe, read, readableObjectMode, destroy, destroyed } = body as Partial<Readable>
  return (
    isKoa3(ctx) &&
    readable === true &&
    typeof pipe === 'function' &&
    typeof read === 'function' &&
    typeof readableObjectMode === 'boolean' &&
    typeof destroy === 'function' &&
    typeof destroyed === 'boolean'
  )
}
