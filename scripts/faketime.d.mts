// The types of faketime.mjs, for the tests.

export function findFaketime(): string | undefined
export function provideFaketime(): string | undefined
