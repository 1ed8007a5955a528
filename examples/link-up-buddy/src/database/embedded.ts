// Postgres inside this process: PGlite on a data folder.

import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { dataVersion, ensureData } from '../data/insert.ts'
import type { Connection, Database } from './database.ts'
import { lockFolder } from './folder-lock.ts'

/** Opens the folder's database; when it has none, or one that was not finished, makes it anew and fills it. */
export async function openEmbedded(folder: string, onMaking: () => void): Promise<Database> {
  mkdirSync(folder, { recursive: true })
  const unlock = await lockFolder(folder)
  try {
    const files = join(folder, 'postgres')
    const complete = isFilled(folder)
    if (!complete) {
      onMaking()
      rmSync(files, { recursive: true, force: true })
    }
    const pglite = await PGlite.create({ dataDir: files, initDbStartParams: ['--no-sync'] })
    const database = {
      ...connection(pglite),
      transaction: <Result>(work: (connection: Connection) => Promise<Result>): Promise<Result> =>
        pglite.transaction(transaction => work(connection(transaction))),
      close: async () => {
        await pglite.close()
        unlock()
      },
    }
    if (!complete) {
      await ensureData(database)
      writeFileSync(markerOf(folder), 'Delete this file to have the data made again.\n')
    }
    return database
  } catch (error) {
    unlock()
    throw error
  }
}

/** Whether the folder has all of the data. */
export function isFilled(folder: string): boolean {
  return existsSync(markerOf(folder))
}

/** Written last. Files without it are what a first start that was killed left behind. */
function markerOf(folder: string): string {
  return join(folder, `complete-${dataVersion}`)
}

function connection(pglite: Pick<PGlite, 'query'>): Connection {
  return {
    query: async <Row>(sql: string, params: readonly unknown[] = []) =>
      (await pglite.query<Row>(sql, [...params])).rows,
  }
}
