// What is instrumented: HTTP, Express, Koa and ioredis.

import type { Instrumentation } from '@opentelemetry/instrumentation'
import { ExpressInstrumentation } from '@opentelemetry/instrumentation-express'
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http'
import { IORedisInstrumentation } from '@opentelemetry/instrumentation-ioredis'
import { KoaInstrumentation } from '@opentelemetry/instrumentation-koa'

/** The modules that they patch. In ESM the loader's hook has to know them; see loader.ts. */
export const instrumentedModules = [
  'http',
  'node:http',
  'https',
  'node:https',
  'express',
  'koa',
  '@koa/router',
  'koa-router',
  'ioredis',
]

export function createInstrumentations(): Instrumentation[] {
  return [
    new HttpInstrumentation(),
    new ExpressInstrumentation(),
    new KoaInstrumentation(),
    // The keys and values of a command are nobody's business.
    new IORedisInstrumentation({ dbStatementSerializer: command => command }),
  ]
}
