// node --import @larder/tracing/register app.js, or --require in CommonJS: tracing by the OTEL_* variables alone.

import { register } from 'node:module'
import { isMainThread } from 'node:worker_threads'
import { instrumentedModules } from './instrumentations.ts'
import { startTracing, type Tracing } from './start.ts'

/** What was started; in a worker nothing is, since Node preloads into every worker too, that of the loader's hooks among them. */
export const tracing: Tracing = startTracing(isMainThread ? {} : { disabled: true })

if (tracing.enabled) {
  // ES modules are instrumented while they are loaded, and those alone that something is known of.
  register('@opentelemetry/instrumentation/hook.mjs', import.meta.url, { data: { include: instrumentedModules } })
  process.once('beforeExit', () => void tracing.shutdown())
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      // Whoever ends the process by himself has spans to come, and calls shutdown() when he is done.
      if (process.listenerCount(signal) > 0) void tracing.flush()
      else void tracing.shutdown().then(() => process.kill(process.pid, signal))
    })
  }
}
