// What this node knows of the log: its epoch, its place, and who is told. It waits for nobody and decides at once.

import { randomUUID } from 'node:crypto'
import type { Invalidation, LogRecord, Position } from '@larder/core'
import type { Arrival, Place } from './record.ts'

export interface History {
  readonly place: Place
  position(): Position
  /** The oldest place from which on this node knows the history. */
  floor(): Position
  /** `applied`: it was the next one. `known`: it had come before. `gap`: what lies between has to be read first. */
  receive(arrival: Arrival): 'applied' | 'known' | 'gap'
  /** Go on in another history, of which this node knows nothing older: what is older is invalid. */
  adopt(place: Place): void
  /** Go on from a later place of the same history: everything before it may have been invalidated. */
  skipTo(place: Place): void
  /** Apply what the log has not acknowledged, between the last record and the next. */
  applyLocally(invalidation: Invalidation): void
  subscribe(apply: (record: LogRecord) => void): () => void
  close(): void
}

/** The ids of so many records are remembered, to know a message that comes twice. */
const REMEMBERED = 256
/** Between two records there is room for a million that are not acknowledged. */
const STEP = 2 ** -20

/** @param onApplied is told the place of each record of the log, after the subscribers. */
export function createHistory(onApplied: (place: Place) => void): History {
  const subscribers = new Set<(record: LogRecord) => void>()
  const recent = new Map<number, string>()
  // Until the log has said its own, an epoch that only this node has.
  let place: Place = provisional()
  let position: Position = 0
  let floor: Position = 0

  function tell(invalidation: Invalidation): void {
    const record = { position, invalidation }
    for (const apply of subscribers) apply(record)
  }

  function moveTo(next: Place): void {
    place = next
    position = next.sequence
    recent.set(next.sequence, next.id)
    if (recent.size > REMEMBERED) recent.delete(recent.keys().next().value as number)
  }

  return {
    get place() {
      return place
    },
    position: () => position,
    floor: () => floor,
    receive({ epoch, sequence, id, previous, invalidation }) {
      if (epoch !== place.epoch) return 'gap'
      if (sequence === place.sequence + 1 && previous === place.id) {
        moveTo({ epoch, sequence, id })
        tell(invalidation)
        onApplied({ epoch, sequence, id })
        return 'applied'
      }
      return recent.get(sequence) === id ? 'known' : 'gap'
    },
    adopt(next) {
      recent.clear()
      floor = next.sequence
      moveTo(next)
    },
    skipTo(next) {
      recent.clear()
      moveTo(next)
      tell({ kind: 'all', soft: false })
    },
    applyLocally(invalidation) {
      const between = position + STEP
      // No room is left: an epoch of one's own invalidates everything, until the log says its own again.
      if (between === position || between >= place.sequence + 1) {
        recent.clear()
        floor = 0
        moveTo(provisional())
      } else position = between
      tell(invalidation)
    },
    subscribe(apply) {
      // A function of its own for each: the same one may be subscribed twice.
      const subscriber = (record: LogRecord) => apply(record)
      subscribers.add(subscriber)
      return () => void subscribers.delete(subscriber)
    },
    close: () => subscribers.clear(),
  }
}

function provisional(): Place {
  return { epoch: `alone:${randomUUID()}`, sequence: 0, id: '' }
}
