// Properties that tell when they are read, and are themselves again when the last window over them ends.

import { wellKnown } from './names.ts'
import type { IdentityInput } from './observation.ts'
import type { Callable } from './readers.ts'
import type { Reads } from './reads.ts'

/** What reading a property means: one identity, or whatever the function makes of it. */
export type Meaning = IdentityInput | ((reads: Reads, below: Callable) => void)

/** A window that wants to be told. */
interface Listener {
  readonly reads: Reads
  readonly meaning: Meaning
  /** Set inside this window. */
  written: boolean
}

interface Accessors {
  readonly get: (this: Watchable) => unknown
  readonly set: (this: Watchable, value: unknown) => void
}

/** Where an object keeps its watched properties while it has any. */
export const slot: unique symbol = Symbol('larder.observe.properties')

type Watchable = object & { [slot]?: Map<PropertyKey, WatchedProperty> }

/** Tell `reads` when a property is read, whether it is there, inherited or absent. Returns what takes it off. */
export function watchProperty(target: Watchable, key: PropertyKey, meaning: Meaning, reads: Reads): () => void {
  if (!target[slot]) {
    const watched = new Map<PropertyKey, WatchedProperty>()
    // Not enumerable: who lists or copies the request must not see it.
    if (!Reflect.defineProperty(target, slot, { value: watched, configurable: true })) {
      reads.opaque()
      return () => {}
    }
  }
  const all = target[slot]!
  let property = all.get(key)
  if (!property?.inPlace()) {
    property = new WatchedProperty(target, key)
    if (!property.install() && !property.readsThrough(reads)) reads.opaque()
    all.set(key, property)
  }
  const listener = { reads, meaning, written: false }
  property.listeners.push(listener)
  return () => {
    property.listeners.splice(property.listeners.indexOf(listener), 1)
    if (property.listeners.length > 0) return
    property.remove()
    if (all.get(key) === property) all.delete(key)
    if (all.size === 0) Reflect.deleteProperty(target, slot)
  }
}

/** The value of a property, told to no window. */
export function bareProperty(target: Watchable, key: PropertyKey): unknown {
  const property = target[slot]?.get(key)
  return property ? property.value(target) : Reflect.get(target, key)
}

class WatchedProperty {
  readonly listeners: Listener[] = []
  readonly #target: Watchable
  readonly #key: PropertyKey
  /** What was there: `undefined` when it is inherited or absent. */
  readonly #original: PropertyDescriptor | undefined
  readonly #accessors: Accessors
  /** The value is ours to keep: it was a data property, or was set meanwhile. */
  #held: boolean
  #value: unknown

  constructor(target: Watchable, key: PropertyKey) {
    this.#target = target
    this.#key = key
    this.#original = Reflect.getOwnPropertyDescriptor(target, key)
    this.#accessors = shared.get(key) ?? accessorsOf(key)
    this.#held = this.#original !== undefined && 'value' in this.#original
    this.#value = this.#original?.value
  }

  install(): boolean {
    const { get, set } = this.#accessors
    const enumerable = this.#original?.enumerable ?? false
    return Reflect.defineProperty(this.#target, this.#key, { get, set, enumerable, configurable: true })
  }

  inPlace(): boolean {
    return Reflect.getOwnPropertyDescriptor(this.#target, this.#key)?.get === this.#accessors.get
  }

  /** A getter that we cannot replace, but that reads what we watch (koa-passport's `ctx.req.user`), hides nothing. */
  readsThrough(reads: Reads): boolean {
    const getter = this.#original?.get
    return getter !== undefined && reads.touches(() => getter.call(this.#target))
  }

  remove(): void {
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
    for (const { reads, meaning, written } of this.listeners) {
      // Reading back what the handler's own side set counts by how it was computed, unless a reader was let off for this.
      if (written && !reads.deferred) continue
      if (typeof meaning === 'function') meaning(reads, below)
      else reads.identity(meaning, below)
    }
    if (this.#held) return this.#value
    // What a getter reads in turn is no news.
    for (const { reads } of this.listeners) reads.quiet++
    try {
      return this.value(receiver)
    } finally {
      for (const { reads } of this.listeners) reads.quiet--
    }
  }

  value(receiver: object): unknown {
    if (this.#held) return this.#value
    if (this.#original) return this.#original.get?.call(receiver)
    return Reflect.get(this.#parent(), this.#key, receiver)
  }

  write(receiver: object, value: unknown): void {
    for (const listener of this.listeners) listener.written = true
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
      return this[slot]?.get(key)?.read(this, get)
    },
    set(value) {
      this[slot]?.get(key)?.write(this, value)
    },
  }
}

// The same functions on every request leave its shape one that V8 knows; new ones cost several times as much.
const shared: ReadonlyMap<PropertyKey, Accessors> = new Map(wellKnown.map(key => [key, accessorsOf(key)]))
