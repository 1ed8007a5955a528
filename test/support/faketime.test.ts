// The clock that other tests move: a Node process and a Redis server follow it, and their monotonic clocks do not.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect } from 'chai'
import { findRedisServer } from '../../scripts/redis.mjs'
import { type MovableClock, startMovableClock, whyNoMovableClock } from './faketime.ts'
import { startRedis } from './redis-server.ts'

describe('a wall clock that a test moves', () => {
  let clock: MovableClock
  before(() => {
    if (whyNoMovableClock() === undefined) clock = startMovableClock()
  })
  after(() => clock?.end())
  afterEach(() => clock?.move(0))

  function skipWithout(test: Mocha.Context, program?: string): void {
    const reason = whyNoMovableClock(program)
    if (reason === undefined) return
    test.runnable().title += ` (${reason})`
    test.skip()
  }

  it('moves that of a Node process, and leaves its timers and its monotonic clock', async function () {
    skipWithout(this)
    const script = `process.stdin.on('data', () => {
      const begin = performance.now()
      setTimeout(() => console.log(JSON.stringify([Date.now(), performance.now() - begin, performance.now()])), 20)
    })`
    const child = spawn(process.execPath, ['-e', script], {
      env: { ...process.env, ...clock.env },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    try {
      const lines = createInterface({ input: child.stdout })
      const ask = async (): Promise<readonly [number, number, number]> => {
        child.stdin.write('?')
        const [line] = (await once(lines, 'line')) as [string]
        return JSON.parse(line)
      }
      expect((await ask())[0] - Date.now()).to.be.within(-500, 500)
      const before = await ask()
      for (const seconds of [3600, -86_400]) {
        clock.move(seconds)
        const [wall, waited, monotonic] = await ask()
        expect(wall - Date.now()).to.be.within(seconds * 1000 - 500, seconds * 1000 + 500)
        expect(waited).to.be.within(15, 2000)
        expect(monotonic - before[2]).to.be.within(0, 10_000)
      }
    } finally {
      child.kill('SIGKILL')
    }
  })

  it('moves that of a Redis server', async function () {
    skipWithout(this, findRedisServer())
    const server = await startRedis({ env: clock.env })
    try {
      for (const seconds of [0, 3600, -3600]) {
        clock.move(seconds)
        await new Promise(resolve => setTimeout(resolve, 20))
        const [at] = (await server.command('TIME')) as readonly [string]
        expect(Number(at) - Date.now() / 1000).to.be.within(seconds - 2, seconds + 2)
      }
    } finally {
      await server.end()
    }
  })
})
