// The application without a framework: takes what a client sent, raw, and returns what the client gets.

import { type BuddyDetail, findBuddy } from './buddies.ts'
import type { Database } from './database/database.ts'
import {
  addEvent,
  changeEvent,
  type EventDetail,
  type EventList,
  findEvent,
  listEvents,
  type Written,
} from './events.ts'
import { eventChangeInput, idInput, listInput, newEventInput, parse, searchInput, signInInput } from './input.ts'
import { type SearchResult, search } from './search.ts'

/** Each function refuses wrong input, and what is not there, by throwing a `Refusal`. */
export interface LinkUpBuddy {
  events(query: unknown): Promise<EventList>
  event(params: unknown): Promise<EventDetail>
  buddy(params: unknown): Promise<BuddyDetail>
  search(query: unknown): Promise<SearchResult>
  addEvent(body: unknown): Promise<Written>
  changeEvent(params: unknown, body: unknown): Promise<Written>
  /** The id of the buddy who signs in. There are no passwords here. */
  signIn(body: unknown): Promise<BuddyDetail>
}

export function linkUpBuddy(db: Database): LinkUpBuddy {
  return {
    events: async query => listEvents(db, parse(listInput, query)),
    event: async params => findEvent(db, parse(idInput, params).id),
    buddy: async params => findBuddy(db, parse(idInput, params).id),
    search: async query => search(db, parse(searchInput, query).q),
    addEvent: async body => addEvent(db, parse(newEventInput, body)),
    changeEvent: async (params, body) => changeEvent(db, parse(idInput, params).id, parse(eventChangeInput, body)),
    signIn: async body => findBuddy(db, parse(signInInput, body).buddyId),
  }
}
