// Scripts that count only once so many replicas have what they wrote, on a connection of their own: WAIT holds up whatever comes behind it.

import { openConnection, type RedisClient } from './client.ts'
import type { Evaluate } from './commands.ts'
import { evaluate } from './evaluate.ts'
import type { Script } from './scripts.ts'

export interface Replicated {
  /** Rejects when fewer replicas than asked for say in time that they have it. It may be in the log all the same. */
  readonly evaluate: Evaluate
  close(): void
}

export interface ReplicatedOptions {
  readonly client: RedisClient
  readonly key: string
  /** So many have to have it. */
  readonly replicas: number
  /** How long they are waited for. */
  readonly deadlineMs: number
}

interface Waiting {
  readonly script: Script
  readonly args: readonly string[]
  readonly since: number
  resolve(reply: unknown): void
  reject(error: Error): void
}

/** Scripts that share one WAIT. */
const GROUP = 256

export function createReplicated(options: ReplicatedOptions): Replicated {
  const { client, key, replicas, deadlineMs } = options
  const connection = openConnection(client)
  const waiting: Waiting[] = []
  // Until it has been connected, or has failed to, scripts wait.
  let isReady = false
  let isBusy = false

  // One group at a time: what comes while its WAIT lasts goes out together, behind one more.
  function send(): void {
    if (isBusy || !isReady || waiting.length === 0) return
    isBusy = true
    const group = waiting.splice(0, GROUP)
    sendGroup(group)
      .catch((error: Error) => {
        for (const { reject } of group) reject(error)
      })
      .finally(() => {
        isBusy = false
        send()
      })
  }

  // WAIT speaks of what its own connection wrote before it, so all is one pipeline, which no reconnection can part.
  async function sendGroup(group: readonly Waiting[]): Promise<void> {
    const { since } = group[0] as Waiting
    const left = Math.max(1, Math.round(deadlineMs - (performance.now() - since)))
    const commands = group.map(({ script: { sha, text }, args }, i) => {
      // The first brings its script along, in case the server has not seen it.
      return i === 0 ? ['eval', text, 1, key, ...args] : ['evalsha', sha, 1, key, ...args]
    })
    const replies = await connection.pipeline([...commands, ['wait', replicas, left]]).exec()
    const [error, count] = replies?.at(-1) ?? []
    const isEnough = error === null && Number(count) >= replicas
    for (const [i, { script, args, resolve, reject }] of group.entries()) {
      const [refusal, reply] = replies?.[i] ?? []
      if (refusal instanceof Error) {
        reject(refusal)
        // In a pipeline, the client does not follow a slot that has moved; by itself it does, and knows for the next time.
        if (/^(MOVED|ASK)/.test(refusal.message)) void evaluate(connection, script, [key], args).catch(() => {})
      } else if (isEnough) resolve(reply)
      else reject(new Error('Too few replicas have it.'))
    }
  }

  connection.on('ready', () => {
    isReady = true
    send()
  })
  connection.on('close', () => {
    isReady = false
    for (const { reject } of waiting.splice(0)) reject(new Error('The connection is closed.'))
  })
  connection.connect().catch(() => {})

  return {
    evaluate: (script, args) =>
      new Promise((resolve, reject) => {
        waiting.push({ script, args, since: performance.now(), resolve, reject })
        send()
      }),
    close() {
      connection.removeAllListeners('ready')
      connection.disconnect()
      for (const { reject } of waiting.splice(0)) reject(new Error('The connection is closed.'))
    },
  }
}
