// The types of redis.mjs, for the tests.

export function findRedisServer(): string | undefined
export function provideRedisServer(): string | undefined
export const installHint: string
