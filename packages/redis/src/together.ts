// What is sent in one turn of the event loop goes out in one write: a system call for each costs more than the command.

import type { RedisStoreClient } from './client.ts'

type Stream = RedisStoreClient['stream']

/**
 * Called before each command. What else is sent on the connection meanwhile goes with it, in its order. The client has another connection
 * after each loss; a Cluster has several, and pipelines by itself.
 */
export function sendTogether(client: Pick<RedisStoreClient, 'stream'>): () => void {
  let corked: Stream

  function uncork(stream: NonNullable<Stream>): void {
    if (corked === stream) corked = undefined
    stream.uncork()
  }

  return () => {
    const { stream } = client
    if (stream === corked || typeof stream?.cork !== 'function') return
    corked = stream
    stream.cork()
    // After all that the poll for events has brought in, and before the next.
    setImmediate(uncork, stream)
  }
}
