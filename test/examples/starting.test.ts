// How an example starts, starts again, refuses to start, and ends.

import { existsSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { kill, printed, run, start, temporaryFolder } from './server.ts'

describe('starting an example', function () {
  this.timeout(180_000)
  const folder = temporaryFolder()
  after(() => folder.remove())

  it('killed in its first start, it makes the data again; the next start only opens it', async () => {
    const killed = run('express', { DATA_DIR: folder.path })
    await printed(killed, /first start: making/)
    await kill(killed)

    const again = await start('express', { DATA_DIR: folder.path })
    expect(again.output()).to.contain('first start: making')
    await again.ask('/events/42', { method: 'PATCH', body: { title: 'Still here' } })
    expect((await again.end()).code).to.equal(0)

    const second = await start('express', { DATA_DIR: folder.path })
    expect(second.output()).not.to.contain('first start')
    expect((await second.ask('/events/42')).json.title).to.equal('Still here')
    await second.end()
  })

  it('killed while it serves, it opens what was written', async () => {
    const running = run('express', { DATA_DIR: folder.path })
    const [, url] = await printed(running, /listening on (http:\S+)/)
    const body = JSON.stringify({ title: 'Written before the end' })
    await fetch(`${url}/events/43`, { method: 'PATCH', body, headers: { 'content-type': 'application/json' } })
    await kill(running)

    const again = await start('express', { DATA_DIR: folder.path })
    expect(again.output()).not.to.contain('first start')
    expect((await again.ask('/events/43')).json.title).to.equal('Written before the end')
    await again.end()
  })

  it('does not share its data folder, and says what to do', async () => {
    const first = await start('express', { DATA_DIR: folder.path })
    const second = run('express', { DATA_DIR: folder.path })
    expect(await second.ended).to.equal(1)
    expect(second.output()).to.match(/is in use by process \d+.*DATA_DIR=/)
    expect((await first.ask('/events/1')).status).to.equal(200)
    await first.end()
    expect(existsSync(join(folder.path, 'in-use-by.pid'))).to.equal(false)
  })

  for (const [name, signal] of [
    ['express', 'SIGTERM'],
    ['koa', 'SIGINT'],
  ] as const)
    it(`${name} ends at ${signal} with 0 within 2 s, although a client keeps its connection`, async () => {
      const server = await start(name, { DATA_DIR: folder.path })
      const idle = connect(Number(new URL(server.url).port), 'localhost')
      idle.on('error', () => {})
      idle.write('GET /events/42 HTTP/1.1\r\nHost: localhost\r\n\r\n')
      await new Promise(resolve => idle.once('data', resolve))
      const { code, ms } = await server.end(signal)
      expect(code).to.equal(0)
      expect(ms).to.be.below(2_000)
      idle.destroy()
    })

  it('the server ends when what started it is killed', async () => {
    const running = run('express', { DATA_DIR: folder.path })
    const [, url] = await printed(running, /listening on (http:\S+)/)
    running.child.kill('SIGKILL')
    // The server holds the same pipes, so they close when it has gone.
    await running.ended
    const refused = await fetch(url!).catch(error => error)
    expect(refused).to.be.instanceOf(Error)
  })

  it('a port that is in use: one line', async () => {
    const taken = createServer().listen(0)
    await new Promise(resolve => taken.once('listening', resolve))
    const { port } = taken.address() as AddressInfo
    const running = run('express', { DATA_DIR: folder.path, PORT: String(port) })
    expect(await running.ended).to.equal(1)
    expect(running.output()).to.match(new RegExp(`^Port ${port} is in use\\..*\\n$`))
    taken.close()
  })

  const refusals: readonly (readonly [env: Record<string, string>, line: RegExp])[] = [
    [{ PORT: 'abc' }, /^PORT is 'abc': expected a whole number .*\n$/],
    [{ PORT: '65536' }, /^PORT is '65536': .*\n$/],
    [{ PORT: '-1' }, /^PORT is '-1': .*\n$/],
    [{ REDIS_URL: 'secret@localhost' }, /^REDIS_URL is no address of Redis: expected redis:[^@]*\n$/],
    [{ REDIS_HOST: 'localhost', REDIS_PORT: 'x' }, /^REDIS_PORT is 'x': expected a whole number from 1 .*\n$/],
    [{ SESSION_SECRET: 'short' }, /^SESSION_SECRET is too short: .*\n$/],
    [{ DATABASE_URL: 'mysql://secret@localhost' }, /^DATABASE_URL is not an address of Postgres: [^@]*@host.*\n$/],
    [{ DATABASE_URL: 'postgres://user:geheim@127.0.0.1:1/x' }, /^The database that DATABASE_URL names cannot .*\n$/],
  ]
  for (const [at, [env, line]] of refusals.entries())
    it(`${JSON.stringify(env)}: one line`, async () => {
      // Both servers share the code that says it; they take turns.
      const running = run(at % 2 === 0 ? 'express' : 'koa', { DATA_DIR: join(folder.path, 'unused'), ...env })
      expect(await running.ended).to.equal(1)
      expect(running.output()).to.match(line).and.not.contain('geheim')
    })

  it('an example that does not exist: one line', async () => {
    const running = run('fastify', {})
    expect(await running.ended).to.equal(1)
    expect(running.output()).to.match(/^There is no example called 'fastify'\..*\n$/)
  })
})
