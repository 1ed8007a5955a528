// RFC 9110 §5.6 — The alphabet of fields: tokens, digits and whitespace.

const TOKEN = tokenTable()
const TAB = 0x09
const SPACE = 0x20
const COMMA = 0x2c

/** `tchar`: what names, directives and codings are made of. */
export function isTokenChar(code: number): boolean {
  return code < 128 && TOKEN[code] === 1
}

export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

/** The first position at or after `from` that holds no `OWS`: no space and no tab. */
export function skipSpace(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code !== SPACE && code !== TAB) return at
  }
  return Math.max(from, text.length)
}

/** The same, past empty list members as well: `, ,` is allowed (§5.6.1). */
export function skipEmptyMembers(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code !== COMMA && code !== SPACE && code !== TAB) return at
  }
  return Math.max(from, text.length)
}

/** The first position at or after `from` that holds no token character. */
export function skipToken(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code >= 128 || TOKEN[code] === 0) return at
  }
  return Math.max(from, text.length)
}

/** The text without spaces and tabs at its ends; other white space is no part of the grammar and stays. */
export function trimSpace(text: string): string {
  const start = skipSpace(text, 0)
  let end = text.length
  for (; end > start; end--) {
    const code = text.charCodeAt(end - 1)
    if (code !== SPACE && code !== TAB) break
  }
  return start === 0 && end === text.length ? text : text.slice(start, end)
}

function tokenTable(): Uint8Array {
  const table = new Uint8Array(128)
  for (const char of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
    table[char.charCodeAt(0)] = 1
  }
  return table
}
