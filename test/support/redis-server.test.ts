// The Redis that other tests stand on: it answers, freezes, thaws, dies, comes back, and never outlives its test.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { type RedisServer, startRedis } from './redis-server.ts'
import { sendCommand } from './resp.ts'

describe('a Redis server for tests', () => {
  let server: RedisServer
  before(async () => {
    server = await startRedis({ config: { maxmemory: '8mb' } })
  })
  after(() => server.end())

  it('answers every kind of reply', async () => {
    expect(await server.command('PING')).to.equal('PONG')
    expect(await server.command('GET', 'absent')).to.equal(null)
    expect(await server.command('INCR', 'count')).to.equal(1)
    expect(await server.command('SET', 'text', Buffer.from('grüße\r\n'))).to.equal('OK')
    expect(await server.command('MGET', 'text', 'absent')).to.deep.equal(['grüße\r\n', null])
    expect(await rejection(server.command('NONSENSE'))).to.match(/^ERR unknown command/)
  })

  it('has the settings that it was given', async () => {
    expect(await server.command('CONFIG', 'GET', 'maxmemory')).to.deep.equal(['maxmemory', String(8 * 1024 * 1024)])
  })

  it('freezes and thaws', async () => {
    server.stop()
    expect(await rejection(sendCommand(server.port, ['PING'], 50))).to.match(/no reply within 50 ms/)
    server.cont()
    expect(await server.command('PING')).to.equal('PONG')
  })

  it('dies and comes back empty on the same port', async () => {
    await server.command('SET', 'text', 'x')
    await server.kill()
    expect(await rejection(server.command('PING'))).to.match(/ECONNREFUSED/)
    await server.restart()
    expect(await server.command('GET', 'text')).to.equal(null)
  })

  it('says why it does not start', async () => {
    expect(await rejection(startRedis({ config: { maxmemory: 'nonsense' } }))).to.match(/maxmemory/)
  })

  it('ends with its test process, even when both are ended by force', async () => {
    const script = `
      const { startRedis } = await import(${JSON.stringify(new URL('redis-server.ts', import.meta.url).href)})
      const server = await startRedis()
      server.stop()
      console.log(server.port)
      setInterval(() => {}, 1000)`
    const owner = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [port] = (await once(createInterface({ input: owner.stdout }), 'line')) as [string]
    owner.kill('SIGKILL')
    while (!/ECONNREFUSED/.test(await rejection(sendCommand(Number(port), ['PING'], 50)))) await sleep(20)
  })
})

async function rejection(promise: Promise<unknown>): Promise<string> {
  try {
    return `no rejection: ${String(await promise)}`
  } catch (error) {
    return (error as Error).message
  }
}
