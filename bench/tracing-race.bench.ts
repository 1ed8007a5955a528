// What tracing costs a hit: nothing registered, OpenTelemetry's API with a tracer that records nothing, and the SDK with its spans.

import type { RequestHandler } from 'express'
import { contest } from './contest.ts'
import { larderExpress, raw } from './ours.ts'
import { type Course, type MakeCourse, NotHere } from './race.ts'

const rawName = 'node:http, headers and body made beforehand'
const off = 'Larder, tracing not mounted'

/** `tracing()` of the door in front of the cache. */
async function traced(): Promise<Course> {
  const door = (await import('@larder/express')) as unknown as { tracing?: () => RequestHandler }
  if (door.tracing === undefined) throw new NotHere('@larder/express has no tracing()')
  return larderExpress({ outerExpress: door.tracing() })
}

/** A sampler of one in so many, and spans that go nowhere: what is measured is how they are made. */
function withSdk(ratio: number): MakeCourse {
  return async () => {
    const { BatchSpanProcessor, TraceIdRatioBasedSampler } = await import('@opentelemetry/sdk-trace-base')
    const { NodeTracerProvider } = await import('@opentelemetry/sdk-trace-node')
    const nowhere = {
      export: (_spans: unknown, done: (result: { code: number }) => void) => done({ code: 0 }),
      shutdown: async () => {},
    }
    new NodeTracerProvider({
      sampler: new TraceIdRatioBasedSampler(ratio),
      spanProcessors: [new BatchSpanProcessor(nowhere)],
    }).register()
    return traced()
  }
}

await contest({
  name: 'tracing-race',
  title: 'Tracing a hit',
  about:
    'A hit from memory of 1 KB behind `tracing()`: without an SDK, and with one that records one of a hundred requests, or all. What exporting costs elsewhere is not counted.',
  file: import.meta.filename,
  raw: rawName,
  courses: {
    [rawName]: () => raw(),
    [off]: () => larderExpress(),
    'Larder, tracing(), the API alone': traced,
    'Larder, tracing(), SDK, one of a hundred': withSdk(0.01),
    'Larder, tracing(), SDK, all': withSdk(1),
  },
  against: { '× not mounted': course => (course === rawName ? undefined : off) },
})
