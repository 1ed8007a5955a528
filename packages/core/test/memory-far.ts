// A far store in this process's memory, shared by whoever opens it: honest, until a test has it hang, fail or be slow.

import { LarderError } from '../src/errors.ts'
import type { FarFault } from '../src/resilience.ts'
import type {
  Claim,
  ClaimOutcome,
  FarListener,
  FarStore,
  FarWrite,
  FarWritten,
  Outdated,
  ReleaseOutcome,
  TimedClaim,
} from '../src/store/far.ts'

export type FarOperation = 'get' | 'set' | 'remove' | 'claim' | 'release' | 'time'

export interface MemoryFar {
  /** One for each process. */
  open(): FarStore
  /** What is called before an operation is carried out: it takes as long, and fails when this does. @default nothing */
  before: ((operation: FarOperation) => Promise<void> | void) | undefined
  /** The same before the answer goes out: the operation has been carried out by then. */
  after: ((operation: FarOperation) => Promise<void> | void) | undefined
  /** Every operation so far, in the order in which it was asked for. */
  readonly asked: FarOperation[]
  count(...operations: readonly FarOperation[]): number
  /** What lies under a key, to be read and to be spoilt. */
  readonly resources: Map<string, MemoryResource>
  /** Everybody is told that the connection is back. */
  ready(): void
  /** Everything goes, leases too. */
  flush(): void
  /** Processes that listen. */
  readonly listening: number
}

export interface MemoryResource {
  rule: string
  goneAt: number
  readonly variants: Map<
    string,
    { frame: Buffer; age: Pick<FarWrite, 'epoch' | 'position' | 'filledAt' | 'expiresAt'> }
  >
}

interface Lease {
  /** `undefined`: what came of it cannot be shared. */
  readonly holder: string | undefined
  readonly endsAt: number
  readonly waiting: Set<Set<FarListener>>
}

export interface MemoryFarOptions {
  /** The store's clock. @default the time of day */
  readonly now?: () => number
  /** @default 2 MiB */
  readonly maxEntryBytes?: number
}

export const failing =
  (code: FarFault = 'LARDER_FAR_UNAVAILABLE') =>
  () =>
    Promise.reject(new LarderError(code))
export const hanging = () => new Promise<never>(() => {})

