// An HTTP server as a part: what is under way comes to its end, what is at rest is closed, and nothing new is accepted.

import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { expect } from 'chai'
import { httpServer } from '../src/http-server.ts'
import type { Part } from '../src/part.ts'
import { codeOf, gate, rejection, until } from './support.ts'

const host = '127.0.0.1'
const request = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`

/** A client that shows what came. */
function client(socket: Socket) {
  let text = ''
  let hasEnded = false
  socket.setEncoding('latin1').on('data', chunk => {
    text += chunk
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    hasEnded = true
  })
  return {
    socket,
    text: () => text,
    hasEnded: () => hasEnded,
    send: (data: string) => void socket.write(data),
    has: (part: string) => until(() => text.includes(part)),
    ended: () => until(() => hasEnded),
  }
}

describe('an HTTP server', () => {
  const opened: { readonly server: Server; readonly sockets: Socket[] }[] = []
  afterEach(() => {
    for (const { server, sockets } of opened.splice(0)) {
      for (const socket of sockets) socket.destroy()
      server.closeAllConnections()
      server.close()
    }
  })

  async function serving(listener: RequestListener, drainTimeout = '5s') {
    const server = createServer(listener)
    const part = httpServer(server, { port: 0, host, drainTimeout }) as Required<Part>
    const sockets: Socket[] = []
    opened.push({ server, sockets })
    await part.start()
    const { port } = server.address() as AddressInfo
    async function open(...data: string[]) {
      const socket = connect(port, host)
      sockets.push(socket)
      await once(socket, 'connect')
      const made = client(socket)
      for (const each of data) made.send(each)
      return made
    }
    return { server, part, port, open }
  }

  it('under way: the response says Connection: close, and is the last of its connection', async () => {
    const ready = gate()
    const { part, open } = await serving(async (_req, res) => {
      await ready.passed
      res.end('whole')
    })
    const busy = await open(request('/'))
    const idle = await open()
    const stopping = part.stop()
    await idle.ended()
    expect(busy.hasEnded()).to.equal(false)
    ready.open()
    await stopping
    await busy.ended()
    expect(busy.text())
      .to.include('Connection: close')
      .and.match(/whole$/)
  })

  it('a response whose head has gone out is sent to its end', async () => {
    const ready = gate()
    const { part, open } = await serving(async (_req, res) => {
      res.write('first ')
      await ready.passed
      res.end('last')
    })
    const busy = await open(request('/'))
    const idle = await open()
    await busy.has('first')
    const stopping = part.stop()
    await idle.ended()
    ready.open()
    await stopping
    await busy.ended()
    expect(busy.text())
      .to.include('last')
      .and.match(/\r\n0\r\n\r\n$/)
  })

  it('a response that was ended, but that its client reads slowly, loses no byte', async () => {
    const size = 8 * 1024 * 1024
    const { part, open } = await serving((_req, res) => void res.end('x'.repeat(size)))
    const slow = await open()
    slow.socket.pause()
    slow.send(request('/'))
    const idle = await open(request('/small'))
    await idle.has('x')
    const stopping = part.stop()
    await idle.ended()
    slow.socket.resume()
    await stopping
    await slow.ended()
    expect(slow.text().length).to.be.above(size)
  })

  it('a connection that was at rest may still send a request: it is answered, and closed', async () => {
    const { server, part, open } = await serving((req, res) => void res.end(`for ${req.url}`))
    const busy = await open(request('/first'))
    await busy.has('for /first')
    const stopping = part.stop()
    await until(() => !server.listening)
    busy.send(request('/second'))
    await stopping
    await busy.ended()
    expect(busy.text().match(/for \/(first|second)/g)).to.deep.equal(['for /first', 'for /second'])
    expect(busy.text().match(/Connection: [\w-]+/g)).to.deep.equal(['Connection: keep-alive', 'Connection: close'])
  })

  it('a request that is half there is waited for', async () => {
    const { part, open } = await serving((_req, res) => void res.end('whole'))
    const slow = await open('GET / HT')
    const other = await open(request('/'))
    await other.has('whole')
    const stopping = part.stop()
    await other.ended()
    slow.send('TP/1.1\r\nHost: a\r\n\r\n')
    await stopping
    await slow.ended()
    expect(slow.text()).to.match(/^HTTP\/1.1 200 .*whole$/s)
  })

  it('of requests that came at once each is answered, and the last response closes', async () => {
    const ready = gate()
    const { part, open } = await serving(async (req, res) => {
      await ready.passed
      res.end(`for ${req.url}`)
    })
    const busy = await open(request('/1') + request('/2'))
    const idle = await open()
    const stopping = part.stop()
    await idle.ended()
    busy.send(request('/3') + request('/4'))
    await new Promise(resolve => setTimeout(resolve, 30))
    ready.open()
    await stopping
    await busy.ended()
    expect(busy.text().match(/for \/\d/g)).to.deep.equal(['for /1', 'for /2', 'for /3', 'for /4'])
    // Two said `close` until others came behind them; now they say nothing, which keeps the connection.
    expect(busy.text().match(/Connection: [\w-]+/g)).to.deep.equal(['Connection: keep-alive', 'Connection: close'])
  })

  it('connections at rest are closed within a second or so, and no new one is accepted', async () => {
    const { part, port, open } = await serving((_req, res) => void res.end('whole'))
    const idle = [await open(), await open(request('/'))]
    await idle[1]!.has('whole')
    const startedAt = performance.now()
    await part.stop()
    expect(performance.now() - startedAt).to.be.within(900, 2500)
    for (const each of idle) await each.ended()
    const [error] = (await once(connect(port, host), 'error')) as [{ code: string }]
    expect(error.code).to.equal('ECONNREFUSED')
  })

  it('a client that never closes its side is left behind', async () => {
    const { part, port } = await serving((_req, res) => void res.end('whole'))
    const socket = connect({ port, host, allowHalfOpen: true })
    await once(socket, 'connect')
    await part.stop()
    socket.destroy()
  })

  it('what is under way when the time is over is broken off, and said', async () => {
    const { part, open } = await serving(() => {}, '60ms')
    const [one, two, idle] = [await open(request('/')), await open(request('/')), await open()]
    await new Promise(resolve => setTimeout(resolve, 30))
    const error = await rejection(part.stop() as Promise<void>)
    expect(error.code).to.equal('LARDER_DRAIN_TIMEOUT')
    expect(error.message).to.equal('requests on 2 connections were still under way after 60 ms: they were broken off')
    for (const each of [one, two, idle]) await each.ended()
  })

  it('a connection that hangs without a request is destroyed when the time is over, and nothing is said', async () => {
    const { part, open } = await serving(() => {}, '60ms')
    const half = await open('GET / HT')
    await new Promise(resolve => setTimeout(resolve, 30))
    await part.stop()
    await half.ended()
  })

  it('over TLS does the same', async () => {
    const ready = gate()
    const psk = { psk: Buffer.alloc(16, 1), identity: 'test' }
    const tls = { ciphers: 'PSK', maxVersion: 'TLSv1.2' } as const
    const server = createTlsServer({ ...tls, pskCallback: () => psk.psk }, async (_req, res) => {
      await ready.passed
      res.end('whole')
    })
    const part = httpServer(server, { port: 0, host }) as Required<Part>
    const sockets: Socket[] = []
    opened.push({ server, sockets })
    await part.start()
    const { port } = server.address() as AddressInfo
    async function open(data?: string) {
      const socket = connectTls({ port, host, ...tls, pskCallback: () => psk, checkServerIdentity: () => undefined })
      sockets.push(socket)
      await once(socket, 'secureConnect')
      const made = client(socket)
      if (data !== undefined) made.send(data)
      return made
    }
    const [busy, idle] = [await open(request('/')), await open()]
    const startedAt = performance.now()
    const stopping = part.stop()
    await idle.ended()
    ready.open()
    await stopping
    expect(performance.now() - startedAt).to.be.below(4000)
    await busy.ended()
    expect(busy.text())
      .to.include('Connection: close')
      .and.match(/whole$/)
  })

  describe('start', () => {
    it('says that a port is in use', async () => {
      const { port } = await serving(() => {})
      const part = httpServer(createServer(), { port, host }) as Required<Part>
      const error = await rejection(part.start() as Promise<void>)
      expect(error).to.include({
        code: 'EADDRINUSE',
        message: `port ${port} is in use: stop what uses it, or choose another`,
      })
    })

    it('makes the server when it is given a function', async () => {
      let server: Server | undefined
      const part = httpServer(
        async () => {
          server = createServer((_req, res) => void res.end('whole'))
          return server
        },
        { port: 0, host },
      ) as Required<Part>
      expect(server).to.equal(undefined)
      await part.start()
      expect(server?.listening).to.equal(true)
      await part.stop()
      expect(server?.listening).to.equal(false)
    })

    it('leaves a server alone that listens already', async () => {
      const server = createServer().listen(0, host)
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      const part = httpServer(server, { port: 1 }) as Required<Part>
      await part.start()
      expect((server.address() as AddressInfo).port).to.equal(port)
      await part.stop()
      expect(server.listening).to.equal(false)
    })
  })

  it('stopped twice, or never started, is no error', async () => {
    const { part } = await serving(() => {})
    await Promise.all([part.stop(), part.stop()])
    await part.stop()
    await httpServer(createServer()).stop?.()
    await httpServer(() => createServer()).stop?.()
  })

  it('what cannot be meant is an error when it is made', () => {
    const make = httpServer as (...given: unknown[]) => Part
    for (const [given, code] of [
      [[{}], 'LARDER_INVALID_OPTION'],
      [[createServer(), { port: '3000' }], 'LARDER_INVALID_OPTION'],
      [[createServer(), { port: 65_536 }], 'LARDER_INVALID_OPTION'],
      [[createServer(), { host: '' }], 'LARDER_INVALID_OPTION'],
      [[createServer(), { drainTimeout: '10' }], 'LARDER_INVALID_DURATION'],
      [[createServer(), { prot: 3000 }], 'LARDER_UNKNOWN_OPTION'],
    ] as const)
      expect(
        codeOf(() => make(...given)),
        JSON.stringify(given[1]),
      ).to.equal(code)
  })
})
