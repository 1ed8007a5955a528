// The channel on which records arrive at once, on a connection of the log's own. What it loses, the tick finds.

import { openConnection, type RedisClient } from './client.ts'

export interface Subscription {
  /** Whether messages should be arriving. */
  readonly active: boolean
  /** Give the connection up and open another: it delivers nothing. */
  renew(): void
  close(): void
}

export interface SubscriptionOptions {
  readonly client: RedisClient
  readonly channel: string
  onMessage(message: string): void
  /** From now on messages arrive; what was published before has to be read. */
  onSubscribed(): void
}

export function openSubscription(options: SubscriptionOptions): Subscription {
  const { client, channel, onMessage, onSubscribed } = options
  const connection = openConnection(client)
  let active = false

  async function subscribe(): Promise<void> {
    try {
      await connection.subscribe(channel)
      active = true
      onSubscribed()
    } catch {
      // The connection broke, or Redis refuses: the tick delivers meanwhile, and renews it.
    }
  }

  connection.on('ready', () => void subscribe())
  connection.on('close', () => {
    active = false
  })
  connection.on('message', (_channel, message) => onMessage(message as string))
  connection.connect().catch(() => {})

  return {
    get active() {
      return active
    },
    renew() {
      active = false
      connection.disconnect(true)
    },
    close() {
      active = false
      for (const event of ['ready', 'message']) connection.removeAllListeners(event)
      connection.disconnect()
    },
  }
}
