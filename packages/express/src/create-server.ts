// A server whose requests and responses are born with the app's own prototypes, so that Express has nothing left to change.

import {
  createServer as createHttpServer,
  IncomingMessage,
  type Server,
  type ServerOptions,
  ServerResponse,
} from 'node:http'
import {
  createServer as createHttpsServer,
  type Server as SecureServer,
  type ServerOptions as SecureServerOptions,
} from 'node:https'
import { Socket } from 'node:net'
import { LarderTypeError } from '@larder/core'
import type { Application } from 'express'
import { bornReady } from './make-room.ts'

/**
 * `http.createServer(app)`, two to five times as fast on Node 20 and 22 for the whole app, cached or not. What Express costs there is
 * mostly one thing: it changes the prototype of every request and response, which makes them slow wherever they are used. Here they
 * have the app's prototypes from the start, through Node's options `IncomingMessage` and `ServerResponse`, and that changes nothing.
 *
 * @param options Node's own. An `IncomingMessage` or a `ServerResponse` among them is used as it is, and changed by Express as ever.
 * @throws LarderError (`LARDER_INVALID_OPTION`) for what is no Express app.
 */
export function createServer(app: Application, options: ServerOptions = {}): Server {
  return serverFor('createServer()', app, options, messages => createHttpServer({ ...options, ...messages }, app))
}

/**
 * `createServer` over TLS, as `https.createServer(options, app)`.
 *
 * @param options Node's own, `key` and `cert` among them.
 * @throws LarderError (`LARDER_INVALID_OPTION`) for what is no Express app.
 */
export function createSecureServer(app: Application, options: SecureServerOptions): SecureServer {
  return serverFor('createSecureServer()', app, options, messages =>
    createHttpsServer({ ...options, ...messages }, app),
  )
}

/** An app as far as it matters here: what its requests and responses inherit from, and what users extend. */
interface Prototypes {
  readonly request: object
  readonly response: object
}

function prototypesOf(where: string, app: unknown): Prototypes {
  if (typeof app === 'function' && 'request' in app && isOf(app, app.request)) return app as unknown as Prototypes
  throw new LarderTypeError('LARDER_INVALID_OPTION', `${where}: app: expected what express() returns`)
}

/** An app's own prototypes know it; those of Express itself, which they inherit from, know none. */
function isOf(app: object, request: unknown): boolean {
  return typeof request === 'object' && request !== null && 'app' in request && request.app === app
}

function serverFor<S extends Server>(
  where: string,
  app: unknown,
  options: ServerOptions,
  create: (messages: Partial<Messages>) => S,
): S {
  const prototypes = prototypesOf(where, app)
  const own = messagesOf(prototypes)
  const server = create({
    ...own,
    ...(options.IncomingMessage && { IncomingMessage: options.IncomingMessage }),
    ...(options.ServerResponse && { ServerResponse: options.ServerResponse }),
  })
  if (own !== undefined && !options.ServerResponse) Object.defineProperty(server, bornReady, { value: true })
  return withPlainOutsiders(server, prototypes)
}

interface Messages {
  readonly IncomingMessage: typeof IncomingMessage
  readonly ServerResponse: typeof ServerResponse
}

/** Node's constructors with these prototypes. `undefined` where Node's cannot be called by others: then Express does as ever. */
function messagesOf(prototypes: Prototypes): Messages | undefined {
  // Those of now, should somebody put others in their place later.
  const [NodeRequest, NodeResponse] = [IncomingMessage, ServerResponse]
  // An app may be given other prototypes. Express sees to the request that finds them, the next one is born with them.
  function Request(this: IncomingMessage, socket: Socket): void {
    NodeRequest.call(this, socket)
    if (Request.prototype !== prototypes.request) Request.prototype = prototypes.request
  }
  function Response(this: ServerResponse, ...args: ConstructorParameters<typeof ServerResponse>): void {
    NodeResponse.apply(this, args)
    if (Response.prototype !== prototypes.response) Response.prototype = prototypes.response
  }
  Request.prototype = prototypes.request
  Response.prototype = prototypes.response
  // As a class that extends them has it: V8 sizes its objects by that. With room for too few properties they cost a third more.
  Object.setPrototypeOf(Request, NodeRequest)
  Object.setPrototypeOf(Response, NodeResponse)
  const messages = { IncomingMessage: Request, ServerResponse: Response } as unknown as Messages
  try {
    new messages.ServerResponse(new messages.IncomingMessage(new Socket()))
    return messages
  } catch {
    return undefined
  }
}

/** Events whose requests never came to Express, or not yet: whoever listens gets what Node's own server would give. */
const outside: ReadonlySet<unknown> = new Set([
  'upgrade',
  'connect',
  'checkContinue',
  'checkExpectation',
  'dropRequest',
])

/** In their listeners `req.query = …` must work, for which Express 5 has a getter. */
function withPlainOutsiders<S extends Server>(server: S, prototypes: Prototypes): S {
  const node: Server = Object.getPrototypeOf(server)
  function emit(this: S, ...args: unknown[]): boolean {
    if (outside.has(args[0])) {
      for (const each of args) {
        if (each === null || typeof each !== 'object') continue
        const prototype = Object.getPrototypeOf(each)
        if (prototype === prototypes.request) Object.setPrototypeOf(each, IncomingMessage.prototype)
        else if (prototype === prototypes.response) Object.setPrototypeOf(each, ServerResponse.prototype)
      }
    }
    // Looked up each time: whoever traces servers replaces the prototype's.
    return node.emit.apply(this, args as Parameters<Server['emit']>)
  }
  return Object.defineProperty(server, 'emit', { value: emit, writable: true, configurable: true })
}
