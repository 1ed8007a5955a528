// What V8 makes of requests and responses whose prototype Express has set, and what helps.

import type { IncomingMessage, ServerResponse } from 'node:http'

/** Marks a server whose messages are born with the prototypes of its application. */
const prototypes = Symbol('larder.prototypes')

interface Marked {
  readonly [prototypes]?: { readonly response: object }
}

/** Say of a server that Express finds nothing to change on its responses. */
export function markBornWith(server: object, app: { readonly response: object }): void {
  Object.defineProperty(server, prototypes, { value: app })
}

/**
 * To be called before properties are added to a request and its response. After Express has set their prototypes, V8 makes a new
 * hidden class for each property that is added, and keeps it until its next full collection. A property that is taken off and put
 * back makes a dictionary of the object, which takes more for nothing.
 */
export function makeRoom(req: IncomingMessage, res: ServerResponse): void {
  const app = (req.socket as { server?: Marked } | null)?.server?.[prototypes]
  if (app !== undefined && Object.getPrototypeOf(res) === app.response) return
  putBack(req, 'res')
  putBack(res, 'req')
}

function putBack(target: object, key: string): void {
  const own = Reflect.getOwnPropertyDescriptor(target, key)
  // On HTTP/2 it is inherited.
  if (own !== undefined && Reflect.deleteProperty(target, key)) Reflect.defineProperty(target, key, own)
}
