// Buddies: one of them, with what they like, host and attend.

import type { Connection } from './database/database.ts'
import { type EventSummary, summaryColumns } from './events.ts'
import { Refusal } from './refusal.ts'

export interface BuddySummary {
  readonly id: number
  readonly name: string
  readonly city: string
  readonly bio: string
}

export interface BuddyDetail extends BuddySummary {
  readonly joinedAt: Date
  readonly interests: readonly string[]
  readonly hosting: readonly EventSummary[]
  readonly attending: readonly EventSummary[]
}

export async function findBuddy(db: Connection, id: number): Promise<BuddyDetail> {
  const [buddy] = await db.query<BuddySummary & { joinedAt: Date }>(
    'select id, name, city, bio, joined_at as "joinedAt" from link_up_buddy.buddies where id = $1',
    [id],
  )
  if (!buddy) throw new Refusal(404, `there is no buddy ${id}`)
  const interests = await db.query<{ name: string }>(
    `select i.name from link_up_buddy.buddy_interests b join link_up_buddy.interests i on i.id = b.interest_id
     where b.buddy_id = $1 order by i.name`,
    [id],
  )
  const hosting = await db.query<EventSummary>(
    `select ${summaryColumns} from link_up_buddy.events e where e.host_id = $1 order by e.starts_at, e.id limit 50`,
    [id],
  )
  const attending = await db.query<EventSummary>(
    `select ${summaryColumns} from link_up_buddy.events e
     where e.id in (select event_id from link_up_buddy.attendances where buddy_id = $1) and e.host_id <> $1
     order by e.starts_at, e.id limit 50`,
    [id],
  )
  return { ...buddy, interests: interests.map(({ name }) => name), hosting, attending }
}
