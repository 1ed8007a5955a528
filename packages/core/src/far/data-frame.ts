// A value of application data as a frame of the far store, and back.

import { decodeFrame, encodeFrame } from '../store/codec.ts'
import type { Encoded } from '../values.ts'
import { readHead } from './head.ts'
import type { StoreClock } from './store-clock.ts'

/** What of a stored value goes to the far store. Instants are by our own clock. */
export interface SharedValue {
  readonly epoch: string
  readonly position: number
  readonly filledAt: number
  readonly names: readonly string[]
  readonly value: Encoded
  readonly expiresAt: number
  readonly staleUntil: number
  readonly errorUntil: number
}

export function encodeShared(key: string, shared: SharedValue, clock: StoreClock): Buffer {
  const { value } = shared
  return encodeFrame({
    kind: 'data',
    position: Math.floor(shared.position),
    filledAt: clock.toStore(shared.filledAt),
    expiresAt: clock.toStore(shared.expiresAt),
    head: [
      key,
      shared.epoch,
      shared.names,
      clock.toStore(shared.staleUntil),
      clock.toStore(shared.errorUntil),
      value.kind === 'bytes' && value.buffer ? 'buffer' : value.kind,
    ],
    body: bodyOf(value),
  })
}

export function decodeShared(key: string, bytes: Buffer, clock: StoreClock): SharedValue | undefined {
  const frame = decodeFrame(bytes, 'data')
  if (frame === undefined) return undefined
  const head = readHead(frame.head)
  const isNamed = head.text() === key
  const epoch = head.text()
  const names = head.texts()
  const staleUntil = clock.toOwn(head.number())
  const errorUntil = clock.toOwn(head.number())
  const kind = head.oneOf(KINDS)
  if (!head.ok || !isNamed) return undefined
  const value = readValue(kind, frame.body as Buffer)
  return (
    value && {
      epoch,
      position: frame.position,
      filledAt: clock.toOwn(frame.filledAt),
      names,
      value,
      expiresAt: clock.toOwn(frame.expiresAt),
      staleUntil,
      errorUntil,
    }
  )
}

const KINDS = ['primitive', 'json', 'bytes', 'buffer'] as const

function bodyOf(value: Encoded): Uint8Array {
  if (value.kind === 'bytes') return value.bytes
  // Of a lone surrogate UTF-8 keeps nothing, JSON all.
  return Buffer.from(value.kind === 'json' ? value.text : JSON.stringify(value.value))
}

function readValue(kind: 'primitive' | 'json' | 'bytes' | 'buffer', body: Buffer): Encoded | undefined {
  if (kind === 'bytes' || kind === 'buffer') {
    return { kind: 'bytes', bytes: new Uint8Array(body), buffer: kind === 'buffer' }
  }
  const text = body.toString('utf8')
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return kind === 'json' ? { kind, text } : undefined
    return kind === 'primitive' ? { kind, value: value as string | number | boolean | null } : undefined
  } catch {
    return undefined
  }
}
