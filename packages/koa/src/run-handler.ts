// The handler runs in next(); what it left on the context is told to the recorder before outer middleware changes it.

import {
  type Fields,
  type Forward,
  type HeadVerdict,
  hideConditionals,
  type Observer,
  putFields,
  type Recorder,
} from '@larder/core/door'
import type { Context, Next } from 'koa'
import { type Body, bodyOf, discardBody, isKoa3, type Source } from './body.ts'
import { headOf } from './head.ts'
import { tapStream } from './tap.ts'

export interface Run {
  readonly ctx: Context
  readonly next: Next
  /** Watch what is read from now on. */
  watch(): Observer
  /** What stood on the response before the handler ran. */
  readonly outer: Fields
  /** The request was sent to fill the cache: nobody reads what goes out. */
  readonly isReplay: boolean
  /** Whether an answer has been put on the context in the handler's place. */
  isAnswered(): boolean
}

/** Resolves when the context holds what is to go out. @throws what the handler threw, unless it was answered for. */
export async function runHandler(run: Run, { recorder, conditional, observe }: Forward): Promise<void> {
  const { ctx, next } = run
  const show = conditional === undefined ? undefined : hideConditionals(ctx.req, conditional)
  const observer = observe ? run.watch() : undefined
  const unwatch = () => {
    observer?.end()
    show?.()
  }
  try {
    await next()
  } catch (error) {
    unwatch()
    if (toldOfError(ctx, recorder, error) === 'answered') return
    throw error
  }
  // From here on the client's own fields stand there again, for the engine's questions as for outer middleware.
  show?.()
  let isLasting = false
  try {
    isLasting = tellOf(run, recorder, observer, unwatch)
  } finally {
    if (!isLasting) unwatch()
  }
}

/** Tell the recorder what the handler left on the context. Returns whether the handler's stream is still to be read. */
function tellOf(run: Run, recorder: Recorder, observer: Observer | undefined, unwatch: () => void): boolean {
  const { ctx } = run
  if (isWrittenByHand(ctx)) {
    if (ctx.headerSent) tellHead(run, recorder, observer, undefined)
    recorder.fail('destroyed')
    return false
  }
  // Where nothing is to be kept, the body does not matter.
  const body = recorder.recording ? bodyOf(ctx) : undefined
  const verdict = tellHead(run, recorder, observer, body)
  if (verdict.action === 'pass') {
    putFields(ctx.res, verdict.set)
    if (body !== undefined && recorder.recording) return record(run, recorder, body, unwatch)
  }
  // A held response, or a replay of which nothing is kept, goes nowhere.
  if (!run.isAnswered() && (verdict.action === 'hold' || run.isReplay)) dropBody(ctx)
  return false
}

/** Koa writes nothing more, or the handler has begun to write: what it does there is its own. */
export function isWrittenByHand(ctx: Context): boolean {
  return ctx.respond === false || ctx.headerSent || ctx.res.writableEnded
}

function tellHead(
  { ctx, outer }: Run,
  recorder: Recorder,
  observer: Observer | undefined,
  body: Body | undefined,
): HeadVerdict {
  // What the engine and Koa look at is not the handler's doing.
  observer?.suspend()
  try {
    const { status, headers, removed, standing } = headOf(ctx, body, outer)
    return recorder.head(status, headers, removed, standing)
  } finally {
    observer?.resume()
  }
}

/** Returns whether the handler's stream is still to be read. */
function record(run: Run, recorder: Recorder, body: Body, unwatch: () => void): boolean {
  const { ctx } = run
  if (ctx.method === 'HEAD' || body.kind === 'none') {
    recorder.end()
    return false
  }
  if (body.kind === 'stream') {
    // What a stream reads of the request while it goes out still counts.
    tapBody(run, recorder, body.source, unwatch)
    return true
  }
  let bytes: Buffer
  try {
    bytes = body.read()
  } catch {
    // Koa makes the same of it in its turn, and answers with the error.
    recorder.fail('thrown')
    return false
  }
  // Nothing of the handler's is left to run.
  unwatch()
  if (bytes.length > 0) recorder.write(bytes)
  // Outer middleware sees the same on a miss as on a hit.
  if (body.kind === 'bytes' && body.replaces) ctx.body = bytes
  recorder.end()
  return false
}

/** Put a stream of ours in the place of the handler's. */
function tapBody({ ctx, isReplay }: Run, recorder: Recorder, source: Source, ended: () => void): void {
  const { res } = ctx
  const isOver = () => isReplay || res.writableEnded || !ctx.writable
  const tap = tapStream(source, recorder, { clientless: isOver(), isOver, ended })
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
