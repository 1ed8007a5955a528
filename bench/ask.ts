// Asks a server in this process for many pages, over a few connections.

import { Agent, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Express } from 'express'

export interface Asked {
  /** Resolves when the whole answer is there. */
  ask(path: string): Promise<unknown>
  close(): void
}

export function serve(app: Express, connections: number): Asked {
  const server = app.listen(0)
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const { port } = server.address() as AddressInfo
  return {
    ask: path =>
      new Promise((resolve, reject) => {
        get({ port, path, agent }, response => response.resume().on('end', resolve)).on('error', reject)
      }),
    close() {
      agent.destroy()
      server.close()
    },
  }
}
