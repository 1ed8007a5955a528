// The handler runs in next(); what it left on the context is told to the recorder before outer middleware changes it.

import type { Forward, HeadVerdict, Recorder } from '@larder/core/door'
import type { Context, Next } from 'koa'
import { type Body, bodyOf, discardBody, isKoa3, type Source } from './body.ts'
import { hideConditionals } from './conditionals.ts'
import { headOf } from './head.ts'
import { type Fields, putFields } from './headers.ts'
import { tapStream } from './tap.ts'

export interface Run {
  readonly ctx: Context
  readonly next: Next
  /** What stood on the response before the handler ran. */
  readonly outer: Fields
  /** The request was sent to fill the cache: nobody reads what goes out. */
  readonly isReplay: boolean
  /** Whether an answer has been put on the context in the handler's place. */
  isAnswered(): boolean
}

/** Resolves when the context holds what is to go out. @throws what the handler threw, unless it was answered for. */
export async function runHandler(run: Run, { recorder, conditional }: Forward): Promise<void> {
  const { ctx, next } = run
  const show = conditional === undefined ? undefined : hideConditionals(ctx.req, conditional)
  try {
    await next()
  } catch (error) {
    show?.()
    if (toldOfError(ctx, recorder, error) === 'answered') return
    throw error
  }
  show?.()
  if (isWrittenByHand(ctx)) {
    if (ctx.headerSent) tellHead(run, recorder, undefined)
    recorder.fail('destroyed')
    return
  }
  // Where nothing is to be kept, the body does not matter.
  const body = recorder.recording ? bodyOf(ctx) : undefined
  const verdict = tellHead(run, recorder, body)
  if (verdict.action === 'pass') {
    putFields(ctx.res, verdict.set)
    if (body !== undefined && recorder.recording) return record(run, recorder, body)
  }
  // A held response, or a replay of which nothing is kept, goes nowhere.
  if (!run.isAnswered() && (verdict.action === 'hold' || run.isReplay)) dropBody(ctx)
}

/** Koa writes nothing more, or the handler has begun to write: what it does there is its own. */
export function isWrittenByHand(ctx: Context): boolean {
  return ctx.respond === false || ctx.headerSent || ctx.res.writableEnded
}

function tellHead({ ctx, outer }: Run, recorder: Recorder, body: Body | undefined): HeadVerdict {
  const { status, headers, removed } = headOf(ctx, body, outer)
  return recorder.head(status, headers, removed)
}

function record(run: Run, recorder: Recorder, body: Body): void {
  const { ctx } = run
  if (ctx.method === 'HEAD' || body.kind === 'none') return recorder.end()
  if (body.kind === 'stream') return tapBody(run, recorder, body.source)
  let bytes: Buffer
  try {
    bytes = body.read()
  } catch {
    // Koa makes the same of it in its turn, and answers with the error.
    recorder.fail('thrown')
    return
  }
  if (bytes.length > 0) recorder.write(bytes)
  // Outer middleware sees the same on a miss as on a hit.
  if (body.kind === 'bytes' && body.replaces) {
    const { status } = ctx
    ctx.body = bytes
    // Koa 3 leaves a null that it makes JSON of at 404.
    if (ctx.status !== status) ctx.status = status
  }
  recorder.end()
}

/** Put a stream of ours in the place of the handler's. */
function tapBody({ ctx, isReplay }: Run, recorder: Recorder, source: Source): void {
  const { res } = ctx
  const isOver = () => isReplay || res.writableEnded || !ctx.writable
  const tap = tapStream(source, recorder, { clientless: isOver(), isOver, ended() {} })
  if (isReplay) {
    ctx.body = null
    return
  }
  const length = res.getHeader('content-length')
  const listeners = tap.out.listenerCount('error')
  // Koa takes Content-Length off when one stream takes another's place, and Node remembers that it did.
  Object.assign(ctx.response, { _body: undefined })
  ctx.body = tap.out
  if (length !== undefined) res.setHeader('Content-Length', length)
  // Koa 2 listens on every body, and so on the handler's already.
  tap.quiet = tap.out.listenerCount('error') > listeners
}

/** An error may well be the handler's answer: `ctx.throw(404)` takes access away, and no stored response stands in for that. */
function toldOfError(ctx: Context, recorder: Recorder, error: unknown): 'answered' | 'unanswered' {
  const status = refusalOf(ctx, error)
  if (status !== undefined && recorder.head(status, [], []).action === 'hold') return 'answered'
  return recorder.fail('thrown')
}

/** The status of a refusal, as Koa reads it off an error. */
function refusalOf(ctx: Context, error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const { status, statusCode, code } = error as { status?: unknown; statusCode?: unknown; code?: unknown }
  const found = code === 'ENOENT' && !isKoa3(ctx) ? 404 : status || statusCode
  return typeof found === 'number' && found >= 400 && found < 500 ? found : undefined
}

function dropBody(ctx: Context): void {
  discardBody(ctx)
  ctx.body = null
}
