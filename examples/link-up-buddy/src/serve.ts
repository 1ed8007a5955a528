// The life of a server: settings; then tracing, Redis, the switch and the cache; then the database; then the port. It ends in reverse.

import type { Server } from 'node:http'
import { httpServer, type Logger, type Part } from '@larder/lifecycle'
import { type ServiceTracing, startService, type Wiring } from '@larder/service'
import { type LinkUpBuddy, linkUpBuddy } from './app.ts'
import type { Database } from './database/database.ts'
import { type DatabaseSettings, makeDataOnce, openDatabase } from './database/open.ts'
import { Refusal } from './refusal.ts'
import { createSessions, type Sessions } from './sessions.ts'
import { readSettings } from './settings.ts'
import { tellWhatToTry } from './what-to-try.ts'

/** What a server is built of. */
export interface Ingredients extends Wiring {
  /** For a Prometheus that scrapes; there is no such route while telemetry is not configured. */
  readonly metrics: ServiceTracing['metrics']
  readonly buddies: LinkUpBuddy
  /** Purges what a write changed. */
  readonly purge: (tags: readonly string[]) => Promise<void>
  readonly sessions: Sessions
}

export interface ServeOptions {
  /** The folder of its data. */
  readonly name: string
  readonly logger: Logger
}

/** Runs the server that `build` makes until the process is told to end. What cannot start says why, in a line for each reason. */
export async function serve({ name, logger }: ServeOptions, build: (of: Ingredients) => Server): Promise<void> {
  // Whoever started this process with a channel to it has gone. Until there is something to end well, that ends it at once.
  process.once('disconnect', exitNow)
  // Listening to it would keep the process alive.
  process.channel?.unref()
  try {
    const settings = readSettings(process.env, name)
    const data = { url: settings.databaseUrl, folder: settings.dataFolder, say: (line: string) => console.log(line) }
    await makeDataOnce(data)
    let server: Server | undefined
    const { config, lifecycle } = await startService({
      config: settings.config,
      logger,
      signals: ['SIGTERM', 'SIGINT', 'SIGHUP'],
      drainDelay: settings.drainDelay,
      parts(wiring) {
        const database = databasePart(data)
        const sessions = createSessions(settings.sessionSecret)
        const makeServer = (): Server => {
          server = build({
            ...wiring,
            metrics: wiring.tracing?.metrics ?? noMetrics,
            sessions,
            purge: tags => purge(wiring.cache, tags, logger),
            buddies: linkUpBuddy(database.opened()),
          })
          return server
        }
        return [database.part, httpServer(makeServer, wiring.config.server)]
      },
    })
    process.off('disconnect', exitNow)
    process.on('disconnect', () => void lifecycle.shutdown('what started it has gone'))
    if (config.redis !== undefined) console.log('responses and purges are shared through Redis')
    tellWhatToTry(server!)
  } catch (error) {
    console.error(describe(error))
    process.exit(1)
  }
}

/** What was written is written, whether Redis hears of the purge or not: it holds here, and is sent again once Redis is back. */
async function purge(cache: Wiring['cache'], tags: readonly string[], logger: Logger): Promise<void> {
  try {
    await cache.invalidateTags(tags)
  } catch (error) {
    const { code } = error as { readonly code?: string }
    if (code !== 'LARDER_INVALIDATION_UNACKNOWLEDGED') throw error
    logger.warn({ code }, 'a purge waits for Redis: other processes may serve what was for some seconds')
  }
}

function databasePart(settings: DatabaseSettings): { readonly part: Part; opened(): Database } {
  let database: Database | undefined
  const opened = (): Database => database!
  const part: Part = {
    name: 'database',
    // The first start fills the database of a server.
    startTimeout: '5m',
    async start() {
      database = await openDatabase(settings)
    },
    stop: () => opened().close(),
    async check() {
      await opened().query('select 1')
    },
  }
  return { part, opened }
}

async function noMetrics(): Promise<void> {
  throw new Refusal(404, 'telemetry is not configured: OTEL_METRICS_EXPORTER=prometheus')
}

function exitNow(): void {
  process.exit(1)
}

/** What the part that failed says itself. Some errors (a refused connection to two addresses) have a code and no message. */
function describe(error: unknown): string {
  const { message, code, cause } = error as NodeJS.ErrnoException
  if (code === 'LARDER_START_FAILED' && cause !== undefined) return describe(cause)
  return message || code || String(error)
}
