// node --import @larder/tracing/register app.js, or --require in CommonJS: tracing by the OTEL_* variables alone.

import { isMainThread } from 'node:worker_threads'
import { registerLoader } from './loader.ts'
import { startTracing, type Tracing } from './start.ts'

/** What was started; in a worker nothing is, since Node preloads into every worker too, that of the loader's hooks among them. */
export const tracing: Tracing = startTracing(isMainThread ? {} : { disabled: true })

if (tracing.enabled) {
  registerLoader()
  process.once('beforeExit', () => void tracing.shutdown())
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      // Whoever ends the process by himself has spans to come, and calls shutdown() when he is done.
      if (process.listenerCount(signal) > 0) void tracing.flush()
      else void tracing.shutdown().then(() => process.kill(process.pid, signal))
    })
  }
}
