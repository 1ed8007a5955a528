// Everything that code can see of an object: its own properties, those of every prototype, and what each of them says.

import { EventEmitter } from 'node:events'
import { IncomingMessage, OutgoingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { Readable, Stream } from 'node:stream'
import type { Express } from '../doors/express.ts'

/** What stands at one moment on a request and its response. */
export interface Moment {
  readonly at: string
  readonly request: Visible
  readonly response: Visible
}

/** Prototype by prototype: what it is called, and its properties in their order. */
export type Visible = readonly (readonly [prototype: string, properties: readonly string[]])[]

interface Pair {
  readonly req: IncomingMessage & { app?: object }
  readonly res: ServerResponse
}

/** Node answers these with a warning. */
const deprecated: ReadonlySet<PropertyKey> = new Set(['_headers', '_headerNames'])

/** Sees requests and responses of one version of Express. */
export function seeing(express: Express): (at: string, pair: Pair) => Moment {
  return (at, pair) => ({ at, request: see(pair.req, pair), response: see(pair.res, pair) })

  function see(object: object, pair: Pair): Visible {
    const levels: [string, string[]][] = []
    for (let level: object | null = object; level !== null; level = Object.getPrototypeOf(level)) {
      const name = level === object ? 'own' : nameOf(level, pair)
      levels.push([name, Reflect.ownKeys(level).map(key => property(level!, key, object, pair))])
    }
    return levels
  }

  function nameOf(prototype: object, { req }: Pair): string {
    const app = req.app as { request: object; response: object } | undefined
    const known: [string, object | undefined][] = [
      ['app.request', app?.request],
      ['app.response', app?.response],
      ['express.request', express.request],
      ['express.response', express.response],
      ['IncomingMessage', IncomingMessage.prototype],
      ['ServerResponse', ServerResponse.prototype],
      ['OutgoingMessage', OutgoingMessage.prototype],
      ['Readable', Readable.prototype],
      ['Stream', Stream.prototype],
      ['EventEmitter', EventEmitter.prototype],
      ['Object', Object.prototype],
    ]
    return known.find(([, each]) => each === prototype)?.[0] ?? 'of somebody else'
  }
}

/** One line: name, form, and what it gives when it is read off `object`. */
function property(level: object, key: PropertyKey, object: object, pair: Pair): string {
  const { get, set, writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(level, key)!
  const form = [get && 'get', set && 'set', writable && 'w', enumerable && 'e', configurable && 'c'].filter(Boolean)
  return `${String(key)} (${form.join(' ')}): ${deprecated.has(key) ? 'not read' : read(object, key, pair)}`
}

function read(object: object, key: PropertyKey, pair: Pair): string {
  try {
    return JSON.stringify(summary(Reflect.get(object, key), pair, 3)) ?? 'undefined'
  } catch (error) {
    return `throws ${String(error)}`
  }
}

/** What differs from one connection or moment to the next is left out. */
function summary(value: unknown, pair: Pair, depth: number): unknown {
  if (typeof value === 'string') return value.replace(/127\.0\.0\.1:\d+/g, 'here').replace(/\d\d:\d\d:\d\d GMT/g, 'now')
  if (typeof value === 'function') return `function ${value.name}/${value.length}`
  if (typeof value !== 'object' || value === null) return typeof value === 'symbol' ? String(value) : value
  if (value === pair.req) return 'the request'
  if (value === pair.res) return 'the response'
  if (value instanceof Socket) return 'a socket'
  if (Buffer.isBuffer(value)) return `buffer ${value.toString('latin1')}`
  if (depth === 0) return 'more'
  if (Array.isArray(value)) return value.map(each => summary(each, pair, depth - 1))
  const prototype = Object.getPrototypeOf(value)
  const kind = prototype === null ? 'null' : prototype.constructor?.name
  const isPlain = prototype === null || prototype === Object.prototype
  if (!isPlain && !/State$/.test(kind)) return `a ${kind}`
  return {
    kind,
    ...Object.fromEntries(Object.entries(value).map(([key, each]) => [key, summary(each, pair, depth - 1)])),
  }
}
