// Tracing in the process of the test: started and ended for each, with the variables that it is given.

import type { Collector } from '../../../test/support/otlp-collector.ts'
import type { StartTracingOptions } from '../src/options.ts'
import { startTracing, type Tracing } from '../src/start.ts'

/** Run with these variables and no other OTEL_* one; then end what was started. */
export async function traced<T>(
  { env = {}, ...options }: StartTracingOptions & { readonly env?: Readonly<Record<string, string>> },
  run: (tracing: Tracing) => Promise<T> | T,
): Promise<T> {
  const before = { ...process.env }
  for (const name of Object.keys(process.env)) if (name.startsWith('OTEL_')) delete process.env[name]
  Object.assign(process.env, env)
  let tracing: Tracing | undefined
  try {
    tracing = startTracing(options)
    return await run(tracing)
  } finally {
    await tracing?.shutdown()
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
    Object.assign(process.env, before)
  }
}

export function value(collector: Collector, metric: string, attributes: Readonly<Record<string, unknown>> = {}) {
  return collector
    .points()
    .find(
      point =>
        point.metric === metric &&
        Object.entries(attributes).every(([name, expected]) => point.attributes[name] === expected),
    )
}
