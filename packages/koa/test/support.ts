// Real apps of Koa 2 and Koa 3, asked over real sockets; and an engine that keeps everything, for what a door alone has to do.

import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { Exchange, Forward, HeaderList, HeadVerdict, Outgoing, Recorder } from '@larder/core/door'
import type { Context, Middleware } from 'koa'
import Koa3 from 'koa'
// @ts-expect-error The alias has no types of its own.
import Koa2 from 'koa2'
import { koaExchange } from '../src/exchange.ts'

export const versions: readonly [name: string, Koa: typeof Koa3][] = [
  ['Koa 2', Koa2],
  ['Koa 3', Koa3],
]

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Names and values as they came, without `Date`. */
  readonly lines: readonly string[]
  readonly body: Buffer
  /** The client saw the end that the framing announced. */
  readonly complete: boolean
}

/** A client of our own: what it shows is what was on the wire. */
export class Client {
  readonly socket: Socket
  readonly #received: Buffer[] = []

  constructor(server: Server) {
    this.socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    this.socket.on('data', chunk => this.#received.push(chunk))
    this.socket.on('error', () => {})
  }

  get received(): string {
    return Buffer.concat(this.#received).toString('latin1')
  }

  send(path: string, { method = 'GET', headers = {} }: Ask = {}): void {
    const fields = Object.entries({ host: 'h.example', connection: 'close', ...headers })
    this.socket.write(`${method} ${path} HTTP/1.1\r\n${fields.map(field => `${field.join(': ')}\r\n`).join('')}\r\n`)
  }

  async reply(method = 'GET'): Promise<Reply> {
    if (!this.socket.closed) await once(this.socket, 'close')
    return parse(this.received, method)
  }

  leave(): void {
    this.socket.destroy()
  }
}

export interface Ask {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
}

export async function ask(server: Server, path: string, given: Ask = {}): Promise<Reply> {
  const client = new Client(server)
  client.send(path, given)
  return client.reply(given.method)
}

function parse(text: string, method: string): Reply {
  const end = text.indexOf('\r\n\r\n')
  const [first = '', ...fields] = text.slice(0, Math.max(end, 0)).split('\r\n')
  const lines = fields.filter(line => !/^date:/i.test(line))
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const at = line.indexOf(':')
    const name = line.slice(0, at).toLowerCase()
    const value = line.slice(at + 1).trim()
    headers[name] = name in headers ? `${headers[name]}, ${value}` : value
  }
  let body = text.slice(end + 4)
  let complete = end >= 0
  if (headers['transfer-encoding'] === 'chunked' && method !== 'HEAD') {
    const chunks: string[] = []
    complete = false
    for (let at = 0; at < body.length; ) {
      const start = body.indexOf('\r\n', at) + 2
      const length = Number.parseInt(body.slice(at, start), 16)
      chunks.push(body.slice(start, start + length))
      if (length === 0) complete = true
      at = start + length + 2
    }
    body = chunks.join('')
  } else if (headers['content-length'] !== undefined && method !== 'HEAD') {
    complete = body.length === Number(headers['content-length'])
  }
  return { status: Number(first.split(' ')[1]), headers, lines, body: Buffer.from(body, 'latin1'), complete }
}

/** Serves an app, and closes it after the test. */
export async function serve(app: Koa3): Promise<Server> {
  app.silent = true
  const server = createServer(app.callback())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  open.push(server)
  return server
}
const open: Server[] = []

export function closeServers(): void {
  for (const server of open.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
}

export async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 3000
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('It did not come to pass.')
    await new Promise(resolve => setTimeout(resolve, 2))
  }
}

/** What a recorder was told. */
export interface Kept {
  status: number
  headers: HeaderList
  removed: readonly string[]
  body: Buffer
  ended: boolean
  failed: string[]
}

export interface FakeEngine {
  readonly middleware: Middleware
  /** By target. */
  readonly stored: Map<string, Kept>
  readonly records: Kept[]
}

export interface FakeOptions {
  readonly conditional?: Forward['conditional']
  /** What is answered to a head. */
  verdict?(record: Kept, exchange: Exchange<Context>): HeadVerdict
  /** What is answered to a failure. */
  failed?(reason: string, exchange: Exchange<Context>): 'answered' | 'unanswered'
  /** Runs in place of look-up and forward. */
  handle?(exchange: Exchange<Context>, forward: () => void): void
  /** Most bytes to keep; more ends the recording. */
  readonly most?: number
}

/** Keeps every response that comes to its end, and answers with it ever after. It knows no rule. */
export function fakeEngine(options: FakeOptions = {}): FakeEngine {
  const stored = new Map<string, Kept>()
  const records: Kept[] = []
  const middleware: Middleware = (ctx, next) => {
    const exchange = koaExchange(ctx, next, false)
    const forward = () => exchange.forward({ recorder: recorderFor(exchange), conditional: options.conditional ?? {} })
    const found = stored.get(exchange.request.target)
    if (options.handle !== undefined) options.handle(exchange, forward)
    else if (found === undefined) forward()
    else exchange.send(outgoing(found, exchange.request.method))
    return exchange.settled()
  }
  return { middleware, stored, records }

  function recorderFor(exchange: Exchange<Context>): Recorder {
    const record: Kept = { status: 0, headers: [], removed: [], body: Buffer.alloc(0), ended: false, failed: [] }
    const chunks: Buffer[] = []
    let bytes = 0
    let recording = true
    records.push(record)
    return {
      get recording() {
        return recording
      },
      head(status, headers, removed) {
        Object.assign(record, { status, headers, removed })
        const verdict = options.verdict?.(record, exchange) ?? { action: 'pass', set: ['X-Fake', 'miss'] }
        if (verdict.action === 'hold') recording = false
        return verdict
      },
      write(chunk) {
        chunks.push(chunk)
        bytes += chunk.length
        if (bytes > (options.most ?? Number.POSITIVE_INFINITY)) recording = false
      },
      end() {
        record.ended = true
        record.body = Buffer.concat(chunks)
        if (recording && exchange.request.method === 'GET') stored.set(exchange.request.target, record)
        recording = false
      },
      fail(reason) {
        record.failed.push(reason)
        recording = false
        return options.failed?.(reason, exchange) ?? 'unanswered'
      },
    }
  }
}

export function outgoing({ status, headers, removed, body }: Kept, method = 'GET'): Outgoing {
  const framed = headers.some(name => /^content-length$/i.test(name)) || status === 204 || status === 304
  const length = framed ? [] : ['Content-Length', String(body.length)]
  const isBare = method === 'HEAD' || status === 204 || status === 304
  return { status, removed, headers: [...headers, ...length, 'X-Fake', 'hit'], body: isBare ? undefined : body }
}
