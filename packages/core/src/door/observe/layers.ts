// Values that stand in others' places for a window. Two caches on one route lay them over each other; they come off in any order.

import type { Reads } from './reads.ts'

/** Answers with the layer itself where a proxy is asked for it. No handler has this symbol. */
export const layerOf: unique symbol = Symbol('larder.observe.layer')

interface ProxyLayer {
  readonly reads: Reads
  readonly beneath: object
}

/** The value without the layers whose window has ended: the one below may have closed first. */
function settled(value: object): object {
  const layer = layerOn(value)
  return layer?.reads.ended ? settled(layer.beneath) : value
}

/** The value without any layer. */
export function bare<T extends object>(value: T): T {
  const layer = layerOn(value)
  // A layer shows what is beneath it, so it has the same type.
  return layer ? bare(layer.beneath as T) : value
}

function layerOn(value: object): ProxyLayer | undefined {
  return (value as { [layerOf]?: ProxyLayer })[layerOf]
}

/**
 * Put a substitute in the place of a value, in a property or behind a setter of the owner's prototype. Returns what puts it back, or
 * `undefined` when it cannot be put there.
 */
export function substitute(
  owner: object,
  key: string,
  original: object,
  replacement: object,
): (() => void) | undefined {
  const set = Reflect.set(owner, key, replacement) && Reflect.get(owner, key) === replacement
  // HTTP/2 requests have `headers` as a getter alone.
  if (!set && !Reflect.defineProperty(owner, key, { value: replacement, writable: true, configurable: true })) {
    return undefined
  }
  return () => {
    // What the handler put there whole stays.
    if (Reflect.get(owner, key) !== replacement) return
    if (set) Reflect.set(owner, key, settled(original))
    else Reflect.deleteProperty(owner, key)
  }
}
