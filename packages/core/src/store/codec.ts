// One stored thing as bytes: a frame with a version, a checksum, its place in the log, a head and a body.

import { crc32 } from 'node:zlib'

/** What a frame holds, whatever it is of. */
export interface Frame {
  readonly kind: 'response' | 'data'
  readonly position: number
  /** By the store's clock, like every instant in a frame. */
  readonly filledAt: number
  readonly expiresAt: number
  /** A tuple of what JSON keeps. */
  readonly head: readonly unknown[]
  readonly body: Uint8Array
}

/** Another version is another format: what has it is a miss for this one. */
const VERSION = 1
const MARK = 0x4c52
const kinds = ['response', 'data'] as const

// Offsets of the fixed part: mark (2), version (1), kind (1), checksum of all that follows (4), length of the head (4), length of the body (4),
// position, filledAt and expiresAt (8 each).
const CHECKSUM = 4
const CHECKED = 8
const FIXED = 40

export function encodeFrame({ kind, position, filledAt, expiresAt, head, body }: Frame): Buffer {
  const text = JSON.stringify(head)
  const headBytes = Buffer.byteLength(text)
  const frame = Buffer.allocUnsafeSlow(FIXED + headBytes + body.length)
  frame.writeUInt16BE(MARK, 0)
  frame.writeUInt8(VERSION, 2)
  frame.writeUInt8(kinds.indexOf(kind), 3)
  frame.writeUInt32BE(headBytes, 8)
  frame.writeUInt32BE(body.length, 12)
  frame.writeDoubleBE(position, 16)
  frame.writeDoubleBE(filledAt, 24)
  frame.writeDoubleBE(expiresAt, 32)
  frame.write(text, FIXED, 'utf8')
  frame.set(body, FIXED + headBytes)
  frame.writeUInt32BE(checksum(frame), CHECKSUM)
  return frame
}

/** `undefined` for anything that is no frame of this version and kind, whole and unharmed. The body shares the frame's memory. */
export function decodeFrame(frame: Buffer, kind: Frame['kind']): Frame | undefined {
  if (frame.length < FIXED || frame.readUInt16BE(0) !== MARK || frame[2] !== VERSION) return undefined
  if (kinds[frame[3]!] !== kind) return undefined
  const bodyAt = FIXED + frame.readUInt32BE(8)
  if (bodyAt + frame.readUInt32BE(12) !== frame.length || frame.readUInt32BE(CHECKSUM) !== checksum(frame)) {
    return undefined
  }
  const position = frame.readDoubleBE(16)
  const filledAt = frame.readDoubleBE(24)
  const expiresAt = frame.readDoubleBE(32)
  if (!Number.isFinite(position) || !Number.isFinite(filledAt) || !Number.isFinite(expiresAt)) return undefined
  const head = parse(frame.toString('utf8', FIXED, bodyAt))
  return head && { kind, position, filledAt, expiresAt, head, body: frame.subarray(bodyAt) }
}

/** When a frame was filled, without a look at the rest; minus infinity for what is too short to say. */
export function filledAtOf(frame: Buffer): number {
  return frame.length < FIXED ? Number.NEGATIVE_INFINITY : frame.readDoubleBE(24)
}

/** A changed byte anywhere behind the checksum changes it; mark, version and kind are compared as they are. */
function checksum(frame: Buffer): number {
  return crc32(frame.subarray(CHECKED), frame[3]!)
}

function parse(text: string): readonly unknown[] | undefined {
  try {
    const head: unknown = JSON.parse(text)
    return Array.isArray(head) ? head : undefined
  } catch {
    return undefined
  }
}
