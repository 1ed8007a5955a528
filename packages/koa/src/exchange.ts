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
  type Observation,
  type Outgoing,
  observeKoa,
  REPLAY,
  type Replay,
  type RequestHeaders,
  replayOf,
  restoreFields,
  sendReplay,
  serverOf,
  tagsOf,
  unobserved,
} from '@larder/core/door'
import type { Context, Next } from 'koa'
import { putAnswer } from './answer.ts'
import { discardBody } from './body.ts'
import { isWrittenByHand, runHandler } from './run-handler.ts'

/** How the middleware ends: outer middleware goes on with what stands on the context. */
export interface Ending {
  resolve(): void
  reject(error: unknown): void
}

export function koaExchange(ctx: Context, next: Next, ending: Ending): Exchange<Context> {
  return new KoaExchange(ctx, next, ending)
}

/** The request and the exchange are one object: a hit makes no other. */
class KoaExchange implements Exchange<Context>, CacheRequest {
  readonly subject: Context
  /** The client's own, whatever the handler is shown. */
  readonly headers: RequestHeaders
  readonly rawHeaders: HeaderList
  readonly #next: Next
  readonly #ending: Ending
  /** The mark of a replay, whoever's it is. */
  readonly replayed: Replay | undefined
  /** Once the handler was started: what stood on the response before. */
  #outer: Fields | undefined
  #answered = false
  #observed: Observation | undefined

  constructor(ctx: Context, next: Next, ending: Ending) {
    this.subject = ctx
    // In front of this cache another one may be watching what is read.
    const { headers, rawHeaders } = unobserved(ctx.req)
    this.headers = headers
    this.rawHeaders = rawHeaders
    this.replayed = replayOf(ctx.req)
    this.#next = next
    this.#ending = ending
  }

  get request(): CacheRequest {
    return this
  }
  get method(): string {
    return this.subject.req.method!
  }
  get target(): string {
    return this.subject.originalUrl
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

  send(response: Outgoing): void {
    const ctx = this.subject
    if (!isWrittenByHand(ctx)) {
      if (this.#outer !== undefined) {
        discardBody(ctx)
        restoreFields(ctx.res, this.#outer)
      }
      putAnswer(ctx, response)
    }
    this.#answered = true
    this.#ending.resolve()
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
    runHandler(run, forward).then(this.#ending.resolve, this.#ending.reject)
  }

  claim(owner: object, callOff: () => void): void {
    claim(this.subject.req, owner, callOff)
  }

  onGone(hook: () => void): () => void {
    const { res } = this.subject
    const onClose = () => {
      hook()
      // Nobody is left to answer, but outer middleware has still to come to its end.
      if (this.#outer === undefined && !this.#answered) this.#ending.resolve()
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
}

function hasClosed(res: ServerResponse): boolean {
  return res.destroyed || res.closed
}
