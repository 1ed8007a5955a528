// RFC 9110 §5.6 — The alphabet of fields: tokens, digits and whitespace.

const TOKEN = tokenTable()

/** `tchar`: what names, directives and codings are made of. */
export function isTokenChar(code: number): boolean {
  return code < 128 && TOKEN[code] === 1
}

/** `OWS`: a space or a tab. */
export function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09
}

export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

/** The first position at or after `from` that holds no space and no tab. */
export function skipSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && isSpace(text.charCodeAt(at))) at++
  return at
}

/** The first position at or after `from` that holds no token character. */
export function skipToken(text: string, from: number): number {
  let at = from
  while (at < text.length && isTokenChar(text.charCodeAt(at))) at++
  return at
}

/** The text without spaces and tabs at its ends; other white space is no part of the grammar and stays. */
export function trimSpace(text: string): string {
  const start = skipSpace(text, 0)
  let end = text.length
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function tokenTable(): Uint8Array {
  const table = new Uint8Array(128)
  for (const char of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
    table[char.charCodeAt(0)] = 1
  }
  return table
}
