// The invalidation log on a Redis Stream: one history for all processes, told by pub/sub, confirmed by a tick.

import { randomUUID } from 'node:crypto'
import { type Invalidation, type InvalidationLog, LarderError, type Position } from '@larder/core'
import type { RedisClient } from './client.ts'
import { createCommands, within } from './commands.ts'
import { createHistory } from './history.ts'
import { type RedisLogOptions, readLogOptions } from './log-options.ts'
import { decodeAppend, decodeMessage, decodeSync, encodeInvalidation } from './record.ts'
import { createReplayQueue, type Unacknowledged } from './replay-queue.ts'
import { appendScript, syncScript } from './scripts.ts'
import { openSubscription } from './subscription.ts'
import { createWatch } from './watch.ts'

/** An append that meets another epoch, or a place that is gone, asks and tries again so often. */
const ATTEMPTS = 4
/** Appends on their way, or waiting for the log to be reached for the first time. */
const MOST_COMMANDS = 8192

/**
 * The log that all processes with the same Redis and the same `prefix` share: `createCache({ log: redisLog(client) })`. It takes a client
 * that you own and leaves it as it is; `close()` closes only the connection that it opened for its channel.
 *
 * @throws LARDER_UNKNOWN_OPTION, LARDER_INVALID_OPTION, LARDER_INVALID_DURATION
 */
