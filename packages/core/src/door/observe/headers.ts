// req.headers as the handler sees it: the real object behind a proxy that tells which fields are read.

import { neverCounts } from './fields.ts'
import { layerOf } from './layers.ts'
import { type Callable, verdict } from './readers.ts'
import type { Reads } from './reads.ts'

type Headers = Record<string, string | string[] | undefined>

export class ObservedHeaders implements ProxyHandler<Headers> {
  readonly reads: Reads
  readonly beneath: Headers
  /** Fields that the handler's own side wrote or removed: reading them back tells nothing new. */
  #written: Set<string> | undefined
  /** Fields still to be read by whoever has just listed them all (spread, JSON.stringify): `headers` says it already. */
  #listed: Set<string> | undefined

  constructor(reads: Reads, beneath: Headers) {
    this.reads = reads
    this.beneath = beneath
  }

  get(target: Headers, key: string | symbol): unknown {
    if (typeof key === 'symbol') return key === layerOf ? this : Reflect.get(target, key)
    const value = target[key]
    // Frameworks read the conditional fields of every request.
    if (this.reads.fields.has(key) || neverCounts(key)) return value
    if (key in Object.prototype && typeof value !== 'string') return value
    if (this.#listed?.has(key) && this.#partOfListing(key, this.get)) return value
    this.#read(key, value !== undefined, this.get)
    return value
  }

  has(target: Headers, key: string | symbol): boolean {
    const present = Reflect.has(target, key)
    if (typeof key === 'string') this.#read(key, present, this.has)
    return present
  }

  getOwnPropertyDescriptor(target: Headers, key: string | symbol): PropertyDescriptor | undefined {
    const found = Reflect.getOwnPropertyDescriptor(target, key)
    if (typeof key === 'string' && !this.#listed?.has(key)) {
      this.#read(key, found !== undefined, this.getOwnPropertyDescriptor)
    }
    return found
  }

  ownKeys(target: Headers): (string | symbol)[] {
    const keys = Reflect.ownKeys(target)
    if (this.reads.ended) return keys
    this.reads.identity('headers', this.ownKeys)
    this.#listed = new Set(keys as string[])
    return keys
  }

  set(target: Headers, key: string | symbol, value: unknown): boolean {
    this.#wrote(key)
    return Reflect.set(target, key, value)
  }

  defineProperty(target: Headers, key: string | symbol, descriptor: PropertyDescriptor): boolean {
    this.#wrote(key)
    return Reflect.defineProperty(target, key, descriptor)
  }

  deleteProperty(target: Headers, key: string | symbol): boolean {
    this.#wrote(key)
    return Reflect.deleteProperty(target, key)
  }

  #wrote(key: string | symbol): void {
    if (typeof key !== 'string' || this.reads.ended) return
    this.#written ??= new Set()
    this.#written.add(key)
  }

  #partOfListing(key: string, below: Callable): boolean {
    if (this.reads.identities.has('headers')) return this.#listed!.delete(key)
    // A logger listed them and was let off: only it goes on unseen.
    return verdict(below) !== 'counts'
  }

  #read(key: string, present: boolean, below: Callable): void {
    if (this.#written?.has(key)) return
    if (!present && !fieldName.test(key)) return
    if (key === 'then') return
    if (key.charCodeAt(0) === 58 /* : */) {
      // HTTP/2: the other pseudo-fields are in the key.
      if (key === ':authority') this.reads.field('host', below)
      return
    }
    this.reads.field(key, below)
  }
}

// A name with a capital is always absent, whatever the client sends; `toJSON` is asked for by JSON.stringify.
const fieldName = /^[^A-Z]+$/
