// The processes of one row at a time: the site, another node of it, the site without Redis, and the load.

import { type Child, startChild } from '../support/child.ts'
import type { FarConfig, OpenConfig, Sample } from './app.ts'
import type { LoadConfig } from './load.ts'
import type { Mode } from './mode.ts'

/** A site that is open. */
export interface Node {
  readonly id: string
  readonly port: number
  readonly listenMs: number
  readonly app: Child
  sample(): Promise<Sample>
  /** Resolves with the instant at which the purge had resolved. */
  purge(...tags: string[]): Promise<number>
  runs(item: string): Promise<number>
}

export interface Lane {
  readonly load: Child
  /** Opens a site in the process of this name: `a`, `b`, `control`; they are started when they are first wanted. */
  open(process: string, config: Partial<OpenConfig> & { readonly far: FarConfig | undefined }): Promise<Node>
  start(config: LoadConfig): Promise<number>
  /** Closes all sites. */
  clear(): Promise<void>
  /** A process of one's own, which ends with the lane. */
  process(name: string, env?: NodeJS.ProcessEnv): Promise<Child>
  end(): Promise<void>
}

const appFile = new URL('app.ts', import.meta.url)
const loadFile = new URL('load.ts', import.meta.url)

export const BODY_BYTES = 1024
/** What an item of that size takes in memory, by the cache's own count. */
const ITEM_BYTES = 3060

export async function createLane(mode: Mode): Promise<Lane> {
  const apps = new Map<string, Promise<Child>>()
  const open = new Map<string, Node>()
  const load = await startChild(loadFile)

  function process(name: string, env: NodeJS.ProcessEnv = {}): Promise<Child> {
    let app = apps.get(name)
    if (app === undefined) {
      app = startChild(appFile, { env, args: ['--expose-gc'] })
      apps.set(name, app)
    }
    return app
  }

  return {
    load,
    process,
    async open(name, config) {
      const app = await process(name)
      const bodyBytes = config.bodyBytes ?? BODY_BYTES
      // Room for the hot items and not for the others, which come round after they were evicted.
      const maxBytes = config.maxBytes ?? Math.ceil(mode.rate * 0.5) * (ITEM_BYTES - BODY_BYTES + bodyBytes)
      const full: OpenConfig = { framework: 'express', ttl: 600, bodyBytes, maxBytes, ...config }
      const { id, port, listenMs } = await app.call<{ id: string; port: number; listenMs: number }>('open', full)
      const node: Node = {
        id,
        port,
        listenMs,
        app,
        sample: () => app.call<Sample>('sample', id),
        purge: (...tags) => app.call<number>('purge', id, tags),
        runs: item => app.call<number>('runs', id, item),
      }
      open.set(id, node)
      return node
    },
    start: config => load.call<number>('start', config),
    async clear() {
      for (const [key, { app, id }] of open) {
        open.delete(key)
        await app.call('close', id).catch(() => {})
      }
    },
    async end() {
      await load.kill()
      for (const app of apps.values()) await (await app).kill()
    },
  }
}
