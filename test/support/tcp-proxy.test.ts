// The proxy that other tests stand on: what each fault does to real connections.

import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { expect } from 'chai'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'

describe('a TCP proxy that breaks things', () => {
  let echo: Server
  let proxy: TcpProxy
  const sockets: Socket[] = []
  before(async () => {
    echo = createServer(socket => socket.on('error', () => {}).pipe(socket)).listen(0, '127.0.0.1')
    await once(echo, 'listening')
  })
  beforeEach(async () => {
    proxy = await startTcpProxy({ target: (echo.address() as { port: number }).port, random: () => 0.5 })
  })
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy()
    await proxy.close()
  })
  after(() => void echo.close())

  async function open(): Promise<Socket & { received: string }> {
    const socket = Object.assign(connect(proxy.port, '127.0.0.1'), { received: '' })
    socket.on('error', () => {})
    socket.on('data', chunk => {
      socket.received += chunk.toString('latin1')
    })
    sockets.push(socket)
    await once(socket, 'connect')
    return socket
  }
  async function received(socket: Socket & { received: string }, count: number): Promise<number> {
    const begin = performance.now()
    while (socket.received.length < count) await once(socket, 'data')
    return performance.now() - begin
  }
  /** Whether by an error or not. */
  const closing = (socket: Socket) => new Promise<void>(resolve => socket.once('close', () => resolve()))
  const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

  it('lets everything through, and counts it', async () => {
    const socket = await open()
    const text = 'x'.repeat(3_000_000)
    socket.end(text)
    await once(socket, 'end')
    expect(socket.received).to.equal(text)
    expect(proxy.bytes).to.deep.equal({ toServer: 3_000_000, toClient: 3_000_000 })
    expect([proxy.accepted, proxy.connections]).to.deep.equal([1, 0])
  })

  it('delays each chunk by itself, in order', async () => {
    const socket = await open()
    proxy.set('toServer', { delayMs: 60, jitterMs: 40 })
    proxy.set('toClient', { delayMs: 40 })
    const took = received(socket, 4)
    for (const part of ['a', 'b', 'c', 'd']) {
      socket.write(part)
      await pause(10)
    }
    // Not four times as long: they are on their way at the same time.
    expect(await took).to.be.within(115, 300)
    expect(socket.received).to.equal('abcd')
    proxy.set('both', { delayMs: 60_000, delayChance: 0.5 })
    socket.write('e')
    await received(socket, 5)
  })

  it('holds what comes until it is healed, the end of a connection too', async () => {
    const socket = await open()
    proxy.set('toClient', { hold: true })
    socket.end('text')
    await pause(50)
    expect(socket.received).to.equal('')
    expect(proxy.bytes.toServer).to.equal(4)
    await proxy.heal()
    await received(socket, 4)
    await once(socket, 'end')
  })

  it('swallows what comes, and resets what lost something when it is healed', async () => {
    const [cut, whole] = [await open(), await open()]
    proxy.set('toServer', { swallow: true })
    cut.write('lost')
    await pause(50)
    expect(cut.received).to.equal('')
    const closed = closing(cut)
    await proxy.heal()
    await closed
    whole.write('text')
    await received(whole, 4)
  })

  it('ends a connection after so many bytes', async () => {
    proxy.set('toClient', { cutAfterBytes: 3 })
    for (const socket of [await open(), await open()]) {
      socket.write('text')
      await closing(socket)
      expect(socket.received).to.equal('tex')
    }
  })

  it('flips bits', async () => {
    const socket = await open()
    proxy.set('toServer', { flipChance: 1 })
    socket.write('text')
    await received(socket, 4)
    expect([...socket.received].map((char, i) => char.charCodeAt(0) ^ 'text'.charCodeAt(i))).to.deep.equal(
      Array(4).fill(1 << 4),
    )
  })

  it('drips', async () => {
    const socket = await open()
    proxy.set('toClient', { bytesPerSecond: 1000 })
    socket.write('x'.repeat(200))
    expect(await received(socket, 1)).to.be.below(100)
    expect(socket.received.length).to.be.at.most(40)
    expect(await received(socket, 200)).to.be.above(100)
  })

  it('resets, refuses, and takes connections again on the same port', async () => {
    const socket = await open()
    const closed = closing(socket)
    proxy.reset()
    await closed
    await proxy.refuse()
    const refused = connect(proxy.port, '127.0.0.1')
    const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException]
    expect(error.code).to.equal('ECONNREFUSED')
    await proxy.heal()
    const again = await open()
    again.write('text')
    await received(again, 4)
  })
})
