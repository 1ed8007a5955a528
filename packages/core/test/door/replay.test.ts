// A replay meets real applications of both frameworks: it must run as a client's request does, and touch no client.

import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import {
  createServer,
  get,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import express5 from 'express'
// @ts-expect-error The alias has no types of its own.
import express4 from 'express4'
import Koa3 from 'koa'
// @ts-expect-error The alias has no types of its own.
import Koa2 from 'koa2'
import { REPLAY, type ReplayRequest, replayOf, sendReplay, serverOf } from '../../src/door/replay.ts'
import type { Replay } from '../../src/exchange.ts'

const file = fileURLToPath(import.meta.url)
const large = Buffer.alloc(3_000_000, 'abcdefg')
const chunks = () => Readable.from(Array.from({ length: 100 }, (_, i) => large.subarray(i * 30_000, (i + 1) * 30_000)))

/** Gives without a pause: only back-pressure lets it come to its failure. */
function failing(): Readable {
  return new Readable({
    read() {
      this.push('some')
      setImmediate(() => this.destroy(new Error('broken')))
    },
  })
}

function expressApp(express: typeof express5): RequestListener {
  const app = express()
  app.use(express.json())
  app.use(morganLike)
  app.get('/json', (req, res) => void res.json({ host: req.get('host'), secure: req.secure, query: req.query }))
  app.get('/pipe', (_req, res) => void chunks().pipe(res))
  app.get('/pipeline', async (_req, res) => {
    await pipeline(chunks(), res)
  })
  app.get('/writes', async (_req, res) => {
    for await (const chunk of chunks()) if (!res.write(chunk)) await once(res, 'drain')
    res.end('end')
  })
  app.get('/send-file', (_req, res) => res.sendFile(file))
  app.get('/redirect', (_req, res) => res.redirect('/elsewhere'))
  app.get('/render', (_req, res) => {
    res.format({ html: () => void res.type('html').send('<p>ü</p>') })
  })
  app.get('/throws', () => {
    throw Object.assign(new Error('thrown'), { expose: true })
  })
  app.get('/rejects', async (_req, _res, next) => {
    await Promise.resolve()
    next(Object.assign(new Error('handed on'), { status: 503, expose: true }))
  })
  app.get('/breaks', (_req, res) => {
    const broken = failing()
    broken.on('error', () => res.destroy())
    broken.pipe(res)
  })
  app.get('/body', (req, res) => void req.on('data', () => {}).on('end', () => res.end('read')))
  app.use(((error, _req, res, _next) => {
    res.status(error.status ?? 500).send(error.message)
  }) as express5.ErrorRequestHandler)
  return app as unknown as RequestListener
}

function koaApp(Koa: typeof Koa3): RequestListener {
  const app = new Koa()
  app.silent = true
  app.use(async (ctx, next) => {
    morganLike(ctx.req, ctx.res, () => {})
    await next()
  })
  app.use(async ctx => {
    switch (ctx.path) {
      case '/json':
        ctx.body = { host: ctx.host, secure: ctx.secure, query: ctx.query }
        return
      case '/pipe':
        ctx.body = chunks()
        return
      case '/pipeline':
        ctx.respond = false
        ctx.res.statusCode = 200
        await pipeline(chunks(), ctx.res)
        return
      case '/writes':
        ctx.respond = false
        ctx.res.statusCode = 200
        for await (const chunk of chunks()) if (!ctx.res.write(chunk)) await once(ctx.res, 'drain')
        ctx.res.end('end')
        return
      case '/send-file':
        ctx.type = 'text'
        ctx.body = createReadStream(file)
        return
      case '/redirect':
        ctx.redirect('/elsewhere')
        return
      case '/render':
        ctx.body = '<p>ü</p>'
        return
      case '/throws':
        throw Object.assign(new Error('thrown'), { expose: true })
      case '/rejects':
        await Promise.resolve()
        ctx.throw(503, 'handed on', { expose: true })
        return
      case '/breaks':
        ctx.body = failing().on('error', () => ctx.res.destroy())
        return
      case '/body':
        for await (const _ of ctx.req) void _
        ctx.body = 'read'
    }
  })
  return app.callback() as RequestListener
}

/** Listens for the end as morgan and on-finished do. */
function morganLike(req: IncomingMessage, res: ServerResponse, next: () => void): void {
  res.on('finish', () => logged.push(`${req.method} ${req.url} ${res.statusCode} ${req.socket.remoteAddress ?? '-'}`))
  next()
}
const logged: string[] = []

const frameworks: [string, () => RequestListener][] = [
  ['Express 4', () => expressApp(express4)],
  ['Express 5', () => expressApp(express5)],
  ['Koa 2', () => koaApp(Koa2)],
  ['Koa 3', () => koaApp(Koa3)],
]

interface Answer {
  status: number
  type: string | undefined
  location: string | undefined
  body: string
}

describe('replay', () => {
  for (const [name, makeApp] of frameworks) {
    describe(name, () => {
      let server: Server
      before(async () => {
        server = await listening(createServer(makeApp()))
      })
      after(() => void server.close())
      beforeEach(() => logged.splice(0))

      const paths =
        '/json?a=1 /pipe /pipeline /writes /send-file /redirect /render /throws /rejects /body /missing'.split(' ')
      for (const path of paths) {
        it(`${path} answers a replay as it answers a client`, async () => {
          const expected = await clientAnswer(server, path)
          const replay = run(server, path)
          expect(await replay.answer).to.deep.equal(expected)
          expect(replay.lost).to.equal(1)
        })
      }

      it('a response that breaks off ends the replay', async () => {
        const replay = run(server, '/breaks')
        await replay.closed
        expect(replay.lost).to.equal(1)
        expect(replay.res?.writableFinished).to.equal(false)
      })

      it('tells those who listen for the end, and has no address', async () => {
        const replay = run(server, '/json')
        await replay.closed
        expect(logged).to.deep.equal(['GET /json 200 -'])
      })

      it('is secure when the original was', async () => {
        const { body } = await run(server, '/json', { secure: true }).answer
        expect(JSON.parse(body).secure).to.equal(true)
      })

      it('leaves no open socket and no connection on the server', async () => {
        const replay = run(server, '/pipe')
        await replay.closed
        const connections = await new Promise(resolve => server.getConnections((_error, count) => resolve(count)))
        expect(connections).to.equal(0)
        expect(replay.req!.socket.destroyed).to.equal(true)
      })
    })
  }

  it('looks like a request of a client', async () => {
    let req!: IncomingMessage
    const server = await listening(
      createServer((request, res) => {
        req = request
        res.end()
      }),
    )
    const headers = [
      'Host',
      'h.example',
      'Accept',
      'a',
      'accept',
      'b',
      'Cookie',
      'x=1',
      'Cookie',
      'y=2',
      'User-Agent',
      'u',
    ]
    await run(server, '/x?y', { headers }).closed
    server.close()
    expect(req).to.include({ method: 'GET', url: '/x?y', httpVersion: '1.1', complete: true })
    expect(req.headers).to.deep.equal({ host: 'h.example', accept: 'a, b', cookie: 'x=1; y=2', 'user-agent': 'u' })
    expect(req.headersDistinct['accept']).to.deep.equal(['a', 'b'])
    expect(req.rawHeaders).to.deep.equal(headers)
    expect(req.setTimeout(10)).to.equal(req)
  })

  it('touches no client: one who waits on the same server gets his own answer alone', async () => {
    const held: ServerResponse[] = []
    const server = await listening(
      createServer((req, res) => {
        if (replayOf(req) === undefined) held.push(res)
        else res.end('for nobody')
      }),
    )
    const answer = clientAnswer(server, '/')
    while (held.length === 0) await tick()
    let received = 0
    const { socket } = held[0]!
    const { write } = socket!
    socket!.write = function (this: Socket, ...given: Parameters<typeof write>) {
      received++
      return write.apply(this, given)
    } as typeof write
    await Promise.all(Array.from({ length: 5 }, () => run(server, '/').closed))
    expect(received).to.equal(0)
    held[0]!.end('for him')
    expect((await answer).body).to.equal('for him')
    server.close()
  })

  it('is aborted only when its response breaks off', async () => {
    const events: string[] = []
    const server = await listening(
      createServer((req, res) => {
        for (const event of ['aborted', 'end', 'close']) req.on(event, () => events.push(event))
        res.on('finish', () => events.push('finish')).on('close', () => events.push('closed'))
        if (req.url === '/breaks') res.destroy()
        else res.end('x')
      }),
    )
    await run(server, '/').closed
    await tick()
    expect(events).to.have.members(['finish', 'end', 'close', 'closed'])
    events.splice(0)
    await run(server, '/breaks').closed
    await tick()
    expect(events).to.have.members(['aborted', 'close', 'closed'])
    server.close()
  })

  describe('its way', () => {
    it('reaches its owner: arrives once, is not lost, and passes by the owner from then on', async () => {
      const owner = {}
      const owners: unknown[] = []
      let arrivals = 0
      const server = await listening(
        createServer((req, res) => {
          owners.push(replayOf(req)?.owner)
          replayOf(req)?.arrive(undefined as never)
          owners.push(replayOf(req)?.owner)
          res.end()
        }),
      )
      const replay = run(server, '/', { replay: { owner, arrive: () => arrivals++, lost: () => {} } })
      await replay.closed
      await tick()
      expect(arrivals).to.equal(1)
      expect(replay.lost).to.equal(0)
      expect(owners[0]).to.equal(owner)
      expect(owners[1]).to.be.an('object').and.not.equal(owner)
      server.close()
    })

    it('is lost once when the socket is destroyed, when nobody listens, and when the listener throws', async () => {
      const listeners: RequestListener[][] = [
        [(_req, res) => void res.destroy(new Error('x'))],
        [req => void req.socket.destroy()],
        [req => void req.destroy()],
        [
          () => {
            throw new Error('no framework caught me')
          },
        ],
        [],
      ]
      for (const given of listeners) {
        const server = createServer()
        for (const listener of given) server.on('request', listener)
        await listening(server)
        const replay = run(server, '/')
        while (replay.lost === 0) await tick()
        await tick()
        expect(replay.lost).to.equal(1)
        server.close()
      }
    })

    it('leaves after what goes out now, outside of the AsyncLocalStorage of who sends it, whoever enters one there', async () => {
      const storage = new AsyncLocalStorage<string>()
      const seen: (string | undefined)[] = []
      const server = await listening(
        createServer((_req, res) => {
          seen.push(storage.getStore())
          storage.enterWith('entered by a replay')
          res.end()
        }),
      )
      await storage.run('a user', async () => {
        const first = run(server, '/')
        expect(seen).to.deep.equal([])
        await first.closed
        await run(server, '/').closed
      })
      expect(seen).to.deep.equal([undefined, undefined])
      server.close()
    })

    it('is unknown for a request whose socket knows no server', () => {
      expect(serverOf({ socket: {} })).to.equal(undefined)
      expect(serverOf({ socket: null })).to.equal(undefined)
    })

    it('is marked by a symbol that all copies of the module share', () => {
      expect(REPLAY).to.equal(Symbol.for('larder.replay'))
    })
  })

  it('can be collected once it has ended', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const server = await listening(createServer(koaApp(Koa3)))
    const refs = await (async () => {
      const made: WeakRef<object>[] = []
      for (let i = 0; i < 20; i++) {
        const replay = run(server, '/pipe')
        await replay.closed
        made.push(new WeakRef(replay.req!), new WeakRef(replay.res!), new WeakRef(replay.req!.socket))
      }
      return made
    })()
    for (let i = 0; i < 20 && refs.some(ref => ref.deref() !== undefined); i++) {
      await tick()
      collect()
    }
    const left = refs.filter(ref => ref.deref() !== undefined).length
    // The last one may still be on somebody's stack.
    expect(left).to.be.at.most(3)
    server.close()
  })
})

