// RFC 9110 §5 — Fields: a flat list of names and values, in the order and case in which they go out.

/** `[name, value, name, value, …]`, as `rawHeaders` and `writeHead` have it. One pair a field line. */
export type HeaderList = readonly string[]

/** Request fields as Node gives them: lower-case names, lines joined. */
export type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>

/** Every line of one field, in order. `name` is in lower case. */
export function fieldLines(list: HeaderList, name: string): string[] {
  const lines: string[] = []
  for (let i = 0; i < list.length; i += 2) if (isField(list[i]!, name)) lines.push(list[i + 1]!)
  return lines
}

/** The field's lines joined with a comma (RFC 9110 §5.3), or `undefined` when it is absent. `name` is in lower case. */
export function fieldValue(list: HeaderList, name: string): string | undefined {
  let value: string | undefined
  for (let i = 0; i < list.length; i += 2) {
    if (isField(list[i]!, name)) value = value === undefined ? list[i + 1]! : `${value}, ${list[i + 1]!}`
  }
  return value
}

/** The list without the named fields. `names` are in lower case. */
export function withoutFields(list: HeaderList, names: ReadonlySet<string>): string[] {
  const kept: string[] = []
  for (let i = 0; i < list.length; i += 2) {
    if (!names.has(list[i]!.toLowerCase())) kept.push(list[i]!, list[i + 1]!)
  }
  return kept
}

/** A request field as one string, or `undefined` when it is absent. */
export function requestField(headers: RequestHeaders, name: string): string | undefined {
  const value = headers[name]
  // A name may be one that every object has (`constructor`, `__proto__`).
  if (typeof value === 'string') return value
  return Array.isArray(value) ? value.join(', ') : undefined
}

function isField(candidate: string, lowerCaseName: string): boolean {
  return (
    candidate.length === lowerCaseName.length &&
    // Tells most names apart. A letter differs from its capital in this bit alone; what else has it in common with one, the next line sees.
    (candidate.charCodeAt(0) | 0x20) === (lowerCaseName.charCodeAt(0) | 0x20) &&
    candidate.toLowerCase() === lowerCaseName
  )
}
