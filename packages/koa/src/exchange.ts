// One request of Koa as the engine sees it.

import type { ServerResponse } from 'node:http'
import {
  type CacheRequest,
  claim,
  type Dispatch,
  type Exchange,
  type Fields,
  type Forward,
  fieldsOf,
  type HeaderList,
  isClaimed,
  type Observation,
  type Outgoing,
  observeKoa,
  REPLAY,
  type Replay,
  type RequestHeaders,
  type RequestTrace,
  replayOf,
  restoreFields,
  sendReplay,
  serverOf,
  tagsOf,
  traceOf,
  unobserved,
  writeAnswer,
} from '@larder/core/door'
import type { Context, Next } from 'koa'
import { putAnswer } from './answer.ts'
import { discardBody } from './body.ts'
import { isWrittenByHand, runHandler } from './run-handler.ts'

export interface KoaExchange extends Exchange<Context> {
  /** Settles when outer middleware may go on with what stands on the context; to be asked once. A hit makes no promise for it. */
  settled(): Promise<void>
}

/** `outermost`: no middleware of the app stands around this one. */
export function koaExchange(ctx: Context, next: Next, outermost: boolean): KoaExchange {
  return new OneExchange(ctx, next, outermost)
}

const atOnce = Promise.resolve()

/** The request and the exchange are one object: a hit makes no other. */
class OneExchange implements KoaExchange, CacheRequest {
  readonly subject: Context
  readonly method: string
  readonly target: string
  /** The client's own, whatever the handler is shown. */
  readonly headers: RequestHeaders
  readonly rawHeaders: HeaderList
  readonly #next: Next
  readonly #outermost: boolean
  #settled = false
  #resolve: (() => void) | undefined
  #reject: ((error: unknown) => void) | undefined
  /** The mark of a replay, whoever's it is. */
  readonly replayed: Replay | undefined
  /** Once the handler was started: what stood on the response before. */
  #outer: Fields | undefined
  #answered = false
  #observed: Observation | undefined

  constructor(ctx: Context, next: Next, outermost: boolean) {
    this.subject = ctx
    this.method = ctx.req.method!
    this.target = ctx.originalUrl
    // In front of this cache another one may be watching what is read.
    const { headers, rawHeaders } = unobserved(ctx.req)
    this.headers = headers
    this.rawHeaders = rawHeaders
    this.replayed = replayOf(ctx.req)
    this.#next = next
    this.#outermost = outermost
  }

  get request(): CacheRequest {
    return this
  }
  get secure(): boolean {
    return (this.subject.req.socket as { encrypted?: boolean } | undefined)?.encrypted === true
  }
  get observation(): Observation | undefined {
    return this.#observed
  }
  get tags(): readonly string[] {
    return tagsOf(this.subject.req)
  }
  get trace(): RequestTrace | undefined {
    return traceOf(this.subject.req)
  }

  settled(): Promise<void> {
    if (this.#settled) return atOnce
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  send(response: Outgoing): void {
    const ctx = this.subject
    if (this.#outer === undefined && this.#outermost && !isClaimed(ctx.req)) {
      // Nobody looks at the context again, so Koa need not make an answer of it: it writes nothing once one has gone out.
      writeAnswer(ctx.res, response)
    } else if (!isWrittenByHand(ctx)) {
      if (this.#outer !== undefined) {
        discardBody(ctx)
        restoreFields(ctx.res, this.#outer)
      }
      putAnswer(ctx, response)
    }
    this.#answered = true
    this.#settle()
  }

  forward(forward: Forward): void {
    const ctx = this.subject
    this.#outer = fieldsOf(ctx.res)
    const run = {
      ctx,
      watch: () => {
        const observer = observeKoa(ctx)
        this.#observed = observer.observation
        return observer
      },
      next: this.#next,
      outer: this.#outer,
      // Its mark changes when it arrives; one that passes by on its way is another cache's to fill from.
      isReplay: replayOf(ctx.req) !== this.replayed,
      isAnswered: () => this.#answered,
    }
    runHandler(run, forward).then(
      () => this.#settle(),
      error => this.#reject?.(error),
    )
  }

  claim(owner: object, callOff: () => void): void {
    claim(this.subject.req, owner, callOff)
  }

  onGone(hook: () => void): () => void {
    const { res } = this.subject
    const onClose = () => {
      hook()
      // Nobody is left to answer, but outer middleware has still to come to its end.
      if (this.#outer === undefined && !this.#answered) this.#settle()
    }
    if (hasClosed(res)) {
      const asked = setImmediate(onClose)
      return () => clearImmediate(asked)
    }
    res.once('close', onClose)
    return () => res.removeListener('close', onClose)
  }

  replay(headers: HeaderList, replay: Replay): boolean {
    const { app, req } = this.subject
    sendReplay({
      method: 'GET',
      target: this.target,
      headers,
      secure: this.secure,
      dispatch: serverOf(req) ?? (app.callback() as Dispatch),
      mark: replayed => Object.assign(replayed, { [REPLAY]: replay }),
      lost: () => replay.lost(),
    })
    return true
  }

  #settle(): void {
    this.#settled = true
    this.#resolve?.()
  }
}

function hasClosed(res: ServerResponse): boolean {
  return res.destroyed || res.closed
}
