// What the scripts and the look-up answer, as far as it can be that: on a connection that is out of step anything may come.

import { type ClaimOutcome, type FarWritten, LarderError } from '@larder/core'

export function readWritten(reply: unknown): FarWritten {
  if (reply === 'stored' || reply === 'outdone' || reply === 'full') return reply
  if (Array.isArray(reply) && reply[0] === 'rule' && typeof reply[1] === 'string') return { rule: reply[1] }
  throw outOfStep()
}

const outcomes: readonly unknown[] = ['mine', 'held', 'apart', 'there', 'late'] satisfies ClaimOutcome[]

export function readClaimed(reply: unknown): ClaimOutcome {
  if (!outcomes.includes(reply)) throw outOfStep()
  return reply as ClaimOutcome
}

/** In milliseconds. */
export function readTime(reply: unknown): number {
  const [seconds, micros] = Array.isArray(reply) ? reply : []
  const at =
    typeof seconds === 'string' && typeof micros === 'string' ? Number(seconds) * 1000 + Number(micros) / 1000 : 0
  if (!Number.isFinite(at) || at <= 0) throw outOfStep()
  return at
}

/** So many values, `undefined` for those that are not there. */
export function readValues(reply: unknown, count: number): readonly (Buffer | undefined)[] {
  if (!Array.isArray(reply) || reply.length !== count) throw outOfStep()
  return reply.map((value: unknown) => {
    if (value === null) return undefined
    if (!Buffer.isBuffer(value)) throw outOfStep()
    return value
  })
}

function outOfStep(): LarderError {
  return new LarderError('LARDER_FAR_UNAVAILABLE')
}
