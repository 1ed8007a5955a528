// res.locals and ctx.state as the handler sees them: what outer layers left there is told when it is read.

import { layerOf } from './layers.ts'
import { meansIdentity, nameOf } from './names.ts'
import type { Callable } from './readers.ts'
import type { Reads } from './reads.ts'

export class ObservedRecord implements ProxyHandler<object> {
  readonly reads: Reads
  readonly beneath: object
  readonly #word: 'locals' | 'state'
  /** What was written inside the window: reading it back counts by how it was computed. */
  #written: Set<PropertyKey> | undefined

  constructor(reads: Reads, beneath: object, word: 'locals' | 'state') {
    this.reads = reads
    this.beneath = beneath
    this.#word = word
  }

  get(target: object, key: string | symbol): unknown {
    if (key === layerOf) return this
    this.#read(target, key, this.get)
    return Reflect.get(target, key)
  }

  has(target: object, key: string | symbol): boolean {
    this.#read(target, key, this.has)
    return Reflect.has(target, key)
  }

  getOwnPropertyDescriptor(target: object, key: string | symbol): PropertyDescriptor | undefined {
    this.#read(target, key, this.getOwnPropertyDescriptor)
    return Reflect.getOwnPropertyDescriptor(target, key)
  }

  ownKeys(target: object): (string | symbol)[] {
    const keys = Reflect.ownKeys(target)
    // Each by its name, so that a route may trust the ones it knows and still hear of a new one.
    for (const key of keys) this.#read(target, key, this.ownKeys)
    return keys
  }

  set(target: object, key: string | symbol, value: unknown): boolean {
    this.#wrote(key)
    return Reflect.set(target, key, value)
  }

  defineProperty(target: object, key: string | symbol, descriptor: PropertyDescriptor): boolean {
    this.#wrote(key)
    return Reflect.defineProperty(target, key, descriptor)
  }

  deleteProperty(target: object, key: string | symbol): boolean {
    this.#wrote(key)
    return Reflect.deleteProperty(target, key)
  }

  #wrote(key: PropertyKey): void {
    if (this.reads.ended) return
    this.#written ??= new Set()
    this.#written.add(key)
  }

  #read(target: object, key: string | symbol, below: Callable): void {
    if (this.reads.ended || this.#written?.has(key)) return
    // What Object.prototype has is nobody's; what is absent counts where its absence says "nobody".
    if (Reflect.has(target, key) ? key in Object.prototype : !meansIdentity(key)) return
    this.reads.identity(`${this.#word}.${nameOf(key)}`, below)
  }
}
