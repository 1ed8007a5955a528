// An HTTP server as a part: it listens last, and ends without losing a response.

import { once } from 'node:events'
import type { Server } from 'node:http'
import { Server as NetServer } from 'node:net'
import { setImmediate as endOfTurn } from 'node:timers/promises'
import { type Connections, followConnections } from './connections.ts'
import { type Duration, timerMs } from './duration.ts'
import { LifecycleError } from './errors.ts'
import { checkOptions, isAnything, isName, wrong } from './options.ts'
import type { Part } from './part.ts'

export interface HttpServerOptions {
  /** @default 'server' */
  readonly name?: string
  /** 0 is any free port. @default 3000 */
  readonly port?: number
  /** The address that it listens on. @default all */
  readonly host?: string
  /** How long requests that are under way may take to end, before their connections are destroyed. @default '10s' */
  readonly drainTimeout?: Duration
}

const shape = {
  name: isName,
  port: (value: unknown) =>
    Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535 ? undefined : 'a whole number to 65535',
  host: (value: unknown) => (typeof value === 'string' && value !== '' ? undefined : 'a string'),
  drainTimeout: isAnything,
}

/**
 * A server of `node:http` or `node:https` as a part of a lifecycle; one that listens already is only stopped.
 *
 * Stopping accepts no connection any more, ends each connection with the response that is under way on it (`Connection: close`), and closes
 * those at rest. The part fails with LARDER_DRAIN_TIMEOUT when requests had to be broken off.
 *
 * @param server the server, or a function that makes it when all parts before it have started.
 * @throws LARDER_UNKNOWN_OPTION, LARDER_INVALID_OPTION, LARDER_INVALID_DURATION
 */
export function httpServer(server: Server | (() => Server | Promise<Server>), options: HttpServerOptions = {}): Part {
  checkOptions('httpServer()', options, shape)
  if (typeof server !== 'function' && !(server instanceof NetServer))
    throw wrong('httpServer(): server', 'a server of node:http, or a function that makes one')
  const { name = 'server', port = 3000, host } = options
  const drainTimeoutMs = timerMs(options.drainTimeout ?? '10s', 'httpServer(): drainTimeout')
  let followed = typeof server === 'function' ? undefined : follow(server)

  return {
    name,
    async start() {
      followed ??= follow(await (server as () => Server | Promise<Server>)())
      if (followed.server.listening) return
      followed.server.listen({ port, ...(host !== undefined && { host }) })
      try {
        await once(followed.server, 'listening')
      } catch (error) {
        throw clearer(error as NodeJS.ErrnoException, port)
      }
    },
    async stop() {
      if (followed !== undefined) await end(followed.server, followed.connections, drainTimeoutMs)
    },
    // Destroying takes a moment, and the lifecycle is not to give up before it.
    stopTimeout: `${Math.ceil(drainTimeoutMs) + 1000}ms`,
  }
}

function follow(server: Server): { readonly server: Server; readonly connections: Connections } {
  return { server, connections: followConnections(server) }
}

async function end(server: Server, connections: Connections, drainTimeoutMs: number): Promise<void> {
  if (!server.listening) return
  const closed = once(server, 'close')
  // Node accepts what waits in the queue of the system before this turn ends; what comes later is refused there.
  await endOfTurn()
  // Not the HTTP server's own close(), which also closes connections that only seem to be at rest.
  NetServer.prototype.close.call(server)
  connections.drain()
  let brokenOff = 0
  const timer = setTimeout(() => {
    brokenOff = connections.destroy()
  }, drainTimeoutMs)
  await closed
  clearTimeout(timer)
  connections.destroy()
  // For what the HTTP server's own close() does beside: it ends a timer.
  server.close(() => {})
  if (brokenOff === 0) return
  throw new LifecycleError(
    'LARDER_DRAIN_TIMEOUT',
    `requests on ${brokenOff} connections were still under way after ${Math.round(drainTimeoutMs)} ms: they were broken off`,
  )
}

function clearer(error: NodeJS.ErrnoException, port: number): Error {
  const sentences: Readonly<Record<string, string>> = {
    EADDRINUSE: `port ${port} is in use: stop what uses it, or choose another`,
    EACCES: `port ${port} needs more rights than this process has: choose one from 1024 up`,
    EADDRNOTAVAIL: `this machine has no such address to listen on at port ${port}`,
  }
  const sentence = sentences[error.code ?? '']
  return sentence === undefined ? error : Object.assign(new Error(sentence, { cause: error }), { code: error.code })
}
