// How a record is written into the stream and onto the channel, and read again.

import type { Invalidation } from '@larder/core'

/** Where a node stands in a history: the epoch, the sequence of its last record, and what tells that record from another there. */
export interface Place {
  readonly epoch: string
  readonly sequence: number
  readonly id: string
}

/** A record on its way to this node. */
export interface Arrival extends Place {
  /** The id of the record before it: the same sequence may be another record when a failover has lost some. */
  readonly previous: string
  readonly invalidation: Invalidation
}

/** JSON, in which a lone surrogate is escaped, so that UTF-8 loses nothing. */
export function encodeInvalidation(invalidation: Invalidation): string {
  return JSON.stringify(invalidation)
}

/** What this version cannot read may mean anything. */
export function decodeInvalidation(text: unknown): Invalidation {
  try {
    const value = JSON.parse(String(text)) as Partial<Record<'kind' | 'names' | 'pattern' | 'soft', unknown>>
    const { kind, names, pattern, soft } = value
    if (typeof soft === 'boolean') {
      if (kind === 'all') return { kind, soft }
      if (kind === 'pattern' && typeof pattern === 'string') return { kind, pattern, soft }
      if (kind === 'names' && Array.isArray(names) && names.every(name => typeof name === 'string'))
        return { kind, names, soft }
    }
  } catch {
    // Falls through.
  }
  return { kind: 'all', soft: false }
}

/** A message of the channel is five lines: epoch, sequence, id, the id before it, record. `undefined` when it is none of ours. */
export function decodeMessage(message: string): Arrival | undefined {
  const [, epoch, digits, id, previous, text] =
    /^([^\n]+)\n(\d{1,16})\n([^\n]+)\n([^\n]+)\n([\s\S]*)$/.exec(message) ?? []
  if (epoch === undefined || id === undefined || previous === undefined) return undefined
  const sequence = Number(digits)
  return Number.isSafeInteger(sequence)
    ? { epoch, sequence, id, previous, invalidation: decodeInvalidation(text) }
    : undefined
}

/** What the log says to a node that asked whether it has everything. */
export type SyncReply =
  /** All that follows its place, which is confirmed. */
  | { readonly kind: 'records'; readonly records: readonly Arrival[] }
  /** Another history, and where it stands. */
  | { readonly kind: 'epoch'; readonly place: Place }
  /** The same history, but what follows its place is no longer there, or too much. */
  | { readonly kind: 'behind'; readonly place: Place }

/**
 * Throws when the reply is not one of the script's.
 *
 * @param asked the id at the place of which it was asked what follows.
 */
export function decodeSync(reply: unknown, asked: string): SyncReply {
  const [kind, epoch, ...rest] = reply as string[]
  if (epoch === undefined) throw new TypeError('not a reply of the log')
  if (kind === 'records') {
    const records: Arrival[] = []
    for (let i = 0; i < rest.length; i += 3) {
      const previous = records.at(-1)?.id ?? asked
      records.push({ ...place(epoch, rest[i], rest[i + 1]), previous, invalidation: decodeInvalidation(rest[i + 2]) })
    }
    return { kind, records }
  }
  if (kind === 'epoch' || kind === 'behind') return { kind, place: place(epoch, rest[0], rest[1]) }
  throw new TypeError('not a reply of the log')
}

function place(epoch: string, digits: string | undefined, id: string | undefined): Place {
  const sequence = Number(digits)
  if (!Number.isSafeInteger(sequence) || typeof id !== 'string') throw new TypeError('not a place in the log')
  return { epoch, sequence, id }
}

/** What the log says to an append: where the record stands. `undefined` when the node has to ask first. */
export function decodeAppend(reply: unknown): { readonly sequence: number; readonly previous: string } | undefined {
  if (!Array.isArray(reply)) return undefined
  const { sequence, id } = place('', reply[0], reply[1])
  return { sequence, previous: id }
}
