// The child processes that other tests stand on: they are called, they fail by their code, and they never outlive their test.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { type Child, startChild } from './child.ts'

const program = new URL('child-program.ts', import.meta.url)

describe('a child process for tests', () => {
  let child: Child
  before(async () => {
    child = await startChild(program, { env: { GREETING: 'hello' } })
  })
  after(() => child?.kill())

  it('answers, several calls at a time, with its environment', async () => {
    const answers = await Promise.all([
      child.call('later', 20, 'a'),
      child.call('greeting'),
      child.call('later', 0, 'b'),
    ])
    expect(answers).to.deep.equal(['a', 'hello', 'b'])
  })

  it('fails with the code of the error', async () => {
    const error = await child.call('fail').catch(caught => caught as { message: string; code: string })
    expect(error).to.include({ message: 'no', code: 'E_NO' })
  })

  it('freezes and thaws', async () => {
    child.stop()
    const answer = child.call('greeting')
    expect(await Promise.race([answer, sleep(50)])).to.equal(undefined)
    child.cont()
    expect(await answer).to.equal('hello')
  })

  it('rejects calls when it ends', async () => {
    const other = await startChild(program)
    const answer = other.call('later', 60_000, 'a').catch((error: Error) => error.message)
    await other.kill()
    expect(await answer).to.match(/has ended: SIGKILL/)
  })

  it('ends with its test process, even frozen, and when that is ended by force', async () => {
    const script = `
      const { startChild } = await import(${JSON.stringify(new URL('child.ts', import.meta.url).href)})
      const child = await startChild(new URL(${JSON.stringify(program.href)}))
      child.stop()
      console.log(child.pid)
      setInterval(() => {}, 1000)`
    const owner = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      cwd: new URL('.', import.meta.url),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [pid] = (await once(createInterface({ input: owner.stdout }), 'line')) as [string]
    owner.kill('SIGKILL')
    while (isRunning(Number(pid))) await sleep(20)
  })
})

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
