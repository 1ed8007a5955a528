// @larder/service — The public names, one by one.

export type { StartServiceOptions } from './options.ts'
export type { Service, Wiring } from './service.ts'
export { startService } from './start-service.ts'
export type { ServiceTracing } from './tracing.ts'
