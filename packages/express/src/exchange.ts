// One request of Express as the engine sees it.

import {
  type CacheRequest,
  claim,
  type Dispatch,
  type Exchange,
  type Forward,
  type HeaderList,
  hideConditionals,
  type Observation,
  type Observer,
  type Outgoing,
  observeExpress,
  REPLAY,
  type Replay,
  type RequestHeaders,
  type RequestTrace,
  replayOf,
  sendReplay,
  serverOf,
  tagsOf,
  traceOf,
  unobserved,
  writeAnswer,
} from '@larder/core/door'
import type { NextFunction, Request, Response } from 'express'
import { isSlowed, makeRoomOnRequest, makeRoomOnResponse } from './make-room.ts'
import { ResponseTap, type TapHooks } from './wire-recorder.ts'

export function expressExchange(req: Request, res: Response, next: NextFunction): Exchange<Request> {
  return new ExpressExchange(req, res, next)
}

/** The request and the exchange are one object: a hit makes no other. */
class ExpressExchange implements Exchange<Request>, CacheRequest {
  readonly subject: Request
  // Express gives every request a hidden class of its own, so that each look at it costs a search: one is enough.
  readonly method: string
  readonly target: string
  readonly secure: boolean
  /** The client's own, whatever the handler is shown. */
  readonly headers: RequestHeaders
  readonly rawHeaders: HeaderList
  readonly #isSlowed: boolean
  readonly #res: Response
  readonly #next: NextFunction
  #tap: ResponseTap | undefined
  #observed: Observation | undefined
  #hasRoom = false

  constructor(req: Request, res: Response, next: NextFunction) {
    this.subject = req
    this.method = req.method
    this.target = req.originalUrl
    const { socket } = req
    this.secure = (socket as { encrypted?: boolean } | null)?.encrypted === true
    this.#isSlowed = isSlowed(socket)
    // In front of this cache another one may be watching what is read.
    const { headers, rawHeaders } = unobserved(req)
    this.headers = headers
    this.rawHeaders = rawHeaders
    this.#res = res
    this.#next = next
  }

  get request(): CacheRequest {
    return this
  }
  get observation(): Observation | undefined {
    return this.#observed
  }
  get tags(): readonly string[] {
    return tagsOf(this.subject)
  }
  get trace(): RequestTrace | undefined {
    return traceOf(this.subject)
  }
  get replayed(): Replay | undefined {
    return replayOf(this.subject)
  }

  send(response: Outgoing): void {
    if (this.#tap !== undefined) return this.#tap.takeOver(() => writeAnswer(this.#res, response))
    if (this.#isSlowed) makeRoomOnResponse(this.#res)
    writeAnswer(this.#res, response)
  }

  forward({ recorder, conditional, observe }: Forward): void {
    this.#makeRoom()
    const show = conditional === undefined ? undefined : hideConditionals(this.subject, conditional)
    const observer = observe ? observeExpress(this.subject, this.#res) : undefined
    this.#observed = observer?.observation
    this.#tap = new ResponseTap(this.#res, recorder, new Handling(observer, show))
    this.#next()
  }

  claim(owner: object, callOff: () => void): void {
    this.#makeRoom()
    claim(this.subject, owner, callOff)
  }

  onGone(hook: () => void): () => void {
    const res = this.#res
    // Gone while one of the route's functions was awaited.
    if (res.closed) {
      const told = setImmediate(hook)
      return () => clearImmediate(told)
    }
    res.once('close', hook)
    return () => res.removeListener('close', hook)
  }

  /** Before anything is added for a miss. */
  #makeRoom(): void {
    if (!this.#isSlowed || this.#hasRoom) return
    this.#hasRoom = true
    makeRoomOnRequest(this.subject)
    makeRoomOnResponse(this.#res)
  }

  replay(headers: HeaderList, replay: Replay): boolean {
    const { subject } = this
    sendReplay({
      method: 'GET',
      target: this.target,
      headers,
      secure: this.secure,
      remoteAddress: trustedPeer(subject),
      dispatch: serverOf(subject) ?? (rootApp(subject) as Dispatch),
      mark: req => Object.assign(req, { [REPLAY]: replay }),
      lost: () => replay.lost(),
    })
    return true
  }
}

/** What was put around the handler, and is taken off again at its end. */
class Handling implements TapHooks {
  readonly #observer: Observer | undefined
  readonly #show: (() => void) | undefined

  constructor(observer: Observer | undefined, show: (() => void) | undefined) {
    this.#observer = observer
    this.#show = show
  }

  suspend(): void {
    this.#observer?.suspend()
  }
  resume(): void {
    this.#observer?.resume()
  }
  ended(): void {
    this.#observer?.end()
    this.#show?.()
  }
}

/** The address of a proxy that the application trusts; a client's own address is nothing that a copy may carry. */
function trustedPeer(req: Request): string | undefined {
  const address = req.socket?.remoteAddress
  const trusts: unknown = req.app.get('trust proxy fn')
  return address !== undefined && typeof trusts === 'function' && trusts(address, 0) ? address : undefined
}

/** The application that the server calls: routers and applications mounted in it have parents. */
export function rootApp(req: Request): object {
  let app = req.app as { parent?: unknown } & object
  while (app.parent !== undefined && app.parent !== null) app = app.parent as typeof app
  return app
}
