// How an example starts, starts again, refuses to start, and ends.

import { existsSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { readSettings } from '../../examples/link-up-buddy/src/settings.ts'
import { kill, printed, type Running, run, start, temporaryFolder } from './server.ts'

describe('starting an example', function () {
  this.timeout(180_000)
  const folder = temporaryFolder()
  after(() => folder.remove())

  it('killed or interrupted in its first start, it makes the data again; the next start only opens it', async () => {
    const killed = run('express', { DATA_DIR: folder.path })
    await printed(killed, /first start: making/)
    await kill(killed)

    const interrupted = run('express', { DATA_DIR: folder.path })
    await printed(interrupted, /first start: making/)
    interrupted.child.kill('SIGINT')
    expect(await interrupted.ended, 'it ends by the signal, at once').to.equal(130)
    expect(interrupted.output()).not.to.contain('first start: made')

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

  it('a port that is in use: the last line says so', async () => {
    const taken = createServer().listen(0)
    await new Promise(resolve => taken.once('listening', resolve))
    const { port } = taken.address() as AddressInfo
    const running = run('express', { DATA_DIR: folder.path, PORT: String(port) })
    expect(await running.ended).to.equal(1)
    expect(lastLine(running)).to.match(new RegExp(`^port ${port} is in use: .*$`))
    taken.close()
  })

  const refusals: readonly (readonly [env: Record<string, string>, line: RegExp])[] = [
    [{ PORT: 'abc' }, /^PORT: 'abc' given, expected a whole number from 0 to 65535$/],
    [{ PORT: '65536' }, /^PORT: '65536' given, [^\n]+$/],
    [{ REDIS_URL: 'geheim@localhost' }, /^REDIS_URL: a value that is not shown given, expected redis:[^\n]+$/],
    [{ REDIS_HOST: 'localhost', REDIS_PORT: 'x' }, /^REDIS_PORT: 'x' given, expected a whole number from 1 [^\n]+$/],
    [{ SESSION_SECRET: 'geheim' }, /^SESSION_SECRET: a value that is not shown given, expected at least 16 [^\n]+$/],
    [{ DATABASE_URL: 'mysql://geheim@localhost' }, /^DATABASE_URL: a value that is not shown given, [^\n]+$/],
    [{ DRAIN_DELAY: '5' }, /^DRAIN_DELAY: '5' given, [^\n]+$/],
  ]
  for (const [env, line] of refusals)
    it(`${JSON.stringify(env)}: one line`, () => {
      expect(() => readSettings(env, 'express'))
        .to.throw()
        .with.property('message')
        .that.matches(line)
        .and.does.not.contain('geheim')
    })

  for (const name of ['express', 'koa'])
    it(`${name} with five mistakes: a line for each, and the exit code 1`, async () => {
      const running = run(name, {
        DATA_DIR: join(folder.path, 'unused'),
        PORT: '-1',
        REDIS_PASSWORD: 'geheim\n',
        LARDER_MAX_BYTE: '64MiB',
        OTEL_TRACES_EXPORTER: 'pigeon',
        SESSION_SECRET: 'geheim',
      })
      expect(await running.ended).to.equal(1)
      const variables = running
        .output()
        .trimEnd()
        .split('\n')
        .map(line => /^(\w+): \S.*/.exec(line)?.[1])
      expect(variables, running.output()).to.deep.equal([
        'REDIS_PASSWORD',
        'OTEL_TRACES_EXPORTER',
        'PORT',
        'LARDER_MAX_BYTE',
        'SESSION_SECRET',
      ])
      expect(running.output()).not.to.contain('geheim')
    })

  it('a database that cannot be reached: the last line says so, without the password', async () => {
    const running = run('koa', { DATABASE_URL: 'postgres://user:geheim@127.0.0.1:1/x' })
    expect(await running.ended).to.equal(1)
    expect(lastLine(running)).to.match(/^The database that DATABASE_URL names cannot be used: /)
    expect(running.output()).not.to.contain('geheim')
  })

  it('an example that does not exist: one line', async () => {
    const running = run('fastify', {})
    expect(await running.ended).to.equal(1)
    expect(running.output()).to.match(/^There is no example called 'fastify'\..*\n$/)
  })
})

const lastLine = (running: Running): string => running.output().trimEnd().split('\n').at(-1)!
