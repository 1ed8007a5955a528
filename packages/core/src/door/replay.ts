// A request without a client: it goes through the application's own listener, over a socket that swallows what it is given.

import { AsyncResource } from 'node:async_hooks'
import { IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import type { Exchange, Replay } from '../exchange.ts'
import type { HeaderList } from '../http/headers.ts'

/** The property of a raw request that says whose replay it is. Shared by all copies of this module, so that each lets it pass. */
export const REPLAY: unique symbol = Symbol.for('larder.replay')

export type Dispatch = (req: IncomingMessage, res: ServerResponse) => void

export interface ReplayRequest {
  readonly method: 'GET'
  readonly target: string
  /** All that the request carries: `[name, value, …]`. */
  readonly headers: HeaderList
  /** Whether it is to look as if it came over TLS. */
  readonly secure: boolean
  /** The address of the trusted proxy in front, where the application tells by it which forwarded fields to believe. */
  readonly remoteAddress?: string | undefined
  /** The way into the application. Called later, in an async context of its own. */
  readonly dispatch: Dispatch
  /** Sets `REPLAY` on the request, before it goes in. */
  mark(req: IncomingMessage): void
  /** Called once if it ends before it reaches its owner. */
  lost(): void
}

/** The mark of a request that a cache sends to its own application; `undefined` on a client's. */
export function replayOf(req: object): Replay | undefined {
  return (req as { [REPLAY]?: Replay })[REPLAY]
}

/** The way by which a request came in: its server, with everything that listens there. */
export function serverOf(req: { readonly socket?: object | null }): Dispatch | undefined {
  const server = (req.socket as { server?: Server } | null | undefined)?.server
  if (typeof server?.emit !== 'function') return undefined
  return (replayed, res) => {
    if (!server.emit('request', replayed, res)) replayed.destroy()
  }
}

/** Send a request that nobody waits for. It leaves after what is going out now, and answers into nothing. */
export function sendReplay(replay: ReplayRequest): void {
  const socket = createNullSocket(replay.secure, replay.remoteAddress)
  const req = createRequest(socket, replay)
  const res = createResponse(socket, req)

  let isPending = true
  replay.mark(req)
  watchArrival(req, () => {
    isPending = false
  })
  // What Node's server does when a response has gone out or its connection is gone.
  res.once('finish', () => {
    req.resume()
    socket.destroy()
  })
  socket.once('close', () => {
    if (!res.writableFinished) req.destroy()
    if (!isPending) return
    isPending = false
    replay.lost()
  })
  outsideOfRequests.runInAsyncScope(setImmediate, undefined, () => {
    try {
      replay.dispatch(req, res)
    } catch {
      // Before it reaches a framework an exception has nobody to catch it, and a copy must not end the process.
      socket.destroy()
    }
  })
}

/**
 * What the request that causes a replay keeps in AsyncLocalStorage (its user, its span) must not reach the replay, so it starts
 * from where no request is under way. Nothing of the application ever runs in this very resource.
 */
const outsideOfRequests = new AsyncResource('LARDER_REPLAY')

/** From its arrival on, every cache further in lets it pass, the owner's own second mount too. */
function watchArrival(req: IncomingMessage & { [REPLAY]?: Replay }, arrived: () => void): void {
  const mark = req[REPLAY]
  if (mark === undefined) return
  req[REPLAY] = {
    owner: mark.owner,
    cause: mark.cause,
    arrive(exchange: Exchange) {
      req[REPLAY] = { ...mark, owner: req }
      arrived()
      mark.arrive(exchange)
    },
    lost: () => mark.lost(),
  }
}

function createRequest(socket: Socket, { method, target, headers }: ReplayRequest): IncomingMessage {
  const req = new IncomingMessage(socket)
  req.method = method
  req.url = target
  req.httpVersion = '1.1'
  req.httpVersionMajor = 1
  req.httpVersionMinor = 1
  // Node's own parser calls this: it alone makes headers, headersDistinct and rawHeaders agree as they do on a client's request.
  const parsed = req as IncomingMessage & { _addHeaderLines(lines: string[], count: number): void }
  parsed._addHeaderLines([...headers], headers.length)
  req.complete = true
  req.push(null)
  return req
}

/** Node's server tells a response of its socket's 'drain'; without it a fast source would fill memory, or wait for ever. */
function createResponse(socket: Socket, req: IncomingMessage): ServerResponse {
  const res = new ServerResponse(req)
  res.assignSocket(socket)
  Object.defineProperty(res, 'writableNeedDrain', { configurable: true, get: () => socket.writableNeedDrain })
  socket.on('drain', () => {
    if (!res.writableEnded) res.emit('drain')
  })
  return res
}

function createNullSocket(secure: boolean, remoteAddress: string | undefined): Socket {
  const socket = new Duplex({
    read() {},
    // Done a turn of the event loop later, as on a wire: a source that never pauses must not starve everybody else.
    write: (_chunk, _encoding, written) => void setImmediate(written),
    writev: (_chunks, written) => void setImmediate(written),
  })
  socket.on('error', () => {})
  const itself = () => socket
  // Only what a server and its applications ask of a socket.
  return Object.assign(socket, {
    ...(secure && { encrypted: true }),
    remoteAddress,
    address: () => ({}),
    setTimeout: itself,
    setNoDelay: itself,
    setKeepAlive: itself,
    ref: itself,
    unref: itself,
  }) as unknown as Socket
}
