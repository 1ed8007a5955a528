// Application values in memory: what JSON keeps, and bytes. A caller never holds what the cache holds.

import { LarderTypeError } from './errors.ts'

/** A value as the cache holds it; nobody can change it. */
export type Encoded =
  | { readonly kind: 'primitive'; readonly value: string | number | boolean | null }
  | { readonly kind: 'json'; readonly text: string }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array; readonly buffer: boolean }

const maxDepth = 1000

/**
 * Encode a value: null, a boolean, a finite number, a string, arrays and plain objects of these, or a Buffer or Uint8Array (copied).
 * As in JSON, a property that is undefined is dropped and −0 becomes 0.
 *
 * @throws LARDER_UNSERIALIZABLE_VALUE for anything else, with the path to it.
 */
export function encodeValue(value: unknown): Encoded {
  if (value instanceof Uint8Array) return encodeBytes(value)
  const problem = check(value, 0, new Set())
  if (problem !== undefined)
    throw new LarderTypeError(
      'LARDER_UNSERIALIZABLE_VALUE',
      `$${problem.path.reverse().join('')} is ${problem.what}, which would not come back as it went in: ${problem.advice}`,
    )
  if (typeof value === 'object' && value !== null) return { kind: 'json', text: JSON.stringify(value) }
  return { kind: 'primitive', value: value === 0 ? 0 : (value as string | number | boolean | null) }
}

/** The value again, a new one on each call. */
export function decodeValue(encoded: Encoded): unknown {
  if (encoded.kind === 'primitive') return encoded.value
  if (encoded.kind === 'json') return JSON.parse(encoded.text)
  return encoded.buffer ? Buffer.from(encoded.bytes) : new Uint8Array(encoded.bytes)
}

// A Uint8Array and its ArrayBuffer.
const byteArrayOverhead = 160

/** Bytes that the encoded value takes in memory. */
export function encodedBytes(encoded: Encoded): number {
  if (encoded.kind === 'bytes') return byteArrayOverhead + encoded.bytes.byteLength
  const text = encoded.kind === 'json' ? encoded.text : encoded.value
  return typeof text === 'string' ? textBytes(text) : 8
}

/** Bytes that a string takes in memory: one a character, or two when any is outside Latin-1. */
export function textBytes(text: string): number {
  return /[^\0-\xff]/.test(text) ? text.length * 2 : text.length
}

// Memory of its own: a slice of Node's pool would keep 8 KiB alive for a few bytes.
function encodeBytes(value: Uint8Array): Encoded {
  return { kind: 'bytes', bytes: new Uint8Array(value), buffer: Buffer.isBuffer(value) }
}

interface Problem {
  /** From the inside out. */
  readonly path: string[]
  readonly what: string
  readonly advice: string
}

function check(value: unknown, depth: number, around: Set<object>): Problem | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined
    case 'number':
      return Number.isFinite(value) ? undefined : problem(String(value), 'use null or a string')
    case 'undefined':
      return problem('undefined', 'use null')
    case 'bigint':
      return problem('a bigint', 'use a string')
    case 'function':
    case 'symbol':
      return problem(`a ${typeof value}`, 'leave it out')
    case 'object':
      return value === null ? undefined : checkInside(value, depth, around)
  }
}

function checkInside(value: object, depth: number, around: Set<object>): Problem | undefined {
  if (depth > maxDepth) return problem(`deeper than ${maxDepth} levels`, 'make it flatter')
  if (around.has(value)) return problem('a cycle', 'refer to it by an identifier')
  around.add(value)
  const found = Array.isArray(value) ? checkArray(value, depth, around) : checkObject(value, depth, around)
  around.delete(value)
  return found
}

function checkArray(array: readonly unknown[], depth: number, around: Set<object>): Problem | undefined {
  // Only the prototype of plain arrays, of whatever realm, is an array itself.
  if (!Array.isArray(Object.getPrototypeOf(array))) return problem(kindOf(array), 'use a plain array')
  for (let i = 0; i < array.length; i++) {
    const inner = i in array ? check(array[i], depth + 1, around) : problem('a hole', 'use null')
    if (inner !== undefined) return within(`[${i}]`, inner)
  }
  return undefined
}

function checkObject(object: object, depth: number, around: Set<object>): Problem | undefined {
  const prototype = Object.getPrototypeOf(object)
  const plain = prototype === null || prototype === Object.prototype || isForeignObjectPrototype(prototype)
  if (!plain) return problem(kindOf(object), adviceFor(object))
  for (const [name, value] of Object.entries(object)) {
    const inner = value === undefined ? undefined : check(value, depth + 1, around)
    if (inner !== undefined)
      return within(/^[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`, inner)
  }
  return undefined
}

// A plain object of another realm: from node:vm, or from a test runner.
function isForeignObjectPrototype(prototype: object): boolean {
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf')
}

function problem(what: string, advice: string): Problem {
  return { path: [], what, advice }
}

function within(step: string, inner: Problem): Problem {
  // A thousand steps help nobody.
  if (inner.path.length < 20) inner.path.push(step)
  else inner.path[19] = '…'
  return inner
}

function kindOf(object: object): string {
  const tag = Object.prototype.toString.call(object).slice(8, -1)
  if (tag !== 'Object' && tag !== 'Array') return `a ${tag}`
  const name: unknown = Object.getPrototypeOf(object)?.constructor?.name
  return typeof name === 'string' && name !== ''
    ? `an instance of ${name.slice(0, 40)}`
    : 'an object with a prototype of its own'
}

function adviceFor(object: object): string {
  if (object instanceof Date) return 'use date.toISOString()'
  if (object instanceof Map) return 'use Object.fromEntries(map)'
  if (object instanceof Set) return 'use [...set]'
  if (ArrayBuffer.isView(object) || object instanceof ArrayBuffer)
    return 'bytes are kept as the whole value, as a Buffer or Uint8Array'
  return 'use a plain object'
}
