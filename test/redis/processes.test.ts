// Two processes behind one Redis: a purge through one is a purge on both.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { type RedisServer, startRedis } from '../support/redis-server.ts'

interface Answer {
  readonly status: number
  readonly state: string
  readonly body: { readonly pid?: number; readonly version?: number; readonly code?: string }
}

describe('two processes with one invalidation log', function () {
  this.timeout(30_000)
  let server: RedisServer
  const children: ChildProcess[] = []
  const ports: number[] = []

  before(async () => {
    server = await startRedis()
    const file = fileURLToPath(new URL('node.ts', import.meta.url))
    const args = ['--conditions=@larder/source', '--import', 'tsx', file]
    for (let i = 0; i < 2; i++)
      children.push(
        spawn(process.execPath, args, {
          // Where tsx is found.
          cwd: fileURLToPath(new URL('../..', import.meta.url)),
          env: { ...process.env, REDIS_URL: server.url },
          stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        }),
      )
    for (const child of children) ports.push(((await once(child, 'message')) as [number])[0])
  })
  after(async () => {
    server?.cont()
    for (const child of children) child.kill('SIGKILL')
    await server?.end()
  })

  async function ask(node: number, path: string, method = 'GET'): Promise<Answer> {
    const response = await fetch(`http://127.0.0.1:${ports[node]}${path}`, { method })
    const text = await response.text()
    const state = /\bhit\b/.test(response.headers.get('cache-status') ?? '') ? 'hit' : 'miss'
    return { status: response.status, state, body: text === '' ? {} : (JSON.parse(text) as Answer['body']) }
  }

  it('a purge holds at once where it was made, and within 250 ms in the other process', async () => {
    for (const node of [0, 1]) {
      expect((await ask(node, '/events')).state).to.equal('miss')
      expect((await ask(node, '/events')).state).to.equal('hit')
    }
    const before = (await ask(1, '/events')).body.version
    expect((await ask(0, '/purge', 'POST')).status).to.equal(204)
    const begin = performance.now()
    expect((await ask(0, '/events')).state).to.equal('miss')
    while ((await ask(1, '/events')).body.version === before) await sleep(2)
    expect(performance.now() - begin).to.be.below(250)
  })

  it('with Redis frozen, the purge says so in about a second, and reaches the other process when it thaws', async () => {
    await ask(1, '/events')
    const before = (await ask(1, '/events')).body.version
    server.stop()
    const begin = performance.now()
    const { status, body } = await ask(0, '/purge', 'POST')
    expect([status, body.code]).to.deep.equal([503, 'LARDER_INVALIDATION_UNACKNOWLEDGED'])
    expect(performance.now() - begin).to.be.below(1500)
    expect((await ask(0, '/events')).state).to.equal('miss')
    server.cont()
    const thawedAt = performance.now()
    while ((await ask(1, '/events')).body.version === before) await sleep(5)
    expect(performance.now() - thawedAt).to.be.below(2000)
  })

  it('each ends when its log and its client are closed', async () => {
    for (const child of children) {
      child.send('end')
      const [code] = (await once(child, 'exit')) as [number | null]
      expect(code).to.equal(0)
    }
  })
})
