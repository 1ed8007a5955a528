// One window over one request: what is laid over it, and how it comes off again.

import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { ObservedHeaders } from './headers.ts'
import { substitute } from './layers.ts'
import { observedLines } from './lines.ts'
import { isPrivate, plumbingOf, wordFor } from './names.ts'
import type { Observation, Observer, Owner } from './observation.ts'
import type { Meaning } from './property.ts'
import { Reads } from './reads.ts'
import { ObservedRecord } from './record.ts'
import { type Names, namesOf, watchNames, watchProperty } from './watched.ts'

export class Window implements Observer {
  readonly reads: Reads
  readonly #undo: (() => unknown)[] = []

  /** `onDeferred` is called once, when the first reader is let off because its product counts. */
  constructor(onDeferred?: () => void) {
    this.reads = new Reads(onDeferred)
  }

  get observation(): Observation {
    return this.reads
  }

  suspend(): void {
    this.reads.quiet++
  }

  resume(): void {
    this.reads.quiet--
  }

  end(): void {
    const { reads } = this
    if (reads.ended) return
    reads.ended = true
    // Backwards, so that V8 can take up the request's shape from before.
    for (let i = this.#undo.length - 1; i >= 0; i--) this.#undo[i]!()
  }

  /** Tell when a property is read, whether it is there, inherited or absent. */
  watch(target: object, key: PropertyKey, meaning: Meaning): void {
    this.#undo.push(watchProperty(target, key, meaning, this.reads))
  }

  /** The same for names that most objects of a kind inherit or do not have. */
  watchNames(target: object, names: Names): void {
    this.#undo.push(watchNames(target, names, this.reads))
  }

  /** Tell when something that outer layers put on an object is read. `named` is watched in any case. */
  watchAdded(owner: Exclude<Owner, 'locals' | 'state'>, target: object, named?: Names): void {
    const plumbing = plumbingOf(owner)
    for (const key of Reflect.ownKeys(target)) {
      if (plumbing.has(key) || named?.meanings.has(key)) continue
      if (typeof key === 'symbol' && this.#passes(key, target)) continue
      // A method of the framework that was wrapped, as compression does with write and end.
      const wrapped = typeof Reflect.getOwnPropertyDescriptor(target, key)?.value === 'function'
      if (wrapped && key in (Reflect.getPrototypeOf(target) ?? {})) continue
      this.watch(target, key, wordFor(owner, key))
    }
  }

  /** Tell which fields are read, by name, and whether all are listed. `headersDistinct` is among the names. */
  watchFields(request: IncomingMessage): void {
    // Node makes `headers` of `rawHeaders` when first asked.
    const { headers, rawHeaders } = request
    this.#put(request, 'rawHeaders', rawHeaders, observedLines(this.reads, rawHeaders))
    this.#put(request, 'headers', headers, new Proxy(headers, new ObservedHeaders(this.reads, headers)))
  }

  /** Tell when the peer's address or certificate is read. */
  watchPeer(request: IncomingMessage): void {
    const { socket } = request
    if (!socket) return
    if (request.httpVersionMajor > 1) {
      // HTTP/2 hands out a proxy of the socket, which takes no accessor.
      this.watch(request, 'socket', 'ip')
      this.watch(request, 'connection', 'ip')
      return
    }
    this.watchNames(socket, address)
    const tls = socket as Partial<TLSSocket>
    if (!tls.encrypted || (!tls.authorized && !tls.authorizationError)) return
    // The server asked for a certificate.
    for (const key of ['authorized', 'authorizationError', 'getPeerCertificate', 'getPeerX509Certificate']) {
      this.watch(socket, key, 'certificate')
    }
  }

  /** Tell which entries of `res.locals` or `ctx.state` are read. */
  watchRecord(owner: object, word: 'locals' | 'state'): void {
    const record: unknown = Reflect.get(owner, word)
    if (typeof record !== 'object' || record === null) return
    this.#put(owner, word, record, new Proxy(record, new ObservedRecord(this.reads, record, word)))
  }

  /** Have the framework make something anew that it keeps, because what it keeps was made before we watched. */
  forget(owner: object, key: string): void {
    const kept: unknown = Reflect.get(owner, key)
    if (kept === undefined) return
    Reflect.set(owner, key, undefined)
    this.onEnd(() => Reflect.set(owner, key, kept))
  }

  onEnd(run: () => unknown): void {
    this.#undo.push(run)
  }

  /** Symbols of Node, of a framework, or of another cache. Those of HTTP/2 requests have names like anybody's. */
  #passes(key: symbol, target: object): boolean {
    return isPrivate(key) || 'stream' in (Reflect.getPrototypeOf(target) ?? {})
  }

  #put(owner: object, key: string, original: object, replacement: object): void {
    const undo = substitute(owner, key, original, replacement)
    if (undo) this.#undo.push(undo)
    else this.reads.opaque()
  }
}

const address = namesOf({ remoteAddress: 'ip' })
