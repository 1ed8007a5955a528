// Rows in which it is not Redis that fails: nothing does, clients leave, the event loop stands still.

import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ServerBed, server } from '../beds.ts'
import type { Row } from '../run-row.ts'
import { now } from '../site.ts'

const STALL_MS = 500

export const processes: readonly Row[] = [
  {
    id: 'none',
    title: 'Nothing fails: what the far tier and the machine do by themselves',
    setUp: server(),
    inject: async () => {},
    heal: async () => {},
    terms: { breaker: 'stays closed' },
  } satisfies Row<ServerBed>,
  {
    id: 'E1',
    title: 'The event loop stands still for 500 ms, again and again',
    setUp: server(),
    inject: async () => {},
    async during({ a }, until) {
      while (now() < until - STALL_MS) {
        await a.app.call('stall', STALL_MS)
        await sleep(300)
      }
    },
    heal: async () => {},
    // Whoever comes meanwhile waits for the loop; that is no time-out of Redis.
    terms: {
      breaker: 'stays closed',
      firstMs: STALL_MS + 60,
      everyMs: STALL_MS + 60,
      addedMs: STALL_MS + 110,
      loopMs: STALL_MS + 60,
    },
  } satisfies Row<ServerBed>,
  openFiles(),
]

/** On Linux alone; elsewhere 0. */
function filesOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length
  } catch {
    return 0
  }
}

function openFiles(): Row<ServerBed> {
  let before = 0
  return {
    id: 'H6',
    title: 'Half of the clients leave before their answer ends',
    setUp: server(),
    load: () => ({ leaves: 0.5 }),
    inject: async ({ a }) => {
      before = filesOf(a.app.pid)
    },
    heal: async () => {},
    terms: { breaker: 'stays closed' },
    async verify({ a, note }) {
      const files = filesOf(a.app.pid)
      note(`${before} open files before, ${files} after`)
      return files <= before + 20 ? [] : [`${files} open files, ${before} before`]
    },
  }
}
