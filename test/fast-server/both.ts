// The same application twice: on the server that Node makes for it, and on the fast one.

import { once } from 'node:events'
import { createServer as createNodeServer, type RequestListener, type Server, type ServerOptions } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer } from '@larder/express'
import express5 from 'express'
// @ts-expect-error The alias has no types of its own.
import express4 from 'express4'
import type { Express } from '../doors/express.ts'

export type Application = ReturnType<Express>

export interface Version {
  readonly name: string
  readonly express: Express
}

export const versions: readonly Version[] = [
  { name: 'Express 5', express: express5 },
  { name: 'Express 4', express: express4 },
]

export interface Sides {
  readonly node: Server
  readonly fast: Server
}

/** Starts both, and closes them after each test of the suite that asked for it. */
export function onBoth(): (make: () => Application, options?: ServerOptions) => Promise<Sides> {
  const servers: Server[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.close()
      server.closeAllConnections()
    }
  })
  return async (make, options = {}) => {
    const node = createNodeServer(options, make() as RequestListener)
    const fast = createServer(make(), options)
    for (const server of [node, fast]) {
      servers.push(server)
      await once(server.listen(0, '127.0.0.1'), 'listening')
    }
    return { node, fast }
  }
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

/** Bytes on the wire, but for the time of day. */
export function wireOf(answer: { readonly wire: string }): string {
  return answer.wire.replace(/^(Date|Last-Modified|Expires): .*$/gm, '$1: then').replace(/127\.0\.0\.1:\d+/g, 'here')
}
