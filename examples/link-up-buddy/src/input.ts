// What the application accepts, and what it says about the rest.

import { z } from 'zod'
import { cities } from './data/cities.ts'
import { interests } from './data/interests.ts'
import { Refusal } from './refusal.ts'

const largestId = 2_147_483_647
const wholeNumber = (expected: string, largest: number): z.ZodType<number, string> =>
  z
    .string(expected)
    .regex(/^[1-9]\d{0,9}$/, expected)
    .transform(Number)
    .refine(value => value <= largest, expected)

const expectedId = `expected a whole number from 1 to ${largestId}`
export const idInput = z.object({ id: wholeNumber(expectedId, largestId) })

const expectedPage = 'expected a whole number from 1 to 1000'
const page = wholeNumber(expectedPage, 1_000).default(1)

const expectedPlace =
  'expected latitude,longitude in degrees, for example 52.52,13.40: latitude from -90 to 90, longitude from -180 to 180'
const near = z
  .string(expectedPlace)
  .regex(/^-?\d{1,2}(\.\d{1,10})?,-?\d{1,3}(\.\d{1,10})?$/, expectedPlace)
  .transform(text => {
    const [lat, lon] = text.split(',').map(Number)
    return { lat: lat!, lon: lon! }
  })
  .refine(({ lat, lon }) => Math.abs(lat) <= 90 && Math.abs(lon) <= 180, expectedPlace)
  .optional()

export const listInput = z.object({ page, near })
export type ListInput = z.output<typeof listInput>

/** Text for the database, which cannot hold a NUL. */
const text = (shortest: number, longest: number): z.ZodType<string, string> => {
  const expected = `expected text of ${shortest} to ${longest} characters`
  return z
    .string(expected)
    .trim()
    .min(shortest, expected)
    .max(longest, expected)
    .refine(value => !value.includes('\0'), 'expected text without NUL characters')
}

export const searchInput = z.object({ q: text(2, 80) })

const oneOf = (names: readonly string[]): z.ZodType<string, string> =>
  z.enum(names as [string, ...string[]], `expected one of: ${names.join(', ')}`)
const id = z.int(expectedId).min(1, expectedId).max(largestId, expectedId)

const event = z.strictObject({
  title: text(3, 120),
  description: text(0, 2_000),
  city: oneOf(cities.map(city => city.name)),
  startsAt: z.iso
    .datetime({ offset: true, error: 'expected a date and time with its zone, for example 2030-06-01T18:30:00Z' })
    .transform(value => new Date(value)),
  interest: oneOf(interests.map(interest => interest.name)),
})

export const newEventInput = event.extend({ description: text(0, 2_000).default(''), hostId: id })
export type NewEvent = z.output<typeof newEventInput>

export const eventChangeInput = event
  .partial()
  .refine(change => Object.values(change).some(value => value !== undefined), 'expected at least one field to change')
export type EventChange = z.output<typeof eventChangeInput>

export const signInInput = z.strictObject({ buddyId: id })

/** @throws {Refusal} 400 with every problem, not only the first. */
export function parse<Output>(schema: z.ZodType<Output>, input: unknown): Output {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  throw new Refusal(
    400,
    'the input is not right',
    result.error.issues.map(({ path, message, code }) => ({
      field: path.join('.') || 'body',
      problem:
        code === 'invalid_type' && path.length === 0 ? 'expected a JSON object, sent as application/json' : message,
    })),
  )
}
