// A property that tells when it is read, and is itself again when the last window over it ends.

import { wellKnown } from './names.ts'
import type { IdentityInput } from './observation.ts'
import type { Callable } from './readers.ts'
import type { Reads } from './reads.ts'
import { watchedBy } from './slot.ts'

/** What reading a property means: one identity, or whatever the function makes of it. `target` is what has the property. */
export type Meaning = IdentityInput | ((reads: Reads, below: Callable, target: object) => void)

/** A property as it is defined: not enumerable, like what it stands for, which is absent or inherited. */
export interface Accessors extends PropertyDescriptor {
  readonly get: (this: object) => unknown
  readonly set: (this: object, value: unknown) => void
}

/** A window that wants to be told. */
interface Listener {
  readonly reads: Reads
  readonly meaning: Meaning
  /** Set inside this window. */
  written: boolean
}

export class WatchedProperty {
  readonly #target: object
  readonly #key: PropertyKey
  /** What was there: `undefined` when it is inherited or absent. */
  readonly #original: PropertyDescriptor | undefined
  readonly #accessors: Accessors
  readonly #listeners: Listener[] = []
  /** The value is ours to keep: it was a data property, or was set meanwhile. */
  #held: boolean
  #value: unknown

  constructor(target: object, key: PropertyKey, original: PropertyDescriptor | undefined) {
    this.#target = target
    this.#key = key
    this.#original = original
    this.#accessors = accessorsFor(key)
    this.#held = original !== undefined && 'value' in original
    this.#value = original?.value
  }

  install(): boolean {
    const { get, set } = this.#accessors
    const enumerable = this.#original?.enumerable ?? false
    return Reflect.defineProperty(this.#target, this.#key, { get, set, enumerable, configurable: true })
  }

  inPlace(): boolean {
    return standsIn(this.#target, this.#key, this.#accessors)
  }

  /** A getter that we cannot replace, but that reads what we watch (koa-passport's `ctx.req.user`), hides nothing. */
  readsThrough(reads: Reads): boolean {
    const getter = this.#original?.get
    return getter !== undefined && reads.touches(() => getter.call(this.#target))
  }

  listen(reads: Reads, meaning: Meaning): void {
    this.#listeners.push({ reads, meaning, written: false })
  }

  /** A window has ended. Returns whether another one is open; if none is, the property is as it was before. */
  unlisten(reads: Reads): boolean {
    const listeners = this.#listeners
    const at = listeners.findIndex(listener => listener.reads === reads)
    if (at >= 0) listeners.splice(at, 1)
    if (listeners.length > 0) return true
    this.#remove()
    return false
  }

  #remove(): void {
    // Deleted by the handler, or defined anew: that stays.
    if (!this.inPlace()) return
    if (this.#held) {
      const { enumerable = true, writable = true } = this.#original ?? {}
      const value = this.#value
      Reflect.defineProperty(this.#target, this.#key, { value, writable, enumerable, configurable: true })
    } else if (this.#original) {
      Reflect.defineProperty(this.#target, this.#key, this.#original)
    } else {
      Reflect.deleteProperty(this.#target, this.#key)
    }
  }

  read(receiver: object, below: Callable): unknown {
    for (const { reads, meaning, written } of this.#listeners) {
      // Reading back what the handler's own side set counts by how it was computed, unless a reader was let off for this.
      if (written && !reads.deferred) continue
      if (typeof meaning === 'function') meaning(reads, below, this.#target)
      else reads.identity(meaning, below)
    }
    if (this.#held) return this.#value
    // What a getter reads in turn is no news.
    for (const { reads } of this.#listeners) reads.quiet++
    try {
      return this.value(receiver)
    } finally {
      for (const { reads } of this.#listeners) reads.quiet--
    }
  }

  value(receiver: object): unknown {
    if (this.#held) return this.#value
    if (this.#original) return this.#original.get?.call(receiver)
    return Reflect.get(this.#parent(), this.#key, receiver)
  }

  write(receiver: object, value: unknown): void {
    for (const listener of this.#listeners) listener.written = true
    const original = this.#original ?? (this.#held ? undefined : inheritedDescriptor(this.#parent(), this.#key))
    if (original?.set) {
      original.set.call(receiver, value)
    } else if (original && !original.writable) {
      // As sloppy code finds it: a setter cannot tell who should have an error.
    } else if (receiver === this.#target) {
      // Seen by whoever lists the properties, as if it had been set on a plain request.
      if (!this.#held) Reflect.defineProperty(receiver, this.#key, { enumerable: true })
      this.#value = value
      this.#held = true
    } else {
      // An object that inherits from the request gets a property of its own.
      const own = { value, writable: true, enumerable: true, configurable: true }
      Reflect.defineProperty(receiver, this.#key, own)
    }
  }

  /** Asked for anew: a mounted Express application changes the prototype. */
  #parent(): object {
    return Reflect.getPrototypeOf(this.#target) ?? Object.prototype
  }
}

/** Whether these accessors are (still) an object's own property. */
export function standsIn(target: object, key: PropertyKey, { get }: Accessors): boolean {
  return Reflect.getOwnPropertyDescriptor(target, key)?.get === get
}

export function accessorsFor(key: PropertyKey): Accessors {
  return shared.get(key) ?? accessorsOf(key)
}

function inheritedDescriptor(from: object | null, key: PropertyKey): PropertyDescriptor | undefined {
  for (let object = from; object; object = Reflect.getPrototypeOf(object)) {
    const found = Reflect.getOwnPropertyDescriptor(object, key)
    if (found) return found
  }
  return undefined
}

function accessorsOf(key: PropertyKey): Accessors {
  return {
    get: function get() {
      return watchedBy(this)?.property(key)?.read(this, get)
    },
    set(value) {
      watchedBy(this)?.property(key)?.write(this, value)
    },
    enumerable: false,
    configurable: true,
  }
}

// The same functions on every request leave its shape one that V8 knows; new ones cost several times as much.
const shared: ReadonlyMap<PropertyKey, Accessors> = new Map(wellKnown.map(key => [key, accessorsOf(key)]))
