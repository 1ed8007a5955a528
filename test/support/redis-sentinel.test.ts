// The Sentinels that other tests stand on: they promote the replica, and take the old master back.

import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { type RedisSentinel, startRedisSentinel } from './redis-sentinel.ts'

describe('Redis Sentinels for tests', function () {
  this.timeout(60_000)
  let sentinel: RedisSentinel
  before(async () => {
    sentinel = await startRedisSentinel()
  })
  after(() => sentinel?.end())

  it('replicate', async () => {
    await (await sentinel.master()).command('SET', 'text', 'x')
    while ((await (await sentinel.replica()).command('GET', 'text')) !== 'x') await sleep(5)
  })

  for (const how of ['stop', 'kill'] as const) {
    it(`promote the replica of a master that was told to ${how}, and take that back as a replica`, async () => {
      const { old, promoted } = await sentinel.failOver(how)
      expect(await promoted.command('SET', 'text', how)).to.equal('OK')
      if (how === 'stop') old.cont()
      else await old.restart()
      await sentinel.settle()
      expect(await sentinel.master()).to.equal(promoted)
      expect(await old.command('GET', 'text')).to.equal(how)
    })
  }
})
