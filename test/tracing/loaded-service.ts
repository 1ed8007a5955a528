// A process under load: Express with a cache, traced by options, for a collector that may be in any state. Told by messages to end.

import type { AddressInfo } from 'node:net'
import { responseCache, tracing } from '@larder/express'
import { otlp, prometheus, startTracing } from '@larder/tracing'

const telemetry = startTracing({
  exporters: [otlp({ url: process.env['COLLECTOR']! }), prometheus()],
  deadline: '300ms',
})
const { default: express } = await import('express')

const app = express()
app.get('/metrics', telemetry.metrics)
app.get('/heap', (_req, res) => {
  globalThis.gc?.()
  res.json(process.memoryUsage().heapUsed)
})
app.use(tracing())
app.get('/events', responseCache('1h'), (_req, res) => {
  res.json({ events: ['Chess in the park'] })
})
const server = app.listen(0, '127.0.0.1', () => process.send!({ port: (server.address() as AddressInfo).port }))

process.once('message', async () => {
  server.close()
  server.closeAllConnections()
  const flushed = await telemetry.shutdown()
  // Nothing else is left that could keep the process alive.
  process.send!({ flushed })
  process.disconnect()
})
