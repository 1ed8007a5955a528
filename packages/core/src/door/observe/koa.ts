// What a handler reads of a Koa context, 2 and 3.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Observer } from './observation.ts'
import type { Callable } from './readers.ts'
import type { Reads } from './reads.ts'
import { namesOf } from './watched.ts'
import { Window } from './window.ts'

export interface ObservableContext {
  readonly app?: { readonly proxy?: boolean }
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly request: object
  readonly response: object
}

// Koa reads X-Forwarded-Host and -Proto only when it believes them, so `host` and `protocol` need no more than the fields.
const ofRequest = namesOf({ ip: 'ip', ips: 'ip' })
const ofNode = namesOf({ headersDistinct: 'raw-headers' })

/** Observe what is read of a context from now on. To be called right before `next()`. */
export function observeKoa(context: ObservableContext): Observer {
  const window = new Window()
  try {
    const { app, req, res, request, response } = context
    // Before what was added, because a getter among it may read through the state.
    window.watchRecord(context, 'state')
    window.watchAdded('ctx', context)
    window.watchAdded('request', request, ofRequest)
    window.watchAdded('response', response)
    window.watchAdded('req', req)
    window.watchAdded('res', res)
    // Both were made of the real headers when an outer layer asked first.
    window.forget(request, '_accept')
    window.forget(request, 'memoizedURL')
    window.watchFields(req)
    window.watchPeer(req)
    window.watchNames(req, ofNode)
    window.watchNames(request, ofRequest)
    // HTTP/2 has no address to watch, but the socket, which `protocol` asks whether it is encrypted.
    if (req.httpVersionMajor > 1) {
      window.watch(request, 'protocol', (reads: Reads, below: Callable) => {
        if (app?.proxy) reads.field('x-forwarded-proto', below)
      })
    }
    // koa-session puts it on the prototype of all contexts. Nothing absent is watched: koa-passport asks whether it is there.
    if ('session' in context && !Object.hasOwn(context, 'session')) window.watch(context, 'session', 'session')
  } catch {
    window.reads.opaque()
  }
  return window
}
