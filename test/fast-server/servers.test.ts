// The fast server as a server: Node's options, what never comes to Express, what fails, and what it cannot be made of.

import { once } from 'node:events'
import * as http from 'node:http'
import { get as getSecurely, type Server as SecureServer } from 'node:https'
import { syncBuiltinESMExports } from 'node:module'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { createSecureServer, createServer } from '@larder/express'
import { expect } from 'chai'
import { ask, open } from '../support/http.ts'
import { type Application, onBoth, portOf, versions, wireOf } from './both.ts'

const { IncomingMessage, ServerResponse } = http

for (const { name, express } of versions) {
  describe(`${name} on the fast server: the server`, () => {
    const start = onBoth()
    const hello = () => {
      const app = express()
      app.set('env', 'test')
      return app.use((req, res) => void res.send(`hello ${req.headers['x-a'] ?? ''}`))
    }

    it('has every option that it was given', async () => {
      const { node, fast } = await start(hello, {
        connectionsCheckingInterval: 1234,
        headersTimeout: 1100,
        highWaterMark: 777,
        insecureHTTPParser: true,
        joinDuplicateHeaders: true,
        keepAlive: true,
        keepAliveTimeout: 4321,
        keepAliveInitialDelay: 5,
        maxHeaderSize: 2000,
        noDelay: false,
        requestTimeout: 2200,
        requireHostHeader: false,
        uniqueHeaders: ['x-once'],
      })
      expect(optionsOf(fast)).to.deep.equal(optionsOf(node))
      expect(optionsOf(fast)).to.include({ keepAliveTimeout: 4321, requestTimeout: 2200, headersTimeout: 1100 })
    })

    it('is as its options say', async () => {
      const { node, fast } = await start(
        () => {
          const app = express()
          return app.use((req, res) => {
            res.send(`${req.headers['x-a']} ${req.readableHighWaterMark} ${res.writableHighWaterMark}`)
          })
        },
        { keepAliveTimeout: 9000, maxHeaderSize: 1000, highWaterMark: 555, joinDuplicateHeaders: true },
      )
      for (const headers of [{ 'X-A': ['1', '2'] }, { 'X-A': 'x'.repeat(2000) }]) {
        const [onNode, onFast] = [await ask(portOf(node), '/', { headers }), await ask(portOf(fast), '/', { headers })]
        expect(wireOf(onFast)).to.equal(wireOf(onNode))
      }
      const { text, header } = await ask(portOf(fast), '/', { headers: { 'X-A': ['1', '2'] } })
      expect(text).to.equal('1, 2 555 555')
      expect(header('keep-alive')).to.equal('timeout=9')
    })

    it('has the timeouts that are set on it later', async () => {
      const { node, fast } = await start(hello, { connectionsCheckingInterval: 10 })
      for (const server of [node, fast]) {
        server.requestTimeout = server.headersTimeout = 20
        const socket = connect(portOf(server), '127.0.0.1')
        socket.write('GET / HTTP/1.1\r\nHost: a')
        const [bytes] = (await once(socket, 'data')) as [Buffer]
        expect(bytes.toString()).to.match(/^HTTP\/1\.1 408 /)
      }
    })

    it('drops what is too much for a connection as Node does', async () => {
      const sides = await start(hello)
      for (const server of Object.values(sides) as http.Server[]) {
        server.maxRequestsPerSocket = 1
        const dropped = once(server, 'dropRequest')
        const socket = connect(portOf(server), '127.0.0.1')
        socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n')
        let text = ''
        for await (const bytes of socket) {
          text += bytes
          if (/HTTP\/1\.1 200 [\s\S]*HTTP\/1\.1 503 /.test(text)) break
        }
        expect(isPlain((await dropped)[0])).to.equal(true)
      }
    })

    for (const [event, line] of [
      ['upgrade', 'GET /chat?room=1 HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: chat'],
      ['connect', 'CONNECT a.example:80 HTTP/1.1'],
    ] as const) {
      it(`gives those who listen to '${event}' a request of Node's, that they may write upon`, async () => {
        for (const server of Object.values(await start(hello)) as http.Server[]) {
          server.on(event, (req: http.IncomingMessage, socket) => {
            const { url } = req
            // Express 5 has getters for these.
            Object.assign(req, { query: 'own', path: 'own', ip: 'own' })
            const { query, path, ip } = req as unknown as Record<string, string>
            socket.end(`HTTP/1.1 101 ${[query, path, ip, url, isPlain(req), 'app' in req].join(' ')}\r\n\r\n`)
          })
          const socket = connect(portOf(server), '127.0.0.1')
          socket.write(`${line}\r\nHost: a\r\n\r\n`)
          const [bytes] = (await once(socket, 'data')) as [Buffer]
          const target = event === 'upgrade' ? '/chat?room=1' : 'a.example:80'
          expect(bytes.toString()).to.equal(`HTTP/1.1 101 own own own ${target} true false\r\n\r\n`)
          socket.destroy()
        }
      })
    }

    for (const [event, expectation] of [
      ['checkContinue', '100-continue'],
      ['checkExpectation', 'miracles'],
    ] as const) {
      it(`lets those who listen to '${event}' send the request on to Express`, async () => {
        const { node, fast } = await start(hello)
        const answers: string[] = []
        for (const server of [node, fast]) {
          server.on(event, (req: http.IncomingMessage, res: http.ServerResponse) => {
            Object.assign(req, { ip: 'own' })
            req.headers['x-a'] = `${isPlain(req)} ${Object.getPrototypeOf(res) === ServerResponse.prototype}`
            if (event === 'checkContinue') res.writeContinue()
            server.emit('request', req, res)
          })
          answers.push(wireOf(await ask(portOf(server), '/', { headers: { Expect: expectation } })))
        }
        expect(answers[1]).to.equal(answers[0])
        expect(answers[1]).to.match(/hello true true$/)
      })
    }

    it('tells of a client that sends nonsense, and of one that leaves', async () => {
      const told: string[][] = []
      const { node, fast } = await start(() => {
        const events: string[] = []
        told.push(events)
        const app = express()
        return app.use((req, res) => {
          for (const event of ['aborted', 'error', 'close', 'end']) req.on(event, () => events.push(`request ${event}`))
          for (const event of ['finish', 'error', 'close']) res.on(event, () => events.push(`response ${event}`))
          res.write('half')
        })
      })
      const answers: string[] = []
      for (const server of [node, fast]) {
        const call = open(portOf(server), '/')
        await call.has('half')
        const closed = once(server, 'left')
        server.once('request', () => {})
        server.getConnections((_error, count) => expect(count).to.equal(1))
        call.leave()
        setImmediate(function look() {
          server.getConnections((_error, count) => (count === 0 ? server.emit('left') : setImmediate(look)))
        })
        await closed
        const socket = connect(portOf(server), '127.0.0.1')
        const failed = once(server, 'clientError')
        server.once('clientError', (_error, socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
        socket.write('nonsense\r\n\r\n')
        const [bytes] = (await once(socket, 'data')) as [Buffer]
        const [error] = (await failed) as [NodeJS.ErrnoException]
        answers.push(`${error.code} ${bytes.toString()}`)
      }
      expect(answers[1]).to.equal(answers[0])
      expect(told[1]).to.deep.equal(told[0])
      expect(told[1]).to.include.members(['request close', 'response close'])
    })

    it('answers several requests that come at once in their order', async () => {
      const { node, fast } = await start(hello)
      const texts: string[] = []
      for (const server of [node, fast]) {
        const socket = connect(portOf(server), '127.0.0.1')
        const ask = (n: number, last = '') => `GET / HTTP/1.1\r\nHost: a\r\nX-A: ${n}\r\n${last}\r\n`
        socket.write(ask(1) + ask(2) + ask(3, 'Connection: close\r\n'))
        let text = ''
        for await (const bytes of socket) text += bytes
        texts.push(wireOf({ wire: text }))
      }
      expect(texts[1]).to.equal(texts[0])
      expect(texts[1]).to.match(/hello 1[\s\S]*hello 2[\s\S]*hello 3$/)
    })

    it('is as fast over TLS, where requests are secure', async () => {
      const key = Buffer.alloc(32, 1)
      const app = express()
      app.get('/', (req, res) => void res.json([req.secure, req.protocol, isBornFor(app, req, res)]))
      // A key that both know takes no certificate.
      const server = createSecureServer(app, { pskCallback: () => key, ciphers: 'PSK', keepAliveTimeout: 4321 })
      const born: boolean[] = []
      server.prependListener('request', (req, res) => born.push(isBornFor(app, req, res)))
      try {
        await once(server.listen(0, '127.0.0.1'), 'listening')
        expect(await getWithKey(server, key)).to.equal('[true,"https",true]')
        expect(born).to.deep.equal([true])
        expect(server.keepAliveTimeout).to.equal(4321)
      } finally {
        server.close()
        server.closeAllConnections()
      }
    })

    it('is made of an Express app, and of nothing else', () => {
      const wrongs = [express, express.Router(), () => {}, {}, undefined, null, 'app', express.request]
      for (const wrong of wrongs) {
        for (const make of [createServer, createSecureServer] as ((app: never, options: object) => unknown)[]) {
          expect(() => make(wrong as never, {}), String(wrong))
            .to.throw()
            .with.property('code', 'LARDER_INVALID_OPTION')
        }
      }
    })

    it("goes Express's slow way where Node's constructors can only be extended", async () => {
      const { IncomingMessage: original } = http
      const classes = class extends original {}
      const mutable = http as { IncomingMessage: unknown }
      const builtin = process.getBuiltinModule('node:http') as unknown as typeof mutable
      builtin.IncomingMessage = classes
      syncBuiltinESMExports()
      try {
        const { fast } = await start(hello)
        fast.prependListener('request', req => expect('app' in req).to.equal(false))
        expect((await ask(portOf(fast), '/', { headers: { 'X-A': '1' } })).text).to.equal('hello 1')
      } finally {
        builtin.IncomingMessage = original
        syncBuiltinESMExports()
      }
    })
  })
}

const isBornFor = (app: Application, req: object, res: object) =>
  Object.getPrototypeOf(req) === app.request && Object.getPrototypeOf(res) === app.response

function isPlain(req: object): boolean {
  return Object.getPrototypeOf(req) === IncomingMessage.prototype
}

/** All that is set on a server, but for what makes its messages. */
function optionsOf(server: http.Server): Record<string, unknown> {
  const said: Record<string, unknown> = {}
  for (const key of Reflect.ownKeys(server)) {
    if (/async_id|larder/.test(String(key))) continue
    const value = Reflect.get(server, key)
    if (typeof value !== 'object' && typeof value !== 'function') said[String(key)] = value
    else if (value instanceof Set) said[String(key)] = [...value]
  }
  const { port } = server.address() as AddressInfo
  return JSON.parse(JSON.stringify(said).replaceAll(String(port), 'port'))
}

function getWithKey(server: SecureServer, psk: Buffer): Promise<string> {
  const { port } = server.address() as AddressInfo
  const options = {
    port,
    host: '127.0.0.1',
    ciphers: 'PSK',
    pskCallback: () => ({ psk, identity: 'client' }),
    checkServerIdentity: () => undefined,
    agent: false,
  }
  return new Promise((resolve, reject) => {
    const call = getSecurely(options, async response => {
      let text = ''
      for await (const bytes of response) text += bytes
      resolve(text)
    })
    call.once('error', reject)
  })
}
