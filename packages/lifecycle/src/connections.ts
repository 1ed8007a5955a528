// The connections of an HTTP server, and how each is brought to its end without losing a response.

import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { Server as TlsServer } from 'node:tls'

interface Connection {
  /** The response that the latest request gets; an earlier one on the same connection goes out before it. */
  newest: ServerResponse | undefined
  /** What had been read when nothing was under way last: more means that a request is arriving. */
  readAtRest: number
  /** Since when nothing is under way, an instant of `performance.now()`. */
  restedAt: number
  /** When our side was closed. */
  endedAt: number | undefined
}

export interface Connections {
  /** From now on responses say `Connection: close`, and a connection at rest is closed. */
  drain(): void
  /** Destroy what is left. Returns on how many connections that broke a request off. */
  destroy(): number
}

const tickMs = 50
// Node's own closeIdleConnections() closes at once: a request that is on its way is then lost, and so is the rest of a response that was
// ended but not sent yet. A client that is busy sends its next request within a second, even one that gets little of its processor, and
// hears `Connection: close` in the answer.
const restMs = 1000
/** One that has been at rest for long gets this, so that a request which is on its way arrives. */
const leastMs = 200
/** Who has not closed its own side by then has gone. */
const lingerMs = 500

/** Follows the connections of `server` from now on. */
export function followConnections(server: Server): Connections {
  const connections = new Map<Socket, Connection>()
  // A TLS server has two sockets a connection: the raw one ends both.
  const sockets = new Set<Socket>()
  let isDraining = false
  let drainingSince = 0
  let ticking: NodeJS.Timeout | undefined

  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', (socket: Socket) => {
    connections.set(socket, {
      newest: undefined,
      readAtRest: socket.bytesRead,
      restedAt: performance.now(),
      endedAt: undefined,
    })
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
    connection.restedAt = performance.now()
  }

  function tick(): void {
    const now = performance.now()
    for (const [socket, connection] of connections) {
      const { newest, readAtRest, restedAt, endedAt } = connection
      if (endedAt !== undefined) {
        if (now - endedAt >= lingerMs) socket.destroy()
      } else if (newest === undefined && socket.bytesRead === readAtRest) {
        if (now - restedAt < restMs || now - drainingSince < leastMs) continue
        connection.endedAt = now
        socket.end()
      }
    }
  }

  return {
    drain() {
      isDraining = true
      drainingSince = performance.now()
      for (const { newest } of connections.values()) {
        if (newest !== undefined && !newest.headersSent) newest.setHeader('Connection', 'close')
      }
      // Timers come first in a turn of the loop: what has arrived is read before the tick's own callback.
      ticking ??= setInterval(() => setImmediate(tick), tickMs)
    },
    destroy() {
      clearInterval(ticking)
      const brokenOff = [...connections.values()].filter(({ newest }) => newest !== undefined).length
      for (const socket of sockets) socket.destroy()
      return brokenOff
    },
  }
}
