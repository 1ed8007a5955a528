// RFC 9110 §12.4.2 and §12.5 — Two spellings of one preference: what may differ without meaning another thing.

const PREFERENCES: ReadonlySet<string> = new Set(['accept', 'accept-language', 'accept-charset', 'accept-encoding'])

/** Members beyond this are compared as they are. */
const MOST_MEMBERS = 64

/**
 * One spelling for equal preferences: no white space, names in lower case, higher weights first. Equal weights keep their order,
 * since servers break ties by it. Any other field, and any member that is not plain, is left exactly as it came.
 */
export function normalisedPreference(name: string, value: string): string {
  if (!PREFERENCES.has(name)) return value
  const members = value.split(',', MOST_MEMBERS + 1)
  if (members.length > MOST_MEMBERS) return value
  const ranges = new Set<string>()
  const plain: { readonly range: string; readonly weight: number }[] = []
  for (const member of members) {
    const text = member.trim()
    if (text === '') continue
    const match = PLAIN.exec(text)
    if (!match) return value
    const range = match[1]!.toLowerCase()
    ranges.add(range)
    plain.push({ range, weight: match[2] === undefined ? 1 : Number(match[2]) })
  }
  // Which of two weights for one range counts is nobody's to say.
  if (ranges.size < plain.length) return value
  plain.sort((a, b) => b.weight - a.weight)
  return plain.map(({ range, weight }) => (weight === 1 ? range : `${range};q=${weight}`)).join(',')
}

/** A range and at most a weight. Media type parameters, whose values may be case-sensitive, are not plain. */
const PLAIN = /^([\w!#$%&'*+\-.^`|~/]{1,128})(?:[ \t]{0,8};[ \t]{0,8}q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?$/i
