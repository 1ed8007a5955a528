// What a contract needs of a test runner: mocha, vitest, jest and node:test have it.

export interface TestRunner {
  describe(title: string, body: () => void): unknown
  it(title: string, test: () => void | Promise<void>): unknown
}

/** Strings that a careless store or log stumbles over. */
export const awkwardStrings: readonly string[] = [
  ' ',
  'a',
  'A',
  ' a',
  'a ',
  '\u00e9',
  'e\u0301',
  '0',
  '__proto__',
  'constructor',
  'toString',
  'line\nbreak',
  'a\0b',
  '{slot}',
  '*',
  'ü',
  '日本語',
  '😀',
  '"quoted"',
  '\\',
  'k:k:k',
  'x'.repeat(1024),
]
