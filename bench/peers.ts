// Other caches and servers as courses of a race: each as its own documentation shows it.

import { existsSync } from 'node:fs'
import { createOrigin, KB } from './origin.ts'
import { type MakeCourse, NotHere, optional } from './race.ts'

export interface PeerOptions {
  readonly items?: number
  /** What the peer's own file takes: the port of a Redis, or a kind. */
  readonly with?: number | string
  /** Whether it is a cache, whose handler then runs but once. @default true */
  readonly isCache?: boolean
}

/** bench/peers/NAME.mjs, when the packages of bench/package.json are installed. */
export function peer(name: string, options: PeerOptions = {}): MakeCourse {
  return optional(async () => {
    if (!existsSync(new URL(`node_modules/${name}`, import.meta.url))) throw new NotHere('not installed')
    const origin = createOrigin(options.items ?? KB)
    const { default: make } = await import(new URL(`peers/${name}.mjs`, import.meta.url).href)
    return { ...(await make(origin, options.with)), ...(options.isCache !== false && { runs: origin.runs }) }
  })
}
