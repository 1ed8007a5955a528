// The types of setup.mjs, for the tests.

export const root: string
export function ensureInstalled(): void
export function npm(...args: string[]): { command: string; args: string[] }
