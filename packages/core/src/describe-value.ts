// How a value is named in an error message.

/** A value in a message: short, on one line, and without running any code of its own. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return value.length > 40 ? `${quote(value.slice(0, 40))}…` : quote(value)
  if (typeof value === 'bigint') return `${String(value).slice(0, 40)}n`
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'symbol') return 'a symbol'
  if (Array.isArray(value)) return `an array of ${value.length}`
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}

function quote(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1)}'`
}
