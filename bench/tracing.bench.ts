// What tracing() costs a hit in both frameworks: not mounted, OpenTelemetry's API alone (which is what it costs those who do not trace), and the SDK with its spans.

import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { tracing as expressTracing } from '@larder/express'
import { tracing as koaTracing } from '@larder/koa'
import { contest } from './contest.ts'
import { rawName } from './names.ts'
import { larderExpress, larderKoa, raw } from './ours.ts'
import { quick } from './quick.ts'
import type { Course, MakeCourse } from './race.ts'

const offName = (door: string) => `Larder, ${door}, not mounted`

/** A sampler of one in so many, and spans that go nowhere: what is measured is how they are made. */
function withSdk(ratio: number, make: () => Course): MakeCourse {
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
    return make()
  }
}

const doors = {
  'Express on the fast server': {
    off: () => larderExpress(),
    empty: () => larderExpress({ outerExpress: (_req, _res, next) => next() }),
    on: () => larderExpress({ outerExpress: expressTracing() }),
  },
  Koa: {
    off: () => larderKoa(),
    empty: () => larderKoa({ outer: [(_ctx, next) => next()] }),
    on: () => larderKoa({ outer: [koaTracing()] }),
  },
}

/** The middleware by itself, without an SDK, called again and again: nanoseconds for a request, the best of many slices. */
function alone(): string {
  const [req, res] = [new IncomingMessage(new Socket()), {}]
  const done = Promise.resolve()
  const [inExpress, inKoa] = [expressTracing(), koaTracing()]
  const nanosOf = (call: () => void) => {
    let best = Number.POSITIVE_INFINITY
    for (let slice = 0; slice < (quick ? 2 : 100); slice++) {
      const began = performance.now()
      for (let i = 0; i < 10_000; i++) call()
      best = Math.min(best, ((performance.now() - began) * 1e6) / 10_000)
    }
    return Math.round(best)
  }
  const express = nanosOf(() => void inExpress(req as never, res as never, () => {}))
  const koa = nanosOf(() => void inKoa({ req, res } as never, () => done))
  return `Called by itself, without an SDK, \`tracing()\` takes ${express} ns in Express and ${koa} ns in Koa`
}

const [course] = process.argv.slice(2)
await contest({
  name: 'tracing',
  title: 'tracing() on a hit',
  about:
    'A hit from memory of 1 KB behind `tracing()`: without an SDK, and with one that records one of a hundred requests, or all; and behind a layer that does nothing, which has its price of its own. What exporting costs elsewhere is not counted.',
  file: import.meta.filename,
  courses: {
    [rawName]: () => raw(),
    ...Object.fromEntries(
      Object.entries(doors).flatMap(([door, { off, empty, on }]): [string, MakeCourse][] => [
        [offName(door), off],
        [`Larder, ${door}, a layer that does nothing instead`, empty],
        [`Larder, ${door}, the API alone`, on],
        [`Larder, ${door}, SDK, one of a hundred`, withSdk(0.01, on)],
        [`Larder, ${door}, SDK, all`, withSdk(1, on)],
      ]),
    ),
  },
  against: {
    '× not mounted': course => {
      const door = Object.keys(doors).find(each => course.startsWith(`Larder, ${each},`))
      return door && offName(door)
    },
  },
  notes: course === undefined ? [alone()] : [],
})
