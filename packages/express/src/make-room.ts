// Where Express changes prototypes, V8 before version 13 makes each response slow to touch: a way out, for one that is about to be used.

import type { IncomingMessage, ServerResponse } from 'node:http'

/** On a server whose messages are born with Express's prototypes. */
export const bornReady: unique symbol = Symbol.for('larder.born-ready')

/** That of Node 20 and 22. Since then the hidden classes behind a changed prototype are shared. */
const isSlow = Number.parseInt(process.versions.v8, 10) < 13

/** Whether Express made the messages of this connection slow. A request without a connection of its own server was made elsewhere. */
export function isSlowed(socket: IncomingMessage['socket'] | null): boolean {
  return isSlow && (socket as { server?: { [bornReady]?: true } } | null)?.server?.[bornReady] !== true
}

/**
 * After its prototype was set, V8 makes a new hidden class for each property that is added to an object, keeps it until its next full
 * collection, and has learnt nothing about any of them. A property that is taken off and put back makes a dictionary of the object:
 * it takes others for nothing, and all such objects share one class.
 */
export function makeRoomOnResponse(res: ServerResponse): void {
  putBack(res, 'req')
}

/** The same for a request, to which a miss adds. */
export function makeRoomOnRequest(req: IncomingMessage): void {
  putBack(req, 'res')
}

function putBack(target: object, key: string): void {
  const own = Reflect.getOwnPropertyDescriptor(target, key)
  // On HTTP/2 it is inherited.
  if (own !== undefined && Reflect.deleteProperty(target, key)) Reflect.defineProperty(target, key, own)
}
