// Opens the database that the settings name, and sees to it that it is filled.

import { dataSize } from '../data/make.ts'
import type { Database } from './database.ts'
import { isFilled, openEmbedded } from './embedded.ts'
import { openServer } from './server.ts'

export interface DatabaseSettings {
  /** A Postgres server. Without it Postgres runs inside this process. */
  readonly url: string | undefined
  /** Where the Postgres inside this process keeps its files. */
  readonly folder: string
  /** Told, a line at a time, what takes long. */
  readonly say: (line: string) => void
}

export async function openDatabase({ url, folder, say }: DatabaseSettings): Promise<Database> {
  const startedAt = performance.now()
  let making = false
  const onMaking = (): void => {
    making = true
    const [events, buddies] = [dataSize.events, dataSize.buddies].map(count => count.toLocaleString('en'))
    say(`first start: making ${events} events and ${buddies} buddies ${url ? 'in DATABASE_URL' : `in ${folder}`} …`)
  }
  const database = url ? await openServer(url, onMaking) : await openEmbedded(folder, onMaking)
  if (making) say(`first start: made in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
  return database
}

/**
 * Makes the data of a folder that has none, before anything else is opened. It keeps the process so busy that it hears no signal, and
 * until somebody listens to them, they end it at once.
 */
export async function makeDataOnce(settings: DatabaseSettings): Promise<void> {
  if (settings.url !== undefined || isFilled(settings.folder)) return
  const database = await openDatabase(settings)
  await database.close()
}
