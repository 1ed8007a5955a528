// The types of prometheus.mjs.

export function findPrometheus(): string | undefined
export function providePrometheus(): string | undefined
export const installHint: string
