// The life of a server: settings, database, port, and an end that breaks nobody off.

import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { CacheOptions } from '@larder/core'
import { type LinkUpBuddy, linkUpBuddy } from './app.ts'
import { openDatabase } from './database/open.ts'
import { createSessions, type Sessions } from './sessions.ts'
import { readSettings, type Settings } from './settings.ts'
import { openSharedLog } from './shared-log.ts'

export interface Parts {
  /** What every server's cache is made with: 64 MiB, and the log that it shares with other processes, if there is one. */
  readonly cacheOptions: CacheOptions
  readonly buddies: LinkUpBuddy
  readonly sessions: Sessions
}

export interface Built {
  readonly server: Server
  /** Closes what the server opened. */
  close(): Promise<void>
}

/** Runs the server that `build` makes until the process is told to end. What cannot start says why in one line. */
export async function serve(name: string, build: (parts: Parts) => Built): Promise<void> {
  // Whoever started this process with a channel to it has gone. Until there is something to end well, that ends it at once.
  process.once('disconnect', exitNow)
  try {
    const settings = readSettings(process.env, name)
    const database = await openDatabase({
      url: settings.databaseUrl,
      folder: settings.dataFolder,
      say: line => console.log(line),
    })
    const shared = openSharedLog(settings.redis)
    const built = build({
      buddies: linkUpBuddy(database),
      sessions: createSessions(settings.sessionSecret),
      cacheOptions: { maxBytes: 64 * 1024 * 1024, ...(shared && { log: shared.log }) },
    })
    async function close(): Promise<void> {
      await built.close()
      await shared?.close()
      await database.close()
    }
    try {
      await listen(built.server, settings)
    } catch (error) {
      await close()
      throw error
    }
    endOnSignal(built.server, close)
    if (shared !== undefined) console.log('purges are shared through Redis')
    tellWhatToTry(built.server)
  } catch (error) {
    console.error(describe(error))
    process.exit(1)
  }
}

function exitNow(): void {
  process.exit(1)
}

function listen(server: Server, { port }: Settings): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') {
        reject(new Error(`Port ${port} is in use. Stop what uses it, or choose another: PORT=${port + 1} (0: any).`))
      } else if (error.code === 'EACCES') {
        reject(new Error(`Port ${port} needs more rights than this process has. Choose another: PORT=3000.`))
      } else reject(error)
    })
    server.listen(port, resolve)
  })
}

/** How long requests that are under way get. */
const graceMs = 8_000

function endOnSignal(server: Server, close: () => Promise<void>): void {
  let ending = false
  async function end(): Promise<void> {
    // A terminal sends its signal to this process and to the one that started it, which passes it on.
    if (ending) return
    ending = true
    setTimeout(() => {
      console.error('requests were still under way; they were broken off')
      process.exit(1)
    }, graceMs).unref()

    // A connection that becomes idle would be kept open for the next request.
    const idle = setInterval(() => server.closeIdleConnections(), 50)
    await new Promise(resolve => server.close(resolve))
    clearInterval(idle)
    await close()
    process.exit(0)
  }
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, end)
  process.off('disconnect', exitNow)
  process.on('disconnect', end)
}

function tellWhatToTry(server: Server): void {
  const url = `http://localhost:${(server.address() as AddressInfo).port}`
  console.log(`listening on ${url}

Ask twice, and compare Cache-Status, Age and X-Run (which counts the runs of handlers):
  curl -i '${url}/events?near=52.52,13.40'
  curl -i '${url}/search?q=chess'
Write, then ask again:
  curl -i -X PATCH ${url}/events/42 -H 'content-type: application/json' -d '{"title":"Picnic"}'
  curl -i ${url}/events/42
Sign in; what is yours is never shared:
  curl -i -c jar -X POST ${url}/sign-in -H 'content-type: application/json' -d '{"buddyId":7}'
  curl -i -b jar ${url}/me
Pages: ${url}/   Health: ${url}/health   End: Ctrl-C`)
}

/** One line. Some errors (a refused connection to two addresses) have a code and no message. */
function describe(error: unknown): string {
  const { message, code } = error as NodeJS.ErrnoException
  return message || code || String(error)
}
