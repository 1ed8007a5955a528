// Traces and metrics, where a variable says where they go: started before everything that they tell of.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Config } from '@larder/config'
import type { Logger, Part } from '@larder/lifecycle'
import { installed } from './installed.ts'

/** What `startTracing()` of `@larder/tracing` returns. */
export interface ServiceTracing {
  /** False when another OpenTelemetry SDK was there before. */
  readonly enabled: boolean
  /** Answers a Prometheus that scrapes, in Express, Koa and Node: mount it at `/metrics`. */
  readonly metrics: {
    (req: IncomingMessage, res: ServerResponse, next?: unknown): Promise<void>
    (ctx: KoaContext, next?: unknown): Promise<void>
  }
  /** Send what is waiting. Resolves to whether that was taken in time; never rejects. */
  flush(): Promise<boolean>
  shutdown(): Promise<boolean>
}

/** What it uses of Koa's context. */
interface KoaContext {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  status: number
  body: unknown
  set(name: string, value: string): void
}

/** By the `OTEL_*` variables, which OpenTelemetry reads itself. What `node --import @larder/tracing/register` started is taken on. */
export async function openTracing({ tracing }: Config): Promise<ServiceTracing | undefined> {
  if (!tracing.configured && !isStarted()) return undefined
  const { startTracing } = await installed('Telemetry', '@larder/tracing', async () => {
    // It also sees to it that what is loaded from now on, by `parts` for example, is instrumented.
    await import('@larder/tracing/register')
    return import('@larder/tracing')
  })
  return startTracing()
}

/** The first to start and the last to stop. Telemetry that nobody takes any more is no failure of the service. */
export function tracingPart(tracing: ServiceTracing, logger: Logger | undefined): Part {
  return {
    name: 'tracing',
    // A little more than it allows itself.
    stopTimeout: '6s',
    async stop() {
      const isDone = await tracing.shutdown()
      if (!isDone) logger?.warn({ part: 'tracing' }, 'the last spans and metrics were not taken')
    },
  }
}

/** Where @larder/tracing keeps what there is once in a process. */
function isStarted(): boolean {
  return (globalThis as { readonly [key: symbol]: unknown })[Symbol.for('larder.tracing')] !== undefined
}
