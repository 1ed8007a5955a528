// What is watched of one object: properties of its own, and names that most objects of its kind inherit or do not have.

import { type Accessors, accessorsFor, type Meaning, standsIn, WatchedProperty } from './property.ts'
import type { Reads } from './reads.ts'
import { keepOn, keptOn, watchedBy } from './slot.ts'

/** Names that are watched on every object of one kind. Made once: an object then costs no more than their definition. */
export interface Names {
  readonly meanings: ReadonlyMap<PropertyKey, Meaning>
  readonly accessors: readonly (readonly [PropertyKey, Accessors])[]
}

export type Undo = () => void

export function namesOf(meanings: Readonly<Record<string, Meaning>>): Names {
  const entries = Object.entries(meanings)
  return { meanings: new Map(entries), accessors: entries.map(([key]) => [key, accessorsFor(key)]) }
}

/** Tell `reads` when a property is read, whether it is there, inherited or absent. Returns what takes it off. */
export function watchProperty(target: object, key: PropertyKey, meaning: Meaning, reads: Reads): Undo {
  const watched = watchedOf(target)
  const property = watched.watch(key, reads)
  property.listen(reads, meaning)
  return () => watched.unwatch(key, property, reads)
}

/** Tell `reads` when any of the names is read. Returns what takes them off. */
export function watchNames(target: object, names: Names, reads: Reads): Undo {
  const watched = watchedOf(target)
  watched.watchNames(names, reads)
  return () => watched.unwatchNames(names, reads)
}

function watchedOf(target: object): Watched {
  const there = keptOn(target)
  if (there !== undefined) return there
  const watched = new Watched(target)
  // Before the accessors: what is taken off in the opposite order leaves the object the shape that it had.
  keepOn(target, watched)
  return watched
}

export class Watched {
  readonly #target: object
  #properties: Map<PropertyKey, WatchedProperty> | undefined
  /** The names of the first window that watches any. For those that nobody touches nothing is made. */
  #names: Names | undefined
  #reads: Reads | undefined

  constructor(target: object) {
    this.#target = target
  }

  property(key: PropertyKey): WatchedProperty | undefined {
    return this.#properties?.get(key) ?? this.#named(key) ?? this.#inherited(key)
  }

  watch(key: PropertyKey, reads: Reads): WatchedProperty {
    const there = this.#properties?.get(key) ?? this.#named(key)
    if (there?.inPlace()) return there
    const property = new WatchedProperty(this.#target, key, Reflect.getOwnPropertyDescriptor(this.#target, key))
    if (!property.install() && !property.readsThrough(reads)) reads.opaque()
    this.#put(key, property)
    return property
  }

  unwatch(key: PropertyKey, property: WatchedProperty, reads: Reads): void {
    this.#unlisten(key, property, reads)
    this.#dropWhenEmpty()
  }

  watchNames(names: Names, reads: Reads): void {
    const isFirst = this.#names === undefined
    if (isFirst) {
      this.#names = names
      this.#reads = reads
    }
    for (const [key, accessors] of names.accessors) {
      const isPlain = isFirst && !Object.hasOwn(this.#target, key)
      if (isPlain && Reflect.defineProperty(this.#target, key, accessors)) continue
      this.watch(key, reads).listen(reads, names.meanings.get(key)!)
    }
  }

  unwatchNames(names: Names, reads: Reads): void {
    const isFirst = this.#reads === reads
    for (let i = names.accessors.length - 1; i >= 0; i--) {
      const [key, accessors] = names.accessors[i]!
      const property = this.#properties?.get(key)
      if (property !== undefined) this.#unlisten(key, property, reads)
      else if (isFirst && standsIn(this.#target, key, accessors)) Reflect.deleteProperty(this.#target, key)
    }
    if (isFirst) {
      this.#names = undefined
      this.#reads = undefined
    }
    this.#dropWhenEmpty()
  }

  /** Made when it is first touched. */
  #named(key: PropertyKey): WatchedProperty | undefined {
    const meaning = this.#names?.meanings.get(key)
    if (meaning === undefined) return undefined
    const property = new WatchedProperty(this.#target, key, undefined)
    property.listen(this.#reads!, meaning)
    this.#put(key, property)
    return property
  }

  /** The object may inherit from another one that is watched. */
  #inherited(key: PropertyKey): WatchedProperty | undefined {
    const parent = Reflect.getPrototypeOf(this.#target)
    return parent === null ? undefined : watchedBy(parent)?.property(key)
  }

  #put(key: PropertyKey, property: WatchedProperty): void {
    this.#properties ??= new Map()
    this.#properties.set(key, property)
  }

  #unlisten(key: PropertyKey, property: WatchedProperty, reads: Reads): void {
    if (property.unlisten(reads)) return
    if (this.#properties?.get(key) === property) this.#properties.delete(key)
  }

  #dropWhenEmpty(): void {
    if (this.#names !== undefined || (this.#properties?.size ?? 0) > 0) return
    if (keptOn(this.#target) === this) keepOn(this.#target, undefined)
  }
}
