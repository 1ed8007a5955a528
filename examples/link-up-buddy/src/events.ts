// Events: listed by time or by distance, one of them, a new one, a changed one.

import { cityNamed } from './data/cities.ts'
import { interestNamed } from './data/interests.ts'
import type { Connection } from './database/database.ts'
import type { EventChange, ListInput, NewEvent } from './input.ts'
import { Refusal } from './refusal.ts'

export interface EventSummary {
  readonly id: number
  readonly title: string
  readonly city: string
  readonly lat: number
  readonly lon: number
  readonly startsAt: Date
  readonly interest: string
  readonly host: BuddyName
  readonly attending: number
}

export interface BuddyName {
  readonly id: number
  readonly name: string
}

export interface EventList {
  readonly page: number
  readonly pages: number
  readonly total: number
  readonly events: readonly (EventSummary & { readonly distanceKm?: number })[]
}

export interface EventDetail extends EventSummary {
  readonly description: string
  readonly attendees: readonly BuddyName[]
}

/** A write's outcome: the event, and the tags of every answer that showed it or now has to. */
export interface Written {
  readonly event: EventDetail
  readonly changed: readonly string[]
}

const pageSize = 20

/** An event `e` as lists show it. */
export const summaryColumns = `e.id, e.title, e.city, e.lat, e.lon, e.starts_at as "startsAt",
  (select name from link_up_buddy.interests i where i.id = e.interest_id) as interest,
  (select json_build_object('id', b.id, 'name', b.name) from link_up_buddy.buddies b where b.id = e.host_id) as host,
  (select count(*)::int from link_up_buddy.attendances a where a.event_id = e.id) as attending`

/** Haversine: kilometres from ($1, $2). Every event is measured, which is the kind of work that a cache is for. */
const distance = `2 * 6371 * asin(least(1, sqrt(sin(radians(e.lat - $1) / 2) ^ 2
  + cos(radians($1)) * cos(radians(e.lat)) * sin(radians(e.lon - $2) / 2) ^ 2)))`

/** The page is cut out first and dressed then: columns beside a `limit` are computed for the skipped rows too. */
export async function listEvents(db: Connection, { page, near }: ListInput): Promise<EventList> {
  const skipped = (page - 1) * pageSize
  const [count] = await db.query<{ total: number }>('select count(*)::int as total from link_up_buddy.events')
  const total = count!.total
  const events = near
    ? await db.query<EventSummary & { distanceKm: number }>(
        `select ${summaryColumns}, round(km::numeric, 1)::float8 as "distanceKm"
         from (select *, ${distance} as km from link_up_buddy.events e order by km, id limit ${pageSize} offset $3) e
         order by km, id`,
        [near.lat, near.lon, skipped],
      )
    : await db.query<EventSummary>(
        `select ${summaryColumns}
         from (select * from link_up_buddy.events order by starts_at, id limit ${pageSize} offset $1) e
         order by e.starts_at, e.id`,
        [skipped],
      )
  return { page, pages: Math.ceil(total / pageSize), total, events }
}

export async function findEvent(db: Connection, id: number): Promise<EventDetail> {
  const [event] = await db.query<EventSummary & { description: string }>(
    `select ${summaryColumns}, e.description from link_up_buddy.events e where e.id = $1`,
    [id],
  )
  if (!event) throw new Refusal(404, `there is no event ${id}`)
  const attendees = await db.query<BuddyName>(
    `select b.id, b.name from link_up_buddy.attendances a join link_up_buddy.buddies b on b.id = a.buddy_id
     where a.event_id = $1 order by b.name, b.id limit 50`,
    [id],
  )
  return { ...event, attendees }
}

export async function addEvent(db: Connection, event: NewEvent): Promise<Written> {
  const { lat, lon } = cityNamed(event.city)!
  const [added] = await db
    .query<{ id: number }>(
      `with added as (
         insert into link_up_buddy.events (title, description, city, lat, lon, starts_at, host_id, interest_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8) returning id, host_id
       )
       insert into link_up_buddy.attendances (event_id, buddy_id) select id, host_id from added returning event_id as id`,
      [
        event.title,
        event.description,
        event.city,
        lat,
        lon,
        event.startsAt.toISOString(),
        event.hostId,
        interestNamed(event.interest),
      ],
    )
    .catch((error: { code?: string }) => {
      if (error.code !== foreignKeyViolation) throw error
      throw new Refusal(400, 'the input is not right', [{ field: 'hostId', problem: 'no buddy has this id' }])
    })
  return written(await findEvent(db, added!.id))
}

const foreignKeyViolation = '23503'

export async function changeEvent(db: Connection, id: number, change: EventChange): Promise<Written> {
  const city = change.city === undefined ? undefined : cityNamed(change.city)
  await db.query(
    `update link_up_buddy.events set
       title = coalesce($2::text, title),
       description = coalesce($3::text, description),
       city = coalesce($4::text, city),
       lat = coalesce($5::float8, lat),
       lon = coalesce($6::float8, lon),
       starts_at = coalesce($7::timestamptz, starts_at),
       interest_id = coalesce($8::int, interest_id)
     where id = $1`,
    [
      id,
      change.title ?? null,
      change.description ?? null,
      city?.name ?? null,
      city?.lat ?? null,
      city?.lon ?? null,
      change.startsAt?.toISOString() ?? null,
      change.interest === undefined ? null : interestNamed(change.interest),
    ],
  )
  return written(await findEvent(db, id))
}

/** Lists and searches carry `events`, an event's own answers `event:42`, and those of a buddy who hosts or attends it `buddy:7`. */
function written(event: EventDetail): Written {
  const buddies = new Set([event.host.id, ...event.attendees.map(attendee => attendee.id)])
  return { event, changed: ['events', `event:${event.id}`, ...[...buddies].map(id => `buddy:${id}`)] }
}
