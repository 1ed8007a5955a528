// The Cluster that other tests stand on: its slots are served, survive their master, and can be moved.

import { expect } from 'chai'
import { type RedisCluster, startRedisCluster } from './redis-cluster.ts'

describe('a Redis Cluster for tests', function () {
  this.timeout(90_000)
  let cluster: RedisCluster
  before(async () => {
    cluster = await startRedisCluster()
  })
  after(() => cluster?.end())

  it('serves each key from one master, and names it', async () => {
    const owners = new Set<unknown>()
    for (let i = 0; i < 20; i++) {
      const master = await cluster.masterOf(`key-${i}`)
      owners.add(master)
      expect(await master.command('SET', `key-${i}`, i)).to.equal('OK')
    }
    expect(owners.size).to.equal(3)
    const other = await cluster.otherMaster('key-1')
    expect(await moved(other.command('GET', 'key-1'))).to.match(/^MOVED /)
  })

  it('moves a slot with its keys', async () => {
    const [from, to] = [await cluster.masterOf('key-1'), await cluster.otherMaster('key-1')]
    await cluster.moveSlot('key-1', to, async () => {
      expect(await moved(from.command('GET', 'not-there{key-1}'))).to.match(/^ASK /)
      expect(await from.command('GET', 'key-1')).to.equal('1')
    })
    await cluster.settle()
    expect(await cluster.masterOf('key-1')).to.equal(to)
    expect(await to.command('GET', 'key-1')).to.equal('1')
    expect(await moved(from.command('GET', 'key-1'))).to.match(/^MOVED /)
  })

  for (const how of ['stop', 'kill'] as const) {
    it(`gives the slots of a master that was told to ${how} to its replica`, async () => {
      const { old, promoted } = await cluster.failOver('key-2', how)
      expect(await promoted.command('SET', 'key-2', how)).to.equal('OK')
      if (how === 'stop') old.cont()
      else await old.restart()
      await cluster.settle()
      expect(await cluster.masterOf('key-2')).to.equal(promoted)
    })
  }
})

async function moved(promise: Promise<unknown>): Promise<string> {
  try {
    return `no rejection: ${String(await promise)}`
  } catch (error) {
    return (error as Error).message
  }
}