export function createMemoryFar(options: MemoryFarOptions = {}): MemoryFar {
  const { now = Date.now, maxEntryBytes = 2 * 1024 * 1024 } = options
  const resources = new Map<string, MemoryResource>()
  const leases = new Map<string, Lease>()
  const processes = new Set<Set<FarListener>>()
  const asked: FarOperation[] = []

  async function run<T>(operation: FarOperation, carryOut: () => T): Promise<T> {
    asked.push(operation)
    // Nothing is answered before who asked has gone on.
    await new Promise(resolve => setImmediate(resolve))
    await far.before?.(operation)
    const result = carryOut()
    await far.after?.(operation)
    return result
  }

  function resourceAt(key: string): MemoryResource | undefined {
    const resource = resources.get(key)
    if (resource !== undefined && resource.goneAt > now()) return resource
    resources.delete(key)
    return undefined
  }

  const leaseName = (key: string, lease: string): string => JSON.stringify([key, lease])

  function leaseAt(name: string): Lease | undefined {
    const lease = leases.get(name)
    if (lease !== undefined && lease.endsAt > now()) return lease
    leases.delete(name)
    return undefined
  }

  function claim(listeners: Set<FarListener>, key: string, { lease, token, holdMs, until }: TimedClaim): ClaimOutcome {
    if (now() > until) return 'late'
    const name = leaseName(key, lease)
    const there = leaseAt(name)
    if (there !== undefined && there.holder === undefined) return 'apart'
    if (there !== undefined && there.holder !== token) {
      there.waiting.add(listeners)
      return 'held'
    }
    leases.set(name, { holder: token, endsAt: now() + holdMs, waiting: there?.waiting ?? new Set() })
    return 'mine'
  }

  function isThere(key: string, outdated: Outdated | undefined): boolean {
    const there = outdated && resourceAt(key)?.variants.get(outdated.variant)
    return there !== undefined && there.age.filledAt > outdated!.filledAt
  }

  function end(key: string, { lease, token }: Claim, outcome: ReleaseOutcome, apartMs: number): void {
    const name = leaseName(key, lease)
    const there = leaseAt(name)
    if (there?.holder !== token) return
    leases.delete(name)
    if (outcome === 'apart' && apartMs > 0) {
      leases.set(name, { holder: undefined, endsAt: now() + apartMs, waiting: new Set() })
    }
    for (const listeners of there.waiting) {
      setImmediate(() => {
        for (const { released } of [...listeners]) released(lease, outcome)
      })
    }
  }

  function set(write: FarWrite): FarWritten {
    const { key, variant, rule, widens, frame, release, maxVariants } = write
    if (frame.length > maxEntryBytes) return 'too-large'
    let resource = resourceAt(key)
    if (resource !== undefined && resource.rule !== rule) {
      if (resource.rule !== widens) return { rule: resource.rule }
      resource = undefined
    }
    resource ??= { rule, goneAt: 0, variants: new Map() }
    const { variants } = resource
    const there = variants.get(variant)
    const isOutdone = there !== undefined && isNewer(there.age, write)
    if (there === undefined && variants.size >= maxVariants) {
      for (const [name, { age }] of variants) if (age.expiresAt < now()) variants.delete(name)
      if (variants.size >= maxVariants) return 'full'
    }
    if (!isOutdone) {
      const { epoch, position, filledAt, expiresAt } = write
      variants.set(variant, { frame: Buffer.from(frame), age: { epoch, position, filledAt, expiresAt } })
      resource.goneAt = Math.max(resource.goneAt, now() + write.livesMs)
      resources.set(key, resource)
    }
    if (release !== undefined) end(key, release, 'stored', 0)
    return isOutdone ? 'outdone' : 'stored'
  }

  const far: MemoryFar = {
    before: undefined,
    after: undefined,
    asked,
    count: (...operations) => asked.filter(operation => operations.includes(operation)).length,
    resources,
    get listening() {
      return [...processes].filter(listeners => listeners.size > 0).length
    },
    ready() {
      for (const listeners of processes) for (const { ready } of [...listeners]) ready()
    },
    flush() {
      resources.clear()
      leases.clear()
    },
    open() {
      const listeners = new Set<FarListener>()
      processes.add(listeners)
      return {
        get: (key, variant, asking) =>
          run('get', () => {
            const resource = resourceAt(key)
            const frame = resource?.variants.get(variant)?.frame
            const claimed = asking && (frame === undefined ? claim(listeners, key, asking()) : 'there')
            return { rule: resource?.rule, frame: frame && Buffer.from(frame), claimed }
          }),
        set: write => run('set', () => set(write)),
        remove: (key, variant) =>
          run('remove', () => {
            if (variant === undefined) resources.delete(key)
            else resourceAt(key)?.variants.delete(variant)
          }),
        claim: (key, asking, outdated) =>
          run('claim', () => (isThere(key, outdated) ? 'there' : claim(listeners, key, asking))),
        release: (key, held, outcome, apartMs) => run('release', () => end(key, held, outcome, apartMs)),
        time: () => run('time', now),
        listen(listener) {
          listeners.add(listener)
          return () => void listeners.delete(listener)
        },
      }
    },
  }
  return far
}

function isNewer(there: MemoryAge, write: MemoryAge): boolean {
  if (there.epoch === write.epoch && there.position !== write.position) return there.position > write.position
  return there.filledAt > write.filledAt
}

type MemoryAge = Pick<FarWrite, 'epoch' | 'position' | 'filledAt'>
