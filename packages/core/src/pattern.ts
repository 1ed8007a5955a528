// Redis's glob patterns, matched in time linear in the subject whatever the pattern.

import { describeValue } from './describe-value.ts'
import { LarderTypeError } from './errors.ts'

const maxBytes = 1024

/** Matches one code point. */
type Unit = (codePoint: number) => boolean

/** What stands between two stars: plain text, or units of which each matches one code point. */
type Segment = { readonly text: string } | { readonly units: readonly Unit[] }

/**
 * Compile a glob: `*` any run, `?` one character, `[a-z]` `[^a]` a class, `\x` the character itself. The whole subject has to match.
 * A character is a code point. Odd forms mean what they mean in Redis: an open class ends with the pattern, `[z-a]` is `[a-z]`.
 *
 * @throws LARDER_INVALID_PATTERN unless `pattern` is a string of at most 1024 bytes of UTF-8.
 */
export function compilePattern(pattern: string): (subject: string) => boolean {
  checkPattern(pattern)
  const segments = parse(pattern)
  const first = segments[0]!
  if (segments.length === 1) return subject => matchAt(first, subject, 0) === subject.length
  const last = segments.at(-1)!
  const middle = segments.slice(1, -1)
  // The leftmost place of each middle segment leaves the most room for those that follow, so nothing is ever tried again.
  return subject => {
    let at = matchAt(first, subject, 0)
    for (const segment of middle) {
      if (at < 0) return false
      at = find(segment, subject, at)
    }
    if (at < 0) return false
    const tail = startOfTail(last, subject)
    return tail >= at && matchAt(last, subject, tail) === subject.length
  }
}

/** @throws LARDER_INVALID_PATTERN unless `pattern` is a string of at most 1024 bytes of UTF-8. */
export function checkPattern(pattern: unknown): asserts pattern is string {
  const refusal =
    typeof pattern !== 'string'
      ? `${describeValue(pattern)} given, expected a string`
      : Buffer.byteLength(pattern) > maxBytes && `longer than ${maxBytes} bytes`
  if (refusal) throw new LarderTypeError('LARDER_INVALID_PATTERN', `pattern: ${refusal}`)
}

/** The pattern that matches `text` alone. */
export function escapeGlob(text: string): string {
  return text.replace(/[*?[\]\\^-]/g, '\\$&')
}

/** A pattern whose values match themselves alone: glob`user:${id}:*`. */
export function glob(parts: TemplateStringsArray, ...values: readonly (string | number | bigint)[]): string {
  return parts.raw.reduce((pattern, part, i) => pattern + escapeGlob(String(values[i - 1])) + part)
}

function parse(pattern: string): Segment[] {
  const points = Array.from(pattern, character => character.codePointAt(0)!)
  const segments: Segment[] = []
  let units: (Unit | number)[] = []
  for (let i = 0; i < points.length; i++) {
    const point = points[i]!
    if (point === star) {
      if (segments.length === 0 || units.length > 0) segments.push(segment(units))
      units = []
    } else if (point === question) units.push(anything)
    else if (point === open) {
      const end = parseClass(points, i + 1)
      units.push(end.unit)
      i = end.at
    } else units.push(point === backslash && i + 1 < points.length ? points[++i]! : point)
  }
  segments.push(segment(units))
  return segments
}

// Returns the place of the closing bracket.
function parseClass(points: readonly number[], from: number): { readonly unit: Unit; readonly at: number } {
  const ranges: [number, number][] = []
  let i = from
  const negated = points[i] === caret
  if (negated) i++
  for (; i < points.length && points[i] !== close; i++) {
    if (points[i] === backslash && i + 1 < points.length) {
      i++
      ranges.push([points[i]!, points[i]!])
    } else if (points[i + 1] === hyphen && i + 2 < points.length) {
      const ends: [number, number] = [points[i]!, points[i + 2]!]
      ranges.push([Math.min(...ends), Math.max(...ends)])
      i += 2
    } else ranges.push([points[i]!, points[i]!])
  }
  const matches = (point: number) => ranges.some(([low, high]) => point >= low && point <= high) !== negated
  const ascii = Array.from({ length: 128 }, (_, point) => matches(point))
  return { unit: point => ascii[point] ?? matches(point), at: i }
}

function segment(units: readonly (Unit | number)[]): Segment {
  if (units.every(unit => typeof unit === 'number')) {
    const text = units.map(unit => String.fromCodePoint(unit)).join('')
    // Plain text is compared by code unit, which is the same thing only where no half of a pair can be met.
    if (!/[\ud800-\udfff]/.test(text)) return { text }
  }
  return { units: units.map(unit => (typeof unit === 'number' ? (point: number) => point === unit : unit)) }
}

/** Where the segment ends when it begins at `at`, or −1. */
function matchAt(segment: Segment, subject: string, at: number): number {
  if ('text' in segment) return subject.startsWith(segment.text, at) ? at + segment.text.length : -1
  let end = at
  for (const unit of segment.units) {
    const point = subject.codePointAt(end)
    if (point === undefined || !unit(point)) return -1
    end += width(point)
  }
  return end
}

/** Where the first occurrence from `from` on ends, or −1. */
function find(segment: Segment, subject: string, from: number): number {
  if ('text' in segment) {
    const at = subject.indexOf(segment.text, from)
    return at < 0 ? -1 : at + segment.text.length
  }
  for (let at = from; at < subject.length; at += width(subject.codePointAt(at)!)) {
    const end = matchAt(segment, subject, at)
    if (end >= 0) return end
  }
  return -1
}

/** Where the last segment has to begin, or −1 when the subject is shorter. */
function startOfTail(segment: Segment, subject: string): number {
  if ('text' in segment) return subject.length - segment.text.length
  let at = subject.length
  for (let i = 0; i < segment.units.length; i++) {
    if (at <= 0) return -1
    at -= at > 1 && subject.codePointAt(at - 2)! > 0xffff ? 2 : 1
  }
  return at
}

const anything: Unit = () => true
const width = (point: number) => (point > 0xffff ? 2 : 1)
const [star, question, open, close, backslash, caret, hyphen] = Array.from('*?[]\\^-', c => c.charCodeAt(0)) as [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
]
