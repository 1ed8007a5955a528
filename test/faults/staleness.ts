// Purges on one node while both are read: how long after a purge that was acknowledged did anybody still get what was older?

import { setTimeout as sleep } from 'node:timers/promises'
import { ask } from '../support/http.ts'
import type { Node } from './lane.ts'
import { now } from './site.ts'

export interface Seen {
  readonly acknowledged: number
  /** Rejected, because Redis did not say in time that it has it. */
  readonly rejected: number
  readonly reads: number
  readonly failures: number
  /** The longest time from an acknowledgement to a request that still got what was older: on the node that purged, and on the other. */
  readonly ownStaleMs: number
  readonly otherStaleMs: number
  /** The same for a purge that was rejected, on the node that made it. */
  readonly rejectedStaleMs: number
  /** The longest time that a purge took to be rejected. */
  readonly rejectedAfterMs: number
}

interface Purge {
  readonly calledAt: number
  readonly endedAt: number
  readonly isAcknowledged: boolean
}

interface Read {
  readonly node: Node
  readonly sentAt: number
  readonly startedAt: number
}

const PURGE_EVERY_MS = 150
const READ_EVERY_MS = 10

/** Begins at once; the returned function ends it and says what was seen. */
export function watchStaleness(purger: Node, other: Node | undefined, item = 'purged'): () => Promise<Seen> {
  const purges: Purge[] = []
  const reads: Read[] = []
  let failures = 0
  let isOver = false

  async function purge(): Promise<void> {
    while (!isOver) {
      const calledAt = now()
      const isAcknowledged = await purger.purge(`item:${item}`).then(
        () => true,
        () => false,
      )
      purges.push({ calledAt, endedAt: now(), isAcknowledged })
      await sleep(PURGE_EVERY_MS)
    }
  }

  async function read(node: Node): Promise<void> {
    let inARow = 0
    while (!isOver && inARow < 100) {
      const sentAt = now()
      try {
        const { text } = await ask(node.port, `/item/${item}`)
        const { startedAt } = JSON.parse(text) as { startedAt: number }
        reads.push({ node, sentAt, startedAt })
        inARow = 0
      } catch {
        failures++
        inARow++
      }
      await sleep(READ_EVERY_MS)
    }
  }

  const nodes = other === undefined ? [purger] : [purger, other]
  const running = Promise.all([purge(), ...nodes.map(read)])

  return async () => {
    isOver = true
    await running
    const stale = (node: Node | undefined, isAcknowledged: boolean): number => {
      let longest = 0
      const known = purges.filter(each => each.isAcknowledged === isAcknowledged)
      for (const each of reads) {
        if (each.node !== node) continue
        for (const { calledAt, endedAt } of known)
          if (each.startedAt < calledAt && each.sentAt > endedAt) longest = Math.max(longest, each.sentAt - endedAt)
      }
      return longest
    }
    const rejected = purges.filter(each => !each.isAcknowledged)
    return {
      acknowledged: purges.length - rejected.length,
      rejected: rejected.length,
      reads: reads.length,
      failures,
      ownStaleMs: stale(purger, true),
      otherStaleMs: stale(other, true),
      rejectedStaleMs: stale(purger, false),
      rejectedAfterMs: Math.max(0, ...rejected.map(each => each.endedAt - each.calledAt)),
    }
  }
}

/** What is against it, when the other node may be so far behind. */
export function staleObjections(seen: Seen, otherMs: number): string[] {
  const against: string[] = []
  const most = (what: string, value: number, bound: number): void => {
    if (value > bound) against.push(`${what}: ${Math.round(value)}, at most ${bound}`)
  }
  if (seen.acknowledged === 0) against.push('no purge was acknowledged')
  most('reads that failed', seen.failures, 0)
  most('ms that the node that purged served what was older', seen.ownStaleMs, 0)
  most('ms that it did after a purge that was rejected', seen.rejectedStaleMs, 0)
  most('ms that the other node served what was older', seen.otherStaleMs, otherMs)
  return against
}

export function describeStaleness(seen: Seen): string {
  const rejected = seen.rejected > 0 ? `, ${seen.rejected} rejected within ${Math.round(seen.rejectedAfterMs)} ms` : ''
  return `${seen.acknowledged} purges acknowledged${rejected}; stale on the other node for at most ${Math.round(seen.otherStaleMs)} ms, of ${seen.reads} reads`
}
