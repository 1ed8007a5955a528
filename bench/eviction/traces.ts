// Synthetic web traces: which resource is asked for next, and how large each is. The same seed gives the same trace.

import { type Random, randomFrom, zipf } from '../random.ts'

export interface Trace {
  readonly name: string
  /** The resource of each request: an index into `bytes`. */
  readonly requests: Int32Array
  /** The size of each resource, with what an entry takes beside its body. */
  readonly bytes: Int32Array
}

/** As responses are: most of some kilobytes (median 6 KB), few of a megabyte. 1.6 KB more for what a response takes beside its body. */
function sizes(count: number, random: Random): Int32Array {
  return Int32Array.from({ length: count }, () => {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
    return 1600 + Math.min(1024 * 1024, Math.round(6000 * Math.exp(1.3 * normal)))
  })
}

/** `resources` that are asked for again and again, and as many more as the trace makes up on its way. */
export function makeTraces(requests: number, resources: number): Trace[] {
  return [
    trace('popularity stays (Zipf 0.8)', ({ random }) => zipf(resources, 0.8, random)),
    trace('popularity stays (Zipf 1.0)', ({ random }) => zipf(resources, 1, random)),
    trace('drift: news begin at the top and sink', ({ random }) => {
      // The ranks slide over the resources: in the end nothing is left of what was popular at first.
      const rank = zipf(resources >>> 1, 0.9, random)
      return i => rank() + Math.floor((1 - i / requests) * (resources >>> 1))
    }),
    trace('drift the other way: what has reached the top is gone', ({ random }) => {
      const rank = zipf(resources >>> 1, 0.9, random)
      return i => rank() + Math.floor((i / requests) * (resources >>> 1))
    }),
    trace('the popular set changes at once, four times', ({ random }) => {
      const rank = zipf(resources >>> 2, 0.9, random)
      return i => Math.floor((4 * i) / requests) * (resources >>> 2) + rank()
    }),
    trace('a crawler reads everything, beside people', ({ random }) => {
      const rank = zipf(resources, 0.9, random)
      let next = 0
      return () => (random() < 0.3 ? next++ % resources : rank())
    }),
    trace('half of all is asked for once', ({ random, fresh }) => {
      const rank = zipf(resources, 0.9, random)
      return () => (random() < 0.5 ? fresh() : rank())
    }),
    trace('a flood of keys: nine of ten were never there', ({ random, fresh }) => {
      const rank = zipf(resources, 0.9, random)
      return () => (random() < 0.9 ? fresh() : rank())
    }),
    trace('asked for twice at once, then never', ({ random, fresh }) => {
      const rank = zipf(resources, 0.9, random)
      const again: number[] = []
      return () => {
        if (random() < 0.4) return rank()
        if (again.length > 20) return again.shift()!
        const key = fresh()
        again.push(key)
        return key
      }
    }),
  ]

  function trace(name: string, make: (tools: { random: Random; fresh: () => number }) => (i: number) => number): Trace {
    const random = randomFrom(name.length)
    let last = resources - 1
    const next = make({ random, fresh: () => ++last })
    const asked = Int32Array.from({ length: requests }, (_, i) => next(i))
    return { name, requests: asked, bytes: sizes(last + 1, random) }
  }
}
