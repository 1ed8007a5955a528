// One process of a fleet: a client, a log and a cache, told what to do by the test. PORT names the server.

import { hrtime } from 'node:process'
import { createCache } from '@larder/core'
import { serve } from '../../../../test/support/child.ts'
import { connectRedis, redisLog } from '../../src/index.ts'

/** Milliseconds of a clock that all processes of this machine share. */
const now = (): number => Number(hrtime.bigint() / 1000n) / 1000

const client = connectRedis({ port: Number(process.env['PORT']), keyPrefix: '' })
const log = redisLog(client)
const cache = createCache({ log, name: `node-${process.pid}`, defaultTtl: '1h' })
/** When this node had applied the record at a position: the cache was told before. */
const appliedAt = new Map<number, number>()
log.subscribe(({ position }) => void appliedAt.set(position, now()))

export type Purge = 'tags' | 'pattern' | 'delete' | 'delete-other' | 'clear'

async function purge(kind: Purge, soft: boolean): Promise<void> {
  if (kind === 'tags') await cache.invalidateTags(['users'], { soft })
  else if (kind === 'pattern') await cache.invalidatePattern('user:*', { soft })
  else if (kind === 'delete') await cache.delete('user:1')
  else if (kind === 'delete-other') await cache.delete('user:2')
  else await cache.clear({ soft })
}

serve({
  async joined() {
    while (log.confirmedAt() === Number.NEGATIVE_INFINITY) await new Promise(resolve => setTimeout(resolve, 5))
  },
  async fill(value: string) {
    await cache.set('user:1', value, { tags: ['users'] })
    return cache.get('user:1')
  },
  read: () => cache.get('user:1'),
  /** When it was asked for, when it was acknowledged, and what this node served right afterwards. */
  async purge(kind: Purge, soft: boolean) {
    const calledAt = now()
    await purge(kind, soft)
    const resolvedAt = now()
    return { calledAt, resolvedAt, served: await cache.get('user:1'), position: log.position() }
  },
  /** When this node had applied it, and what it serves. */
  async applied(position: number) {
    while (!appliedAt.has(position)) await new Promise(resolve => setTimeout(resolve, 1))
    const at = appliedAt.get(position)
    appliedAt.clear()
    return { at, served: await cache.get('user:1') }
  },
  /** Reads all the time until the value is gone; when it was last served. */
  async lastServed(value: string, mostMs: number) {
    let lastAt: number | undefined
    const endAt = now() + mostMs
    while (now() < endAt) {
      if ((await cache.get('user:1')) === value) lastAt = now()
      else if (lastAt !== undefined) break
      await new Promise(resolve => setTimeout(resolve, 2))
    }
    return { lastAt, endedAt: now() }
  },
})
