// The goals, as ratios within one run: what is to be reached, in which benchmark, and between which courses.

import {
  bentocacheName,
  cacheManagerName,
  compressedEachTime,
  compressedOnce,
  expressAlone,
  expressEmpty,
  expressName,
  fastAlone,
  fastName,
  koaAlone,
  koaJson,
  koaName,
  rawName,
  redisByHand,
} from './names.ts'
import type { Spread } from './spread.ts'

/** What is to be reached. */
export interface Aim {
  readonly benchmark: string
  readonly scenario: string
  readonly bound: '≥' | '≤'
  readonly limit: number
  readonly unit: string
  readonly course: string
  /** How many times as fast as this `course` is; without it, it is a figure of the course alone. */
  readonly against?: string
}

/** What was reached. */
export interface Goal {
  readonly scenario: string
  /** `≥ 0.8 of raw`. */
  readonly goal: string
  readonly measured: Spread
  /** By the median. */
  readonly isMet: boolean
}

const onFast = 'Express on the fast server, memory hit 1 KB'
const withoutCache = 'Express on the fast server, without a cache'
const asUsual = 'Express as usual, memory hit 1 KB'
const onKoa = 'Koa, memory hit 1 KB'
const onRedis = 'Redis hit 1 KB, Express on the fast server'
const miss = 'miss, with capture'
const cold = 'stampede on a cold key'

export const aims: readonly Aim[] = [
  times('hit', onFast, 0.8, 'of raw node:http', fastName, rawName),
  times('hit', onFast, 4, '× an empty handler on plain Express', fastName, expressEmpty),
  times('hit', onFast, 5, '× apicache', fastName, 'apicache'),
  ...['Express 5', 'Express 4'].flatMap(express => {
    const twice = (what: string) => {
      const scenario = `${withoutCache}, ${express}, ${what}`
      return times(
        'fast-server',
        scenario,
        2,
        '× plain',
        `${express} on the fast server, ${what}`,
        `${express}, ${what}`,
      )
    }
    return [twice('empty'), twice('res.json')]
  }),
  times('hit', asUsual, 1, '× an empty handler', expressName, expressEmpty),
  times('hit', asUsual, 1.4, '× apicache', expressName, 'apicache'),
  times('hit', onKoa, 0.6, 'of raw node:http', koaName, rawName),
  times('hit', onKoa, 1.25, '× an empty JSON handler', koaName, koaJson),
  times('hit', onKoa, 1.15, '× koa-cash', koaName, 'koa-cash'),
  times('mixed', 'mixed traffic, 90 % hits, Express on the fast server', 0.65, 'of raw node:http', fastName, rawName),
  times('gzip', 'gzip hit 32 KB', 20, '× `compression` on every request', compressedOnce, compressedEachTime),
  times('redis', onRedis, 0.8, 'of a bare ioredis `getBuffer` handler', fastName, redisByHand),
  times('redis', onRedis, 1.5, '× bentocache on Redis', fastName, bentocacheName),
  times('redis', onRedis, 1.5, '× cache-manager on Redis', fastName, cacheManagerName),
  times('miss', `${miss}, Express on the fast server`, 0.9, 'of the bare handler', fastName, fastAlone),
  times('miss', `${miss}, Express`, 0.9, 'of the bare handler', expressName, expressAlone),
  times('miss', `${miss}, Koa`, 0.9, 'of the bare handler', koaName, koaAlone),
  ...[expressName, koaName, 'Larder, four caches on one Redis'].map(course =>
    atMost('stampede', `${cold}, ${course.replace('Larder, ', '')}`, 1, 'run of the handler', course),
  ),
  atMost('memory', 'memory, 20,000 × 4 KB', 1.2, '× the bytes stored', 'responses of 4 KiB'),
]

/** What came of the goals of a benchmark. Those whose courses did not run are left out. */
export function reached(
  benchmark: string,
  measure: (course: string, against: string | undefined) => Spread | undefined,
): Goal[] {
  return aims
    .filter(aim => aim.benchmark === benchmark)
    .flatMap(aim => {
      const measured = measure(aim.course, aim.against)
      if (measured === undefined) return []
      const isMet = aim.bound === '≥' ? measured.middle >= aim.limit : measured.middle <= aim.limit
      return [{ scenario: aim.scenario, goal: goalOf(aim), measured, isMet }]
    })
}

export function goalOf({ bound, limit, unit }: Aim): string {
  return `${bound} ${limit} ${unit}`
}

function times(benchmark: string, scenario: string, limit: number, unit: string, course: string, against: string): Aim {
  return { benchmark, scenario, bound: '≥', limit, unit, course, against }
}

function atMost(benchmark: string, scenario: string, limit: number, unit: string, course: string): Aim {
  return { benchmark, scenario, bound: '≤', limit, unit, course }
}
