// One run for all who want the same thing at the same time.

import { expect } from 'chai'
import { createSingleFlight } from '../src/single-flight.ts'
import { gate, settle } from './support.ts'

const hang = () => new Promise<never>(() => {})

describe('single-flight', () => {
  it('makes one run for a thousand', async () => {
    const flights = createSingleFlight<number>()
    const made = gate<number>()
    let runs = 0
    const fill = () => {
      runs++
      return made.passed
    }
    const flown = Array.from({ length: 1000 }, () => flights.run('a', fill, 2000))
    expect(flown.filter(({ leader }) => leader)).to.have.length(1)
    expect(flights.has('a')).to.equal(true)
    made.open(7)
    expect(new Set(await Promise.all(flown.map(({ promise }) => promise)))).to.deep.equal(new Set([7]))
    expect(runs).to.equal(1)
    expect(flights.size).to.equal(0)
    expect(flights.has('a')).to.equal(false)
  })

  it('keeps keys apart', async () => {
    const flights = createSingleFlight<string>()
    const values = ['a', 'b', '__proto__'].map(key => flights.run(key, async () => key, 2000))
    expect(values.every(({ leader }) => leader)).to.equal(true)
    expect(await Promise.all(values.map(({ promise }) => promise))).to.deep.equal(['a', 'b', '__proto__'])
  })

  it('a failure is for all, and the next one starts anew', async () => {
    const flights = createSingleFlight<number>()
    const made = gate<number>()
    const flown = Array.from({ length: 10 }, () => flights.run('a', () => made.passed, 2000).promise)
    const error = new Error('database')
    made.fail(error)
    const results = await Promise.allSettled(flown)
    expect(results.every(result => result.status === 'rejected' && result.reason === error)).to.equal(true)
    expect(flights.size).to.equal(0)
    expect(await flights.run('a', async () => 1, 2000).promise).to.equal(1)
  })

  it('a fill that throws at once fails like one that rejects', async () => {
    const flights = createSingleFlight<number>()
    const { promise } = flights.run(
      'a',
      () => {
        throw new Error('at once')
      },
      2000,
    )
    expect(await promise.catch((error: Error) => error.message)).to.equal('at once')
    expect(flights.size).to.equal(0)
  })

  it('whoever comes while the result is handed out starts anew or shares it, and none is lost', async () => {
    const flights = createSingleFlight<number>()
    let runs = 0
    const fill = async () => ++runs
    const first = flights.run('a', fill, 2000).promise
    const second = first.then(() => flights.run('a', fill, 2000))
    expect(await first).to.equal(1)
    expect((await second).leader).to.equal(true)
    expect(await (await second).promise).to.equal(2)
  })

  it('does not share a run that is not fit to be shared any more', async () => {
    const flights = createSingleFlight<string>()
    let fit = true
    const old = gate<string>()
    const first = flights.run(
      'a',
      () => old.passed,
      2000,
      () => fit,
    )
    fit = false
    expect(flights.has('a')).to.equal(false)
    const second = flights.run('a', async () => 'new', 2000)
    expect(second.leader).to.equal(true)
    const third = flights.run('a', async () => 'none', 2000)
    expect(third.leader).to.equal(false)
    old.open('old')
    expect(await first.promise).to.equal('old')
    expect(await third.promise).to.equal('new')
    expect(flights.size).to.equal(0)
  })

  it('a hanging leader holds nobody: one of those who wait runs its own, for all, the leader too', async () => {
    const flights = createSingleFlight<string>()
    const leader = flights.run('a', hang, 10)
    let runs = 0
    const fill = async () => {
      runs++
      return 'own'
    }
    const followers = Array.from({ length: 1000 }, () => flights.run('a', fill, 10).promise)
    expect(new Set(await Promise.all([leader.promise, ...followers]))).to.deep.equal(new Set(['own']))
    expect(runs).to.equal(1)
    expect(flights.size).to.equal(0)
  })

  it('when all hang, each round makes as many runs as there were: every wait ends', async () => {
    const flights = createSingleFlight<string>()
    let runs = 0
    const fill = () => {
      runs++
      return runs < 30 ? hang() : Promise.resolve('at last')
    }
    const flown = Array.from({ length: 30 }, () => flights.run('a', fill, 4).promise)
    expect(new Set(await Promise.all(flown))).to.deep.equal(new Set(['at last']))
    expect(runs).to.equal(30)
  })

  it('leaves no timer behind', async () => {
    const flights = createSingleFlight<number>()
    await settle()
    const before = process.getActiveResourcesInfo().filter(name => name === 'Timeout').length
    const made = gate<number>()
    const flown = Array.from({ length: 100 }, () => flights.run('a', () => made.passed, 60_000).promise)
    made.open(1)
    await Promise.all(flown)
    await settle()
    expect(process.getActiveResourcesInfo().filter(name => name === 'Timeout').length).to.be.at.most(before)
  })

  it('waits longer than a timer can', async () => {
    const flights = createSingleFlight<number>()
    const made = gate<number>()
    void flights.run('a', () => made.passed, 2 ** 40)
    const follower = flights.run('a', () => expect.fail('ran'), 2 ** 40)
    await settle()
    made.open(1)
    expect(await follower.promise).to.equal(1)
  })
})
