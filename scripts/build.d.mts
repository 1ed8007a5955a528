// The types of build.mjs, for the tests.

export function build(folder?: string): string[]
