// LaunchDarkly's streaming endpoint on this machine, in the parts that its server SDK asks for: a stream of events, which can go away and come back.

import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

export interface LaunchDarklyStream {
  /** Options for the SDK's `init()`: everything goes to this endpoint, and it logs nothing. */
  readonly options: object
  /** How many requests it did not answer. */
  readonly unanswered: number
  /** Let a flag have this value for all; `undefined` deletes it. Who is connected hears of it, others when they connect. */
  set(flag: string, value: unknown): void
  /** Let a flag be off, without a variation for that. */
  setOff(flag: string): void
  /** Send a flag as it stands here, right or wrong. */
  setRaw(flag: string, data: object): void
  /** End every connection, and from now on: `'refused'`, new ones end at once; `'silent'`, they get no answer; `'open'`, all is well. */
  turn(state: 'open' | 'refused' | 'silent'): void
  end(): Promise<void>
}

export async function startLaunchDarklyStream(): Promise<LaunchDarklyStream> {
  const flags = new Map<string, object>()
  const streams = new Set<ServerResponse>()
  const sockets = new Set<Socket>()
  let state: 'open' | 'refused' | 'silent' = 'open'
  let version = 0
  let unanswered = 0

  const server = createServer((request, response) => {
    if (state !== 'open') {
      unanswered++
      if (state === 'refused') request.socket.destroy()
      return
    }
    // Whatever the SDK reports of itself.
    if (request.url !== '/all') return void response.writeHead(202).end()
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    send(response, 'put', { path: '/', data: { flags: Object.fromEntries(flags), segments: {} } })
    streams.add(response)
    response.on('close', () => streams.delete(response))
  })
  server.on('connection', socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  function put(key: string, data: object): void {
    const flag = { key, version: ++version, ...data }
    flags.set(key, flag)
    for (const stream of streams) send(stream, 'patch', { path: `/flags/${key}`, data: flag })
  }

  return {
    options: {
      streamUri: url,
      baseUri: url,
      eventsUri: url,
      streamInitialReconnectDelay: 0.05,
      logger: { error() {}, warn() {}, info() {}, debug() {} },
    },
    get unanswered() {
      return unanswered
    },
    set(key, value) {
      if (value !== undefined) return put(key, { on: true, variations: [value], fallthrough: { variation: 0 } })
      flags.delete(key)
      for (const stream of streams) send(stream, 'delete', { path: `/flags/${key}`, version: ++version })
    },
    setOff: key => put(key, { on: false, variations: [true], fallthrough: { variation: 0 } }),
    setRaw: put,
    turn(next) {
      state = next
      for (const socket of sockets) socket.destroy()
    },
    async end() {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

function send(stream: ServerResponse, event: string, data: object): void {
  stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
}
