// RFC 9110 §14 — One byte range; more than one, or another unit, is no range to us.

import { trimSpace } from './characters.ts'

/** The first and last byte, both included. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** Two numbers of safe size and the rest: what is longer asks for many ranges, and is not even scanned. */
const LONGEST = 40

/**
 * The range that a `Range` field asks of a content of `size` bytes; `'unsatisfiable'` for a 416; `undefined` when the field is
 * to be ignored, which §14.2 always allows: a list of ranges is how one small request asks for much work.
 */
export function parseRange(value: string, size: number): ByteRange | 'unsatisfiable' | undefined {
  if (value.length > LONGEST) return undefined
  const match = /^bytes=(\d*)-(\d*)$/i.exec(trimSpace(value))
  if (!match) return undefined
  const first = match[1]!
  const last = match[2]!
  if (first === '') return last === '' ? undefined : suffix(Number(last), size)
  const start = Number(first)
  const end = last === '' ? size - 1 : Number(last)
  if (last !== '' && end < start) return undefined
  return start >= size ? 'unsatisfiable' : { start, end: Math.min(end, size - 1) }
}

function suffix(length: number, size: number): ByteRange | 'unsatisfiable' {
  return length === 0 || size === 0 ? 'unsatisfiable' : { start: Math.max(0, size - length), end: size - 1 }
}
