// Makes the people and the meetings, the same ones every time.

import { type City, cities } from './cities.ts'
import { closings, interests } from './interests.ts'
import { familyNames, firstNames } from './names.ts'
import { type Random, seededRandom } from './random.ts'

export const dataSize = { buddies: 2_400, events: 10_500 } as const

/** Dates count from here and not from today, so that everybody sees the same data. */
const epoch = Date.UTC(2030, 0, 1)
const day = 86_400_000
const hour = 3_600_000

/** Columns, not rows: that is how they are inserted. */
export interface MadeData {
  readonly buddies: {
    readonly name: string[]
    readonly bio: string[]
    readonly city: string[]
    readonly lat: number[]
    readonly lon: number[]
    readonly joinedAt: string[]
  }
  readonly buddyInterests: { readonly buddyId: number[]; readonly interestId: number[] }
  readonly events: {
    readonly title: string[]
    readonly description: string[]
    readonly city: string[]
    readonly lat: number[]
    readonly lon: number[]
    readonly startsAt: string[]
    readonly hostId: number[]
    readonly interestId: number[]
  }
  readonly attendances: { readonly eventId: number[]; readonly buddyId: number[] }
}

export function makeData(seed: number): MadeData {
  const random = seededRandom(seed)
  const { buddies, buddyInterests } = makeBuddies(random)
  return { buddies, buddyInterests, ...makeEvents(random, buddies.city) }
}

function makeBuddies(random: Random): Pick<MadeData, 'buddies' | 'buddyInterests'> {
  const buddies: MadeData['buddies'] = { name: [], bio: [], city: [], lat: [], lon: [], joinedAt: [] }
  const buddyInterests: MadeData['buddyInterests'] = { buddyId: [], interestId: [] }
  const interestIds = interests.map((_, at) => at + 1)

  for (let id = 1; id <= dataSize.buddies; id++) {
    const city = random.pick(cities)
    const likes = random.sample(interestIds, random.whole(2, 5))
    for (const interestId of likes) {
      buddyInterests.buddyId.push(id)
      buddyInterests.interestId.push(interestId)
    }
    const [first, second] = likes.map(interestId => interests[interestId - 1]!.name.toLowerCase())
    buddies.name.push(`${random.pick(firstNames)} ${random.pick(familyNames).replaceAll('-', ' ')}`)
    buddies.bio.push(`Lives in ${city.name} and likes ${first} and ${second}. ${random.pick(closings)}`)
    place(buddies, city, random)
    buddies.joinedAt.push(new Date(epoch - random.whole(1, 700) * day).toISOString())
  }
  return { buddies, buddyInterests }
}

function makeEvents(random: Random, homes: readonly string[]): Pick<MadeData, 'events' | 'attendances'> {
  const events: MadeData['events'] = {
    title: [],
    description: [],
    city: [],
    lat: [],
    lon: [],
    startsAt: [],
    hostId: [],
    interestId: [],
  }
  const attendances: MadeData['attendances'] = { eventId: [], buddyId: [] }
  const neighbours = new Map(cities.map(({ name }) => [name, [] as number[]]))
  for (const [at, home] of homes.entries()) neighbours.get(home)!.push(at + 1)

  for (let id = 1; id <= dataSize.events; id++) {
    const interestId = random.whole(1, interests.length)
    const { titles, sentences } = interests[interestId - 1]!
    const city = random.pick(cities)
    const nearby = neighbours.get(city.name)!
    const hostId = nearby.length > 0 ? random.pick(nearby) : random.whole(1, homes.length)

    events.title.push(`${random.pick(titles)} in ${city.name}`)
    events.description.push([...random.sample(sentences, 2), random.pick(closings)].join(' '))
    place(events, city, random)
    const startsAt = epoch + random.whole(0, 364) * day + random.whole(7, 20) * hour + random.pick([0, 0, 0.5]) * hour
    events.startsAt.push(new Date(startsAt).toISOString())
    events.hostId.push(hostId)
    events.interestId.push(interestId)

    // The host comes too.
    for (const buddyId of new Set([hostId, ...random.sample(nearby, random.whole(0, 6))])) {
      attendances.eventId.push(id)
      attendances.buddyId.push(buddyId)
    }
  }
  return { events, attendances }
}

/** Somewhere in the city: within some four kilometres of its centre. */
function place(into: { city: string[]; lat: number[]; lon: number[] }, city: City, random: Random): void {
  const away = (): number => (random.next() - 0.5) * 0.07
  into.city.push(city.name)
  into.lat.push(round(city.lat + away()))
  into.lon.push(round(city.lon + away() / Math.cos((city.lat * Math.PI) / 180)))
}

/** Five decimals are a metre. */
function round(degrees: number): number {
  return Math.round(degrees * 1e5) / 1e5
}
