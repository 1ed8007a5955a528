// From an invalidation to its acknowledgement: sent, sent again, or applied here alone and kept until the log takes it.

import { randomUUID } from 'node:crypto'
import { type Invalidation, LarderError, type Position } from '@larder/core'
import { type Commands, within } from './commands.ts'
import type { History } from './history.ts'
import { decodeAppend, encodeInvalidation, type Place } from './record.ts'
import { createReplayQueue, type Unacknowledged } from './replay-queue.ts'
import { appendScript } from './scripts.ts'

export interface Delivery {
  /** Invalidations that this node has applied, and that are not in the history which it knows. */
  readonly unacknowledged: number
  /** @throws LARDER_INVALIDATION_UNACKNOWLEDGED, LARDER_CLOSED */
  append(invalidation: Invalidation): Promise<Position>
  /** The node has applied a record of the log. */
  applied(place: Place): void
  /** The log has answered: what waited for the first time goes out, and what is queued. */
  reached(): void
  /** Ends when nothing is on its way any more. What is queued has one more chance. */
  close(): Promise<void>
}

export interface DeliveryOptions {
  readonly history: History
  readonly appends: Commands
  /** Ask the log what it has; resolves when the node has that too. */
  readonly sync: () => Promise<void>
  readonly channel: string
  readonly deadlineMs: number
  readonly retentionMs: number
  /** So many have to have a record before it is acknowledged. */
  readonly replicas: number
}

/** An append that meets another epoch, or a place that is gone, asks and tries again so often. */
const ATTEMPTS = 4
/** Appends that wait for the log to be reached for the first time. */
const MOST_EARLY = 8192

export function createDelivery(options: DeliveryOptions): Delivery {
  const { history, appends, sync, channel, deadlineMs, retentionMs, replicas } = options
  // Appends that came before the log was reached for the first time: the client may still be connecting.
  const early = new Set<() => void>()
  const awaited = new Map<string, { readonly record: Unacknowledged; settle(position: Position): void }>()
  const queue = createReplayQueue(unacknowledged)
  const appending = new Set<Promise<void>>()
  let isReached = false
  let isClosed = false
  let replaying: Promise<void> | undefined

  function unacknowledged(invalidation: Invalidation): Unacknowledged {
    return { id: randomUUID(), text: encodeInvalidation(invalidation), soft: invalidation.soft }
  }

  function acknowledged(id: string, position: Position): void {
    queue.delete(id)
    awaited.get(id)?.settle(position)
  }

  /** Resolves when the record is in the log, on as many servers as wanted, and this node has applied it. */
  async function deliver(record: Unacknowledged, wasSent: boolean, isDone: () => boolean): Promise<void> {
    const { id, text } = record
    let isAgain = wasSent
    for (let attempt = 0; attempt < ATTEMPTS && !isDone(); attempt++) {
      const { epoch } = history.place
      const { sequence, id: last } = record.place?.epoch === epoch ? record.place : history.place
      if (last !== '') {
        const flags = [isAgain ? '1' : '0', replicas > 0 ? '1' : '0']
        const args = [epoch, String(sequence), last, id, text, channel, String(retentionMs), ...flags]
        isAgain = true
        const reply = decodeAppend(await appends.run(appendScript, args))
        // It is no longer where it was.
        if (reply === undefined) record.place = undefined
        else {
          // An answer that arrives under another epoch is no acknowledgement, and one behind a gap waits for what lies between.
          history.receive({ ...reply, epoch, id, invalidation: JSON.parse(text) as Invalidation })
          const { place } = history
          if (replicas > 0 && place.epoch === epoch && place.sequence >= reply.sequence)
            acknowledged(id, reply.sequence)
        }
        if (isDone()) return
      }
      await sync()
    }
    if (!isDone()) throw new Error('The log moves too fast.')
  }

  function replay(): Promise<void> {
    replaying ??= replayAll()
      .catch(() => {})
      .finally(() => {
        replaying = undefined
      })
    return replaying
  }

  async function replayAll(): Promise<void> {
    for (let record = queue.first(); record !== undefined; record = queue.first()) {
      const { id } = record
      await deliver(record, true, () => queue.get(id) === undefined)
    }
  }

  function append(invalidation: Invalidation): Promise<Position> {
    if (isClosed) return Promise.reject(new LarderError('LARDER_CLOSED', 'The log is closed.'))
    const record = unacknowledged(invalidation)
    const outcome = new Promise<Position>((resolve, reject) => {
      const isSettled = (): boolean => !awaited.has(record.id)
      const send = (): void => void deliver(record, false, isSettled).catch(fail)
      const end = (): void => {
        clearTimeout(timer)
        early.delete(send)
        awaited.delete(record.id)
      }
      const fail = (): void => {
        if (isSettled()) return
        end()
        if (record.place === undefined) history.applyLocally(invalidation)
        queue.add(record)
        // The client's own error may hold a password or a key, so it is no cause.
        reject(new LarderError('LARDER_INVALIDATION_UNACKNOWLEDGED'))
      }
      const timer = setTimeout(fail, deadlineMs)
      timer.unref()
      awaited.set(record.id, {
        record,
        settle(position) {
          end()
          resolve(position)
        },
      })
      if (isReached) send()
      else if (early.size < MOST_EARLY) early.add(send)
      else fail()
    })
    const ended = outcome.then(
      () => void appending.delete(ended),
      () => void appending.delete(ended),
    )
    appending.add(ended)
    return outcome
  }

  return {
    get unacknowledged() {
      if (replicas === 0) return queue.size
      return queue.count(({ place }) => place?.epoch !== history.place.epoch)
    },
    append,
    applied(place) {
      // To be in the log is enough, unless replicas have to have it as well.
      if (replicas === 0) acknowledged(place.id, place.sequence)
      else {
        const record = awaited.get(place.id)?.record ?? queue.get(place.id)
        if (record !== undefined) record.place = place
      }
    },
    reached() {
      isReached = true
      for (const send of early) send()
      early.clear()
      if (queue.size > 0) void replay()
    },
    async close() {
      isClosed = true
      // Each of them ends within the deadline.
      await Promise.all(appending)
      if (queue.size > 0) await within(replay(), deadlineMs).catch(() => {})
    },
  }
}
