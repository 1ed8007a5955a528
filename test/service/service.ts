// A service by the environment alone, as a process of its own: it asks itself something, tells what is loaded, and ends.

import type { Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { httpServer } from '@larder/lifecycle'
import { startService } from '@larder/service'

let server: Server | undefined
const { lifecycle } = await startService({
  parts: [],
  ...(process.argv[2] === 'serve' && {
    async parts(wiring) {
      const { makeServer } = await import('./app.ts')
      server = makeServer(wiring)
      return [httpServer(server, { port: 0 })]
    },
  }),
})
if (server !== undefined) await fetch(`http://localhost:${(server.address() as AddressInfo).port}/events/1`)
// Packages of CommonJS; those that bring weight all are.
const loaded = Object.keys(createRequire(import.meta.url).cache)
const isLoaded = (name: string): boolean => loaded.some(path => path.includes(`node_modules/${name}/`))
console.log(
  JSON.stringify(['@opentelemetry/sdk-trace-base', 'ioredis', '@launchdarkly/node-server-sdk'].filter(isLoaded)),
)
await lifecycle.shutdown()
