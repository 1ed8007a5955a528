// Search: events by the words of their title and description, buddies by name.

import type { BuddySummary } from './buddies.ts'
import type { Connection } from './database/database.ts'
import { type EventSummary, summaryColumns } from './events.ts'

export interface SearchResult {
  readonly q: string
  readonly events: readonly EventSummary[]
  readonly buddies: readonly BuddySummary[]
}

const mostResults = 20

/** `websearch_to_tsquery` takes whatever people type: "quoted words", or, -without. */
export async function search(db: Connection, q: string): Promise<SearchResult> {
  const events = await db.query<EventSummary>(
    `select ${summaryColumns} from link_up_buddy.events e
     where to_tsvector('english', e.title || ' ' || e.description) @@ websearch_to_tsquery('english', $1)
     order by e.starts_at, e.id limit ${mostResults}`,
    [q],
  )
  const buddies = await db.query<BuddySummary>(
    `select id, name, city, bio from link_up_buddy.buddies
     where to_tsvector('simple', name) @@ websearch_to_tsquery('simple', $1) order by name, id limit ${mostResults}`,
    [q],
  )
  return { q, events, buddies }
}
