// req.rawHeaders as the handler sees it: whoever looks into the array has read all fields, which of them nobody can tell.

import { inspect } from 'node:util'
import { layerOf } from './layers.ts'
import type { Reads } from './reads.ts'

/**
 * A value in the place of a value, where an accessor would do as well: Node's own property cannot become one without making a dictionary
 * of the request, which takes the rest of a miss longer than all other observation.
 */
export function observedLines(reads: Reads, beneath: string[]): string[] {
  return new Proxy(nothing, new ObservedLines(reads, beneath))
}

/** Empty, and never written to. `util.inspect` looks at the target of a proxy, past its traps: here it is sent back to them. */
class Nothing extends Array<string> {
  [inspect.custom](): string[] {
    return [...this]
  }
}

const nothing = new Nothing()

class ObservedLines implements ProxyHandler<string[]> {
  readonly reads: Reads
  readonly beneath: string[]

  constructor(reads: Reads, beneath: string[]) {
    this.reads = reads
    this.beneath = beneath
  }

  get(_target: string[], key: string | symbol): unknown {
    if (key === layerOf) return this
    this.reads.identity('raw-headers', this.get)
    return Reflect.get(this.beneath, key)
  }

  has(_target: string[], key: string | symbol): boolean {
    this.reads.identity('raw-headers', this.has)
    return Reflect.has(this.beneath, key)
  }

  getOwnPropertyDescriptor(_target: string[], key: string | symbol): PropertyDescriptor | undefined {
    this.reads.identity('raw-headers', this.getOwnPropertyDescriptor)
    return Reflect.getOwnPropertyDescriptor(this.beneath, key)
  }

  ownKeys(): (string | symbol)[] {
    this.reads.identity('raw-headers', this.ownKeys)
    return Reflect.ownKeys(this.beneath)
  }

  set(_target: string[], key: string | symbol, value: unknown): boolean {
    return Reflect.set(this.beneath, key, value)
  }

  defineProperty(_target: string[], key: string | symbol, descriptor: PropertyDescriptor): boolean {
    return Reflect.defineProperty(this.beneath, key, descriptor)
  }

  deleteProperty(_target: string[], key: string | symbol): boolean {
    return Reflect.deleteProperty(this.beneath, key)
  }

  getPrototypeOf(): object | null {
    return Reflect.getPrototypeOf(this.beneath)
  }

  // Both would change what all requests share.
  setPrototypeOf(): boolean {
    return false
  }

  preventExtensions(): boolean {
    return false
  }
}
