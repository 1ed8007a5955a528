// What a handler reads of an Express request, 4 and 5.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { persons, products, wordFor } from './names.ts'
import type { Observer } from './observation.ts'
import type { Callable } from './readers.ts'
import type { Reads } from './reads.ts'
import { Window } from './window.ts'

interface Application {
  get?(setting: string): unknown
}

/** Watched by name in any case. */
const seenTo: ReadonlySet<PropertyKey> = new Set(['ip', 'protocol', 'host', 'hostname', ...persons])

/** Observe what is read of a request from now on. To be called right before `next()`. */
export function observeExpress(request: IncomingMessage, response: ServerResponse): Observer {
  const window = new Window()
  try {
    const protocol = (reads: Reads, below: Callable) => readProtocol(request, reads, below)
    const host = (reads: Reads, below: Callable) => readHost(request, reads, below)
    window.watchAdded('req', request, seenTo)
    window.watchAdded('res', response)
    window.watchFields(request)
    window.watchPeer(request)
    window.watch(request, 'ip', 'ip')
    // `secure` and `subdomains` read these.
    window.watch(request, 'protocol', protocol)
    window.watch(request, 'host', host)
    window.watch(request, 'hostname', host)
    const watchNamed = (name: string) => window.watch(request, name, wordFor('req', name))
    persons.forEach(watchNamed)
    window.reads.onDeferred = () => products.forEach(watchNamed)
    window.watchRecord(response, 'locals')
    window.onEnd(() => readByAnotherName(request, window.reads))
  } catch {
    // A request of a shape that we do not know: its response is not stored, and the handler runs all the same.
    window.reads.opaque()
  }
  return window.observer()
}

function readProtocol(request: IncomingMessage, reads: Reads, below: Callable): void {
  if (trustsProxies(request)) readForwarded(request, 'x-forwarded-proto', reads, below)
}

function readHost(request: IncomingMessage, reads: Reads, below: Callable): void {
  reads.field('host', below)
  if (trustsProxies(request)) readForwarded(request, 'x-forwarded-host', reads, below)
}

/** A field that is believed only from some peers: of the others, whoever sends it may not fill what believed requests get. */
function readForwarded(request: IncomingMessage, name: string, reads: Reads, below: Callable): void {
  reads.field(name, below)
  const [sent, trusted] = reads.quietly(() => [request.headers[name] !== undefined, trustsPeer(request)])
  if (sent && !trusted) reads.identity('ip', below)
}

function trustsProxies(request: IncomingMessage): boolean {
  return Boolean((request as { app?: Application }).app?.get?.('trust proxy'))
}

function trustsPeer(request: IncomingMessage): boolean {
  const trust = (request as { app?: Application }).app?.get?.('trust proxy fn')
  return typeof trust === 'function' && Boolean(trust(request.socket.remoteAddress, 0))
}

/** Passport's session strategy was let off because of `req.user`; set up to call the user something else, it is not. */
function readByAnotherName(request: IncomingMessage, reads: Reads): void {
  const { _userProperty: name = 'user' } = request as { _userProperty?: string }
  if (reads.deferred && name !== 'user') reads.identities.add('user')
}
