// Creates the tables and fills them, whole or not at all.

import type { Connection, Database } from '../database/database.ts'
import { interests } from './interests.ts'
import { type MadeData, makeData } from './make.ts'
import { constraints, tables } from './schema.ts'

/** Raised whenever the tables or the made data change, so that older ones are noticed. */
export const dataVersion = 1
const seed = 20_300_101

/** Any number, as long as nobody else locks it: two servers that start at once on one database make the data once. */
const lock = 6_157_824

/** Makes the data when the database has none yet. The last row written is the marker, so what is marked is whole. */
export async function ensureData(database: Database, onMaking: () => void = () => {}): Promise<void> {
  if (await isThere(database)) return
  await database.transaction(async connection => {
    await connection.query('select pg_advisory_xact_lock($1)', [lock])
    if (await isThere(connection)) return
    onMaking()
    for (const statement of tables) await connection.query(statement)
    await insert(connection, makeData(seed))
    for (const statement of constraints) await connection.query(statement)
    await connection.query('insert into link_up_buddy.setup (version) values ($1)', [dataVersion])
  })
}

async function isThere(connection: Connection): Promise<boolean> {
  // Not to_regclass(): within a transaction it may answer from before the wait for the lock.
  const tables = await connection.query(
    "select from pg_catalog.pg_tables where schemaname = 'link_up_buddy' and tablename = 'setup'",
  )
  if (tables.length === 0) return false
  const [marker] = await connection.query<{ version: number }>('select version from link_up_buddy.setup')
  if (marker?.version === dataVersion) return true
  throw new Error(
    'The database holds Link Up Buddy data of another version: drop the schema link_up_buddy, then start again.',
  )
}

/** One statement a table, each column one array: ten thousand rows travel as a single query. */
async function insert(connection: Connection, made: MadeData): Promise<void> {
  const { buddies, buddyInterests, events, attendances } = made
  await connection.query('insert into link_up_buddy.interests (name) select unnest($1::text[])', [
    interests.map(interest => interest.name),
  ])
  await connection.query(
    `insert into link_up_buddy.buddies (name, bio, city, lat, lon, joined_at)
     select * from unnest($1::text[], $2::text[], $3::text[], $4::float8[], $5::float8[], $6::timestamptz[])`,
    [buddies.name, buddies.bio, buddies.city, buddies.lat, buddies.lon, buddies.joinedAt],
  )
  await connection.query(
    `insert into link_up_buddy.buddy_interests (buddy_id, interest_id) select * from unnest($1::int[], $2::int[])`,
    [buddyInterests.buddyId, buddyInterests.interestId],
  )
  await connection.query(
    `insert into link_up_buddy.events (title, description, city, lat, lon, starts_at, host_id, interest_id)
     select * from unnest(
       $1::text[], $2::text[], $3::text[], $4::float8[], $5::float8[], $6::timestamptz[], $7::int[], $8::int[])`,
    [
      events.title,
      events.description,
      events.city,
      events.lat,
      events.lon,
      events.startsAt,
      events.hostId,
      events.interestId,
    ],
  )
  await connection.query(
    `insert into link_up_buddy.attendances (event_id, buddy_id) select * from unnest($1::int[], $2::int[])`,
    [attendances.eventId, attendances.buddyId],
  )
}
