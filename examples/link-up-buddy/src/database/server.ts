// A Postgres server, through pg.

import { Pool } from 'pg'
import { ensureData } from '../data/insert.ts'
import type { Connection, Database } from './database.ts'

/** Connects, and fills the server's database when it has no such data yet. */
export async function openServer(url: string, onMaking: () => void): Promise<Database> {
  const database = connect(url)
  try {
    await ensureData(database, onMaking)
    return database
  } catch (error) {
    await database.close()
    // The message of a refused connection to two addresses is empty. No message of pg holds the password.
    const { message, code } = error as NodeJS.ErrnoException
    throw new Error(`The database that DATABASE_URL names cannot be used: ${message || code}`, { cause: error })
  }
}

function connect(url: string): Database {
  const pool = new Pool({ connectionString: url, max: 10, connectionTimeoutMillis: 5_000 })
  // A connection that breaks while it idles says so here; the pool replaces it, and without a listener the process would end.
  pool.on('error', () => {})

  return {
    query: async (sql, params = []) => (await pool.query(sql, [...params])).rows,
    transaction: async work => {
      const client = await pool.connect()
      const connection: Connection = {
        query: async (sql, params = []) => (await client.query(sql, [...params])).rows,
      }
      try {
        await client.query('begin')
        const result = await work(connection)
        await client.query('commit')
        client.release()
        return result
      } catch (error) {
        // Closing the connection rolls back too, and also works when the connection is what failed.
        client.release(true)
        throw error
      }
    },
    close: () => pool.end(),
  }
}