export function redisLog(client: RedisClient, options: RedisLogOptions = {}): InvalidationLog {
  const { prefix, tickMs, retentionMs, deadlineMs, now } = readLogOptions(options)
  const key = `${prefix}{log}`
  // ioredis puts its own prefix before a key, but not before a channel.
  const channel = `${client.options?.keyPrefix ?? ''}${key}`
  const appends = createCommands({
    client,
    key,
    deadlineMs,
    maxCommands: MOST_COMMANDS,
    maxCharacters: 8 * 1024 * 1024,
  })
  const syncs = createCommands({ client, key, deadlineMs, maxCommands: 4, maxCharacters: 64 * 1024 })
  // Appends that came before the log was reached for the first time: the client may still be connecting.
  const early = new Set<() => void>()
  const awaited = new Map<string, (position: Position) => void>()
  const queue = createReplayQueue(unacknowledged)
  const history = createHistory((id, sequence) => {
    queue.delete(id)
    awaited.get(id)?.(sequence)
  })
  const appending = new Set<Promise<void>>()
  let confirmedAt = Number.NEGATIVE_INFINITY
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined
  let replaying: Promise<void> | undefined
  let closing: Promise<void> | undefined
  let closed = false

  function unacknowledged(invalidation: Invalidation): Unacknowledged {
    return { id: randomUUID(), text: encodeInvalidation(invalidation), soft: invalidation.soft }
  }

  // One at a time, and one that begins after this call: what an earlier one was told may be older than what the caller has seen.
  function sync(): Promise<void> {
    if (running === undefined) {
      running = ask().finally(() => {
        running = undefined
      })
      return running
    }
    next ??= running
      .catch(() => {})
      .then(() => {
        next = undefined
        return sync()
      })
    return next
  }

  async function ask(): Promise<void> {
    if (closed) throw new Error('The log is closed.')
    const asked = history.place
    // What the log says is as old as the question at the most.
    const askedAt = now()
    const args = [asked.epoch, String(asked.sequence), asked.id, randomUUID(), randomUUID(), channel]
    const reply = decodeSync(await syncs.run(syncScript, args), asked.id)
    if (closed || history.place.epoch !== asked.epoch) throw new Error('The answer is not for this epoch.')
    if (reply.kind === 'epoch') {
      history.adopt(reply.place)
      // It is the oldest place of its history. What follows tells which of the things that others stored since are still valid.
      return ask()
    }
    if (reply.kind === 'behind') {
      if (reply.place.sequence >= history.place.sequence) history.skipTo(reply.place)
    } else if (reply.records.some(record => history.receive(record) === 'gap' && isNews(record.sequence)))
      throw new Error('The answer does not fit.')
    confirmedAt = Math.max(confirmedAt, askedAt)
    for (const send of early) send()
    early.clear()
    if (queue.size > 0) void replay()
  }

  // What is older than the last records that are remembered came by another way while the log was asked.
  function isNews(sequence: number): boolean {
    return sequence > history.place.sequence
  }

  /** Resolves when the record is in the log and this node has applied it. */
  async function deliver({ id, text }: Unacknowledged, wasSent: boolean, isDone: () => boolean): Promise<void> {
    let isAgain = wasSent
    for (let attempt = 0; attempt < ATTEMPTS && !isDone(); attempt++) {
      const { epoch, sequence, id: last } = history.place
      if (last !== '') {
        const args = [epoch, String(sequence), last, id, text, channel, String(retentionMs), isAgain ? '1' : '0']
        isAgain = true
        const reply = decodeAppend(await appends.run(appendScript, args))
        // An answer that arrives under another epoch is no acknowledgement, and one behind a gap waits for what lies between.
        if (reply !== undefined)
          history.receive({ ...reply, epoch, id, invalidation: JSON.parse(text) as Invalidation })
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
      let applied = false
      awaited.set(id, () => {
        applied = true
      })
      try {
        await deliver(record, true, () => applied)
      } finally {
        awaited.delete(id)
      }
    }
  }

  function append(invalidation: Invalidation): Promise<Position> {
    if (closing !== undefined) return Promise.reject(new LarderError('LARDER_CLOSED', 'The log is closed.'))
    const record = unacknowledged(invalidation)
    const outcome = new Promise<Position>((resolve, reject) => {
      const send = (): void => void deliver(record, false, () => !awaited.has(record.id)).catch(fail)
      const settle = (): void => {
        clearTimeout(timer)
        early.delete(send)
        awaited.delete(record.id)
      }
      const fail = (): void => {
        if (!awaited.has(record.id)) return
        settle()
        history.applyLocally(invalidation)
        queue.add(record)
        // The client's own error may hold a password or a key, so it is no cause.
        reject(new LarderError('LARDER_INVALIDATION_UNACKNOWLEDGED'))
      }
      const timer = setTimeout(fail, deadlineMs)
      timer.unref()
      awaited.set(record.id, position => {
        settle()
        resolve(position)
      })
      if (confirmedAt > Number.NEGATIVE_INFINITY) send()
      else if (early.size < MOST_COMMANDS) early.add(send)
      else fail()
    })
    const ended = outcome.then(
      () => void appending.delete(ended),
      () => void appending.delete(ended),
    )
    appending.add(ended)
    return outcome
  }

  const hear = (): void => void sync().catch(() => {})
  const subscription = openSubscription({
    client,
    channel,
    onMessage(message) {
      const arrival = decodeMessage(message)
      if (arrival === undefined) return
      watch.heard(arrival)
      if (history.receive(arrival) === 'gap') hear()
    },
    onSubscribed: hear,
  })
  const watch = createWatch(subscription, () => history.place)
  const tick = setInterval(() => {
    watch.check()
    if (running === undefined) hear()
  }, tickMs)
  tick.unref()
  client.on('ready', hear)
  hear()

  async function close(): Promise<void> {
    // Each of them ends within the deadline. What is queued then has one more chance.
    await Promise.all(appending)
    if (queue.size > 0) await within(replay(), deadlineMs).catch(() => {})
    closed = true
    clearInterval(tick)
    client.removeListener('ready', hear)
    subscription.close()
    history.close()
  }

  return {
    get epoch() {
      return history.place.epoch
    },
    position: history.position,
    floor: history.floor,
    confirmedAt: () => confirmedAt,
    append,
    subscribe: history.subscribe,
    close: () => (closing ??= close()),
  }
}
