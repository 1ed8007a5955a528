// What a handler reads of a Koa context, 2 and 3.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Observer } from './observation.ts'
import { Window } from './window.ts'

export interface ObservableContext {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly request: object
  readonly response: object
}

const seenTo: ReadonlySet<PropertyKey> = new Set(['ip', 'ips', 'session'])

/** Observe what is read of a context from now on. To be called right before `next()`. */
export function observeKoa(context: ObservableContext): Observer {
  const window = new Window()
  try {
    const { req, res, request, response } = context
    // Before what was added, because a getter among it may read through the state.
    window.watchRecord(context, 'state')
    window.watchAdded('ctx', context, seenTo)
    window.watchAdded('request', request, seenTo)
    window.watchAdded('response', response)
    window.watchAdded('req', req)
    window.watchAdded('res', res)
    // Both were made of the real headers when an outer layer asked first.
    window.forget(request, '_accept')
    window.forget(request, 'memoizedURL')
    window.watchFields(req)
    window.watchPeer(req)
    // Koa reads X-Forwarded-Host and -Proto only when it believes them, so `host` and `protocol` need no more than the fields.
    window.watch(request, 'ip', 'ip')
    window.watch(request, 'ips', 'ip')
    // koa-session puts it on the prototype of all contexts. Nothing absent is watched: koa-passport asks whether it is there.
    if ('session' in context) window.watch(context, 'session', 'session')
  } catch {
    window.reads.opaque()
  }
  return window.observer()
}
