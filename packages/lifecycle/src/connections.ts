// The connections of an HTTP server, and how each is brought to its end without losing a response.

import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Server as TlsServer } from 'node:tls'

interface Connection {
  /** The response that the latest request gets; an earlier one on the same connection goes out before it. */
  newest: ServerResponse | undefined
  /** What had been read when nothing was under way last: more means that a request is arriving. */
  readAtRest: number
  /** How many ticks in a row it has been at rest. */
  quiet: number
}

export interface Connections {
  /** From now on responses say `Connection: close`, and a connection at rest is closed. */
  drain(): void
  /** Destroy what is left. Returns on how many connections that broke a request off. */
  destroy(): number
}

const tickMs = 50
// Node's own closeIdleConnections() closes at once: a request that is on its way is then lost, and so is the rest of a response that was
// ended but not sent yet. A client that is busy sends its next request within this time, and hears `Connection: close` in the answer.
const ticksAtRest = 4
/** Who has not closed its own side by then has gone. */
const ticksToLinger = 10

/** Follows the connections of `server` from now on. */
export function followConnections(server: Server): Connections {
  const connections = new Map<Socket, Connection>()
  // A TLS server has two sockets a connection: the raw one ends both.
  const sockets = new Set<Socket>()
  let isDraining = false
  let ticking: NodeJS.Timeout | undefined

  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', (socket: Socket) => {
    connections.set(socket, { newest: undefined, readAtRest: socket.bytesRead, quiet: 0 })
    socket.once('close', () => connections.delete(socket))
  })
  // Before the application, which may answer at once.
  server.prependListener('request', (req, res) => {
    const connection = connections.get(req.socket)
    if (connection === undefined) return
    if (isDraining) {
      // Of several requests that came at once, the last one's response closes.
      if (connection.newest?.headersSent === false) connection.newest.removeHeader('Connection')
      res.setHeader('Connection', 'close')
    }
    connection.newest = res
    res.on('close', rest)
  })

  function rest(this: ServerResponse): void {
    const { socket } = this.req
    const connection = connections.get(socket)
    if (connection?.newest !== this) return
    connection.newest = undefined
    connection.readAtRest = socket.bytesRead
  }

  function tick(): void {
    for (const [socket, connection] of connections) {
      const isAtRest = connection.newest === undefined && socket.bytesRead === connection.readAtRest
      connection.quiet = isAtRest ? connection.quiet + 1 : 0
      if (connection.quiet === ticksAtRest) socket.end()
      else if (connection.quiet === ticksAtRest + ticksToLinger) socket.destroy()
    }
  }

  return {
    drain() {
      isDraining = true
      for (const { newest } of connections.values()) {
        if (newest !== undefined && !newest.headersSent) newest.setHeader('Connection', 'close')
      }
      ticking ??= setInterval(tick, tickMs)
    },
    destroy() {
      clearInterval(ticking)
      const brokenOff = [...connections.values()].filter(({ newest }) => newest !== undefined).length
      for (const socket of sockets) socket.destroy()
      return brokenOff
    },
  }
}
