// What a handler reads of an Express request, 4 and 5.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { persons, products, wordFor } from './names.ts'
import type { IdentityInput, Observer } from './observation.ts'
import type { Callable } from './readers.ts'
import type { Reads } from './reads.ts'
import { namesOf } from './watched.ts'
import { Window } from './window.ts'

interface Application {
  get?(setting: string): unknown
}

const words = (names: readonly string[]): Record<string, IdentityInput> =>
  Object.fromEntries(names.map(name => [name, wordFor('req', name)]))

/** Watched by name in any case. */
const always = namesOf({
  headersDistinct: 'raw-headers',
  ip: 'ip',
  // `secure` and `subdomains` read these.
  protocol: readProtocol,
  host: readHost,
  hostname: readHost,
  ...words(persons),
})

/** Watched once something was made of credentials, or may have been. */
const made = namesOf(words(products))

/** Observe what is read of a request from now on. To be called right before `next()`. */
export function observeExpress(request: IncomingMessage, response: ServerResponse): Observer {
  const window: Window = new Window(() => window.watchNames(request, made))
  try {
    window.watchAdded('req', request, always)
    window.watchAdded('res', response)
    window.watchFields(request)
    window.watchPeer(request)
    window.watchNames(request, always)
    window.watchRecord(response, 'locals')
    window.onEnd(() => readByAnotherName(request, window.reads))
  } catch {
    // A request of a shape that we do not know: its response is not stored, and the handler runs all the same.
    window.reads.opaque()
  }
  return window
}

function readProtocol(reads: Reads, below: Callable, request: object): void {
  if (trustsProxies(request)) readForwarded(request, 'x-forwarded-proto', reads, below)
}

function readHost(reads: Reads, below: Callable, request: object): void {
  reads.field('host', below)
  if (trustsProxies(request)) readForwarded(request, 'x-forwarded-host', reads, below)
}

/** A field that is believed only from some peers: of the others, whoever sends it may not fill what believed requests get. */
function readForwarded(request: object, name: string, reads: Reads, below: Callable): void {
  const { headers } = request as IncomingMessage
  reads.field(name, below)
  const [sent, trusted] = reads.quietly(() => [headers[name] !== undefined, trustsPeer(request)])
  if (sent && !trusted) reads.identity('ip', below)
}

function trustsProxies(request: object): boolean {
  return Boolean((request as { app?: Application }).app?.get?.('trust proxy'))
}

function trustsPeer(request: object): boolean {
  const trust = (request as { app?: Application }).app?.get?.('trust proxy fn')
  return typeof trust === 'function' && Boolean(trust((request as IncomingMessage).socket.remoteAddress, 0))
}

/** Passport's session strategy was let off because of `req.user`; set up to call the user something else, it is not. */
function readByAnotherName(request: IncomingMessage, reads: Reads): void {
  if (!reads.deferred) return
  const { _userProperty: name = 'user' } = request as { _userProperty?: string }
  if (name !== 'user') reads.counts('user')
}
