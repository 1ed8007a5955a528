// What the contract of a far store stands on: two processes that share one, and what they write.

import assert from 'node:assert/strict'
import type { FarStore, FarWrite, ReleaseOutcome, TimedClaim } from '../store/far.ts'

/** A far store with nothing in it. `open` is called once for each process that shares it. */
export interface SharedFarStore {
  open(): FarStore | Promise<FarStore>
  /** Called after the test; by then nobody listens to what was opened. */
  end?(): void | Promise<void>
}

export interface Told {
  readonly lease: string
  readonly outcome: ReleaseOutcome
}

/** One process: its store, and what it was told of leases. */
export interface Process {
  readonly store: FarStore
  readonly told: Told[]
  unlisten(): void
}

/** Declares a test on two processes. */
export type Declare = (title: string, test: (a: Process, b: Process) => Promise<void>) => unknown

export async function begin(shared: SharedFarStore): Promise<Process> {
  const store = await shared.open()
  return { store, ...(await listenTo(store)) }
}

/** Whoever listens on a connection of his own hears nothing until that stands. */
export async function listenTo(store: FarStore): Promise<Omit<Process, 'store'>> {
  const told: Told[] = []
  let hears = false
  const unlisten = store.listen({
    ready() {},
    released(lease, outcome) {
      if (lease === 'hears') hears = true
      else told.push({ lease, outcome })
    },
  })
  const [one, other] = ['a', 'b'].map(token => claim({ lease: 'hears', token, holdMs: 1000 })) as [
    TimedClaim,
    TimedClaim,
  ]
  await until('it hears', async () => {
    await store.claim('hears', one)
    await store.claim('hears', other)
    await store.release('hears', one, 'failed', 0)
    return hears
  })
  return { told, unlisten }
}

export const frame = (text: string): Buffer => Buffer.from(text)

export const claim = (changes: Partial<TimedClaim> = {}): TimedClaim => ({
  lease: 'lease',
  token: 'token',
  holdMs: 10_000,
  // Far away by any clock.
  until: 8e15,
  ...changes,
})

export function write(changes: Partial<FarWrite>): FarWrite {
  return {
    key: 'k',
    variant: '',
    rule: '',
    widens: undefined,
    epoch: 'epoch',
    position: 5,
    filledAt: 1000,
    // Far away by any clock.
    expiresAt: 8e15,
    livesMs: 60_000,
    maxVariants: 32,
    frame: frame('frame'),
    release: undefined,
    ...changes,
  }
}

export async function textAt({ store }: Process, variant: string): Promise<string | undefined> {
  return (await store.get('k', variant)).frame?.toString()
}

export async function until(what: string, ready: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 5000
  while (!(await ready())) {
    assert.ok(performance.now() < end, `Not within 5 seconds: ${what}.`)
    await new Promise(resolve => setTimeout(resolve, 2))
  }
}
