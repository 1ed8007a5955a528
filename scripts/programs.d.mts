export type Program = 'wrk' | 'nginx' | 'varnishd'
export function findProgram(name: Program): string | undefined
export function provideProgram(name: Program): string | undefined
export function unpackedRoot(name: Program): string | undefined
export function environmentOf(name: Program): NodeJS.ProcessEnv
