// What every far store has to keep to about leases: one fill in all processes, and those who wait are told.

import assert from 'node:assert/strict'
import type { ClaimOutcome } from '../store/far.ts'
import { claim, type Declare, frame, listenTo, textAt, until, write } from './far-processes.ts'
import { awkwardStrings } from './runner.ts'

export function declareLeases(withStore: Declare): void {
  withStore('gives a lease to one of all who claim it', async (a, b) => {
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, i) => (i % 2 === 0 ? a : b).store.claim('k', claim({ token: `token ${i}` }))),
    )
    assert.deepEqual(
      outcomes.filter(outcome => outcome !== 'held'),
      ['mine'],
    )
  })

  withStore('gives it to its holder again', async a => {
    assert.equal(await a.store.claim('k', claim()), 'mine')
    assert.equal(await a.store.claim('k', claim()), 'mine')
  })

  withStore('tells any two leases apart, and those of two keys', async (a, b) => {
    for (const lease of awkwardStrings) assert.equal(await a.store.claim('k', claim({ lease })), 'mine', lease)
    assert.equal(await a.store.claim('another', claim({ lease: 'a' })), 'mine')
    for (const lease of awkwardStrings) assert.equal(await b.store.claim('k', claim({ lease, token: 'b' })), 'held')
  })

  withStore('claims beside a look-up when the variant is not there', async (a, b) => {
    assert.equal((await a.store.get('k', '', () => claim({ token: 'a' }))).claimed, 'mine')
    assert.equal((await b.store.get('k', '', () => claim({ token: 'b' }))).claimed, 'held')
  })

  withStore('claims nothing beside a look-up that finds it', async (a, b) => {
    await a.store.set(write({ frame: frame('there') }))
    const { frame: found, claimed } = await a.store.get('k', '', () => claim({ token: 'a' }))
    assert.equal(found?.toString(), 'there')
    assert.ok(claimed === 'there' || claimed === undefined, String(claimed))
    // Whoever has no use for what is there asks again.
    assert.equal(await b.store.claim('k', claim({ token: 'b' })), 'mine')
  })

  withStore('claims what is outdated, unless something newer is there', async (a, b) => {
    const none = { variant: 'v', filledAt: Number.NEGATIVE_INFINITY }
    const ask = async (filledAt: number): Promise<ClaimOutcome> => {
      const outcome = await b.store.claim('k', claim({ token: 'b' }), { ...none, filledAt })
      await b.store.release('k', claim({ token: 'b' }), 'failed', 0)
      return outcome
    }
    assert.equal(await ask(none.filledAt), 'mine')
    await a.store.set(write({ rule: 'x', variant: 'v', filledAt: 2000.25 }))
    assert.equal(await ask(none.filledAt), 'there')
    assert.equal(await ask(2000), 'there')
    assert.equal(await ask(2000.25), 'mine')
    assert.equal(await ask(2001), 'mine')
    assert.equal(await b.store.claim('k', claim({ token: 'b' }), { ...none, variant: 'another' }), 'mine')
    await b.store.release('k', claim({ token: 'b' }), 'failed', 0)
    assert.equal(await a.store.claim('k', claim({ token: 'a' })), 'mine')
    assert.equal(await ask(2001), 'held')
  })

  withStore('does not give a lease to whoever comes too late for it', async (a, b) => {
    const past = (await a.store.time()) - 1
    assert.equal(await a.store.claim('k', claim({ token: 'a', until: past })), 'late')
    assert.notEqual((await a.store.get('k', '', () => claim({ token: 'a', until: past }))).claimed, 'mine')
    assert.equal(await b.store.claim('k', claim({ token: 'b' })), 'mine')
    assert.equal(await a.store.claim('k', claim({ token: 'a', until: past })), 'late')
    await b.store.release('k', claim({ token: 'b' }), 'failed', 0)
    assert.deepEqual(a.told, [])
  })

  withStore('ends a lease by itself', async (a, b) => {
    await a.store.claim('k', claim({ token: 'a', holdMs: 30 }))
    await until('it is free', async () => (await b.store.claim('k', claim({ token: 'b' }))) === 'mine')
  })

  for (const outcome of ['stored', 'apart', 'failed'] as const) {
    withStore(`wakes the process that waits: ${outcome}`, async (a, b) => {
      await a.store.claim('k', claim({ token: 'a' }))
      assert.equal(await b.store.claim('k', claim({ token: 'b' })), 'held')
      await a.store.release('k', claim({ token: 'a' }), outcome, 0)
      await until('it is told', () => b.told.length > 0)
      assert.deepEqual(b.told, [{ lease: claim().lease, outcome }])
      assert.equal(await b.store.claim('k', claim({ token: 'b' })), 'mine')
    })
  }

  withStore('hands the name of a lease on as it is', async (a, b) => {
    for (const lease of awkwardStrings) {
      await a.store.claim('k', claim({ lease, token: 'a' }))
      await b.store.claim('k', claim({ lease, token: 'b' }))
      await a.store.release('k', claim({ lease, token: 'a' }), 'failed', 0)
    }
    await until('it is told', () => b.told.length >= awkwardStrings.length)
    assert.deepEqual(
      b.told.map(({ lease }) => lease),
      awkwardStrings,
    )
  })

  withStore('lets nobody but its holder end a lease', async (a, b) => {
    await a.store.claim('k', claim({ token: 'a' }))
    await b.store.release('k', claim({ token: 'b' }), 'failed', 0)
    assert.equal(await b.store.claim('k', claim({ token: 'b' })), 'held')
    assert.deepEqual(b.told, [])
  })

  withStore('remembers for a while what could not be shared', async (a, b) => {
    await a.store.claim('k', claim({ token: 'a' }))
    await a.store.release('k', claim({ token: 'a' }), 'apart', 60_000)
    assert.equal(await b.store.claim('k', claim({ token: 'b' })), 'apart')
    assert.equal((await b.store.get('k', '', () => claim({ token: 'b' }))).claimed, 'apart')
    await a.store.claim('k2', claim({ token: 'a' }))
    await a.store.release('k2', claim({ token: 'a' }), 'apart', 30)
    await until('it is forgotten', async () => (await b.store.claim('k2', claim({ token: 'b' }))) === 'mine')
  })

  withStore('ends the lease with the write', async (a, b) => {
    await a.store.claim('k', claim({ token: 'a' }))
    await b.store.claim('k', claim({ token: 'b' }))
    assert.equal(await a.store.set(write({ release: claim({ token: 'a' }), frame: frame('made') })), 'stored')
    await until('it is told', () => b.told.length > 0)
    assert.deepEqual(b.told, [{ lease: claim().lease, outcome: 'stored' }])
    assert.equal(await textAt(b, ''), 'made')
  })

  withStore('ends it as well when a newer one is there', async (a, b) => {
    await a.store.claim('k', claim({ token: 'a' }))
    await b.store.claim('k', claim({ token: 'b' }))
    await b.store.set(write({ position: 9 }))
    assert.equal(await a.store.set(write({ position: 1, release: claim({ token: 'a' }) })), 'outdone')
    await until('it is told', () => b.told.length > 0)
    assert.equal(b.told[0]?.outcome, 'stored')
  })

  withStore('leaves it to its holder when the write is refused', async (a, b) => {
    await a.store.set(write({ rule: 'x', variant: 'v', maxVariants: 1 }))
    await a.store.claim('k', claim({ token: 'a' }))
    const release = claim({ token: 'a' })
    assert.deepEqual(await a.store.set(write({ rule: 'y', variant: 'w', release })), { rule: 'x' })
    assert.equal(await a.store.set(write({ rule: 'x', variant: 'w', maxVariants: 1, release })), 'full')
    assert.equal(await b.store.claim('k', claim({ token: 'b' })), 'held')
    assert.deepEqual(b.told, [])
  })

  withStore('tells nothing to those who listen no more', async (a, b) => {
    await a.store.claim('k', claim({ token: 'a' }))
    await b.store.claim('k', claim({ token: 'b' }))
    const { told, unlisten } = await listenTo(a.store)
    b.unlisten()
    await a.store.claim('mark', claim({ token: 'b' }))
    await a.store.claim('mark', claim({ token: 'a' }))
    await a.store.release('k', claim({ token: 'a' }), 'failed', 0)
    await a.store.release('mark', claim({ token: 'b' }), 'failed', 0)
    await until('the others are told', () => told.length > 0)
    unlisten()
    assert.deepEqual(b.told, [])
  })
}
