// The invalidation log on a Redis Stream: one history for all processes, told by pub/sub, confirmed by a tick.

import { randomUUID } from 'node:crypto'
import type { InvalidationLog } from '@larder/core'
import type { RedisClient } from './client.ts'
import { createCommands, type Evaluate } from './commands.ts'
import { createDelivery } from './delivery.ts'
import { evaluate } from './evaluate.ts'
import { isFollowedBy } from './followers.ts'
import { createHistory } from './history.ts'
import { latest } from './latest.ts'
import { type RedisLogOptions, readLogOptions } from './log-options.ts'
import { decodeMessage, decodeSync } from './record.ts'
import { createReplicated } from './replicated.ts'
import { syncScript } from './scripts.ts'
import { openSubscription } from './subscription.ts'
import { createWatch } from './watch.ts'

/** A history that is another one each time it is asked for is given up after so many. */
const MOST_ADOPTIONS = 4

/**
 * The log that all processes with the same Redis and the same `prefix` share: `createCache({ log: redisLog(client) })`. It takes a client
 * that you own and leaves it as it is; `close()` closes only the connections that it opened.
 *
 * @throws LARDER_UNKNOWN_OPTION, LARDER_INVALID_OPTION, LARDER_INVALID_DURATION
 */
export function redisLog(client: RedisClient, options: RedisLogOptions = {}): InvalidationLog {
  const { prefix, tickMs, retentionMs, deadlineMs, replicas, confirmReplicas, now } = readLogOptions(options)
  const key = `${prefix}{log}`
  // ioredis puts its own prefix before a key, but not before a channel.
  const channel = `${client.options?.keyPrefix ?? ''}${key}`
  const evaluateHere: Evaluate = (script, args) => evaluate(client, script, [key], args)
  const replicated = replicas > 0 ? createReplicated({ client, key, replicas, deadlineMs }) : undefined
  const syncs = createCommands({ evaluate: evaluateHere, deadlineMs, maxCommands: 4, maxCharacters: 64 * 1024 })
  const appends = createCommands({
    evaluate: replicated?.evaluate ?? evaluateHere,
    deadlineMs,
    maxCommands: 8192,
    maxCharacters: 8 * 1024 * 1024,
  })
  const history = createHistory(place => delivery.applied(place))
  const sync = latest(ask)
  const delivery = createDelivery({ history, appends, sync: sync.run, channel, deadlineMs, retentionMs, replicas })
  let confirmedAt = Number.NEGATIVE_INFINITY
  let closing: Promise<void> | undefined
  let closed = false

  async function ask(adoptions = 0): Promise<void> {
    if (closed) throw new Error('The log is closed.')
    const asked = history.place
    // What the log says is as old as the question at the most.
    const askedAt = now()
    const args = [asked.epoch, String(asked.sequence), asked.id, randomUUID(), randomUUID(), channel]
    // Both go out together, this one first: what follows is the word of a server that was followed.
    const following = isFollowedBy(confirmReplicas, syncs.run)
    const reply = decodeSync(await syncs.run(syncScript, args), asked.id)
    const isFollowed = await following
    if (closed || history.place.epoch !== asked.epoch) throw new Error('The answer is not for this epoch.')
    if (reply.kind === 'epoch') {
      history.adopt(reply.place)
      // It is the oldest place of its history. What follows tells which of the things that others stored since are still valid.
      if (adoptions < MOST_ADOPTIONS) return ask(adoptions + 1)
      throw new Error('The log changes faster than it can be read.')
    }
    if (reply.kind === 'behind') {
      if (reply.place.sequence >= history.place.sequence) history.skipTo(reply.place)
    } else if (reply.records.some(record => history.receive(record) === 'gap' && isNews(record.sequence)))
      throw new Error('The answer does not fit.')
    if (isFollowed) confirmedAt = Math.max(confirmedAt, askedAt)
    delivery.reached()
  }

  // What is older than the last records that are remembered came by another way while the log was asked.
  function isNews(sequence: number): boolean {
    return sequence > history.place.sequence
  }

  const hear = (): void => void sync.run().catch(() => {})
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
    if (!sync.isRunning) hear()
  }, tickMs)
  tick.unref()
  client.on('ready', hear)
  hear()

  async function close(): Promise<void> {
    await delivery.close()
    closed = true
    clearInterval(tick)
    client.removeListener('ready', hear)
    subscription.close()
    replicated?.close()
    history.close()
  }

  return {
    get epoch() {
      return history.place.epoch
    },
    position: history.position,
    floor: history.floor,
    confirmedAt: () => confirmedAt,
    get unacknowledged() {
      return delivery.unacknowledged
    },
    append: delivery.append,
    subscribe: history.subscribe,
    close: () => (closing ??= close()),
  }
}
