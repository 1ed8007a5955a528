// RFC 9111 §1.2.2 — Delta seconds: a non-negative integer, clamped where it would overflow.

import { isDigit } from './characters.ts'

/** The largest number of seconds that counts. */
export const MAX_SECONDS = 2_147_483_647

/** The seconds, or `undefined` for anything but digits: a sign, a fraction, nothing at all. */
export function parseDeltaSeconds(text: string): number | undefined {
  if (text.length === 0) return undefined
  let seconds = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (!isDigit(code)) return undefined
    seconds = Math.min(seconds * 10 + code - 0x30, MAX_SECONDS)
  }
  return seconds
}
