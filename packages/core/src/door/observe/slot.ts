// Where an object keeps what is watched of it: under a private name, which nobody comes across who lists or copies the object.

import type { Watched } from './watched.ts'

/** Makes nothing: a class that extends it gives its private names to what is there already. */
class Given {
  constructor(target: object) {
    // biome-ignore lint/correctness/noConstructorReturn: that is what it is for
    return target
  }
}

/** A place on any object, frozen ones too. A property that is defined and deleted again costs ten times as much. */
class Slot extends Given {
  #watched: Watched | undefined

  static keep(target: object, watched: Watched | undefined): void {
    if (!(#watched in target)) new Slot(target)
    ;(target as Slot).#watched = watched
  }

  static of(target: object): Watched | undefined {
    return #watched in target ? target.#watched : undefined
  }
}

export function keepOn(target: object, watched: Watched | undefined): void {
  Slot.keep(target, watched)
}

/** What the object itself keeps. */
export function keptOn(target: object): Watched | undefined {
  return Slot.of(target)
}

/** The same, or that of the object from which it inherits. */
export function watchedBy(target: object): Watched | undefined {
  for (let object: object | null = target; object !== null; object = Reflect.getPrototypeOf(object)) {
    const watched = Slot.of(object)
    if (watched !== undefined) return watched
  }
  return undefined
}