const tick = () => new Promise(resolve => setImmediate(resolve))

async function listening(server: Server): Promise<Server> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

function clientAnswer(server: Server, path: string): Promise<Answer> {
  const { port } = server.address() as AddressInfo
  return new Promise((resolve, reject) => {
    const sent = get({ port, path, headers: { host: 'h.example' }, agent: false }, async res => {
      const parts: Buffer[] = []
      for await (const part of res) parts.push(part)
      const { statusCode, headers } = res
      const body = Buffer.concat(parts).toString('latin1')
      resolve({ status: statusCode!, type: headers['content-type'], location: headers.location, body })
    })
    sent.on('error', reject)
  })
}

/** Send a replay by the way of a client, and look over the shoulder of its response. */
function run(server: Server, target: string, { replay, ...given }: Partial<ReplayRequest> & { replay?: Replay } = {}) {
  const mark = replay ?? { owner: {}, arrive: () => {}, lost: () => {} }
  const parts: Buffer[] = []
  let settle!: (answer: Answer) => void
  let close!: () => void
  const state = {
    lost: 0,
    req: undefined as IncomingMessage | undefined,
    res: undefined as ServerResponse | undefined,
    answer: new Promise<Answer>(resolve => (settle = resolve)),
    closed: new Promise<void>(resolve => (close = resolve)),
  }
  sendReplay({
    method: 'GET',
    target,
    headers: ['Host', 'h.example'],
    secure: false,
    mark: req => Object.assign(req, { [REPLAY]: mark }),
    lost: () => state.lost++,
    dispatch(req, res) {
      Object.assign(state, { req, res })
      const { write, end } = res
      const note = (chunk: unknown, encoding: unknown) => {
        if (typeof chunk === 'string') parts.push(Buffer.from(chunk, encoding as BufferEncoding))
        else if (chunk instanceof Uint8Array) parts.push(Buffer.from(chunk))
      }
      let ending = false
      res.write = function (this: ServerResponse, ...args: unknown[]) {
        if (!ending) note(args[0], args[1])
        return write.apply(this, args as never)
      } as typeof write
      res.end = function (this: ServerResponse, ...args: unknown[]) {
        if (!ending && typeof args[0] !== 'function') note(args[0], args[1])
        ending = true
        return end.apply(this, args as never)
      } as typeof end
      res.once('close', () => {
        const type = res.getHeader('content-type') as string | undefined
        const location = res.getHeader('location') as string | undefined
        settle({ status: res.statusCode, type, location, body: Buffer.concat(parts).toString('latin1') })
        setImmediate(close)
      })
      serverOf({ socket: { server } })!(req, res)
    },
    ...given,
  })
  return state
}
