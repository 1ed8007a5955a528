// @larder/lifecycle — The public names, one by one.

export type { CheckAnswer, CheckDetail, CheckFunction, CheckReason, CheckStatus } from './check.ts'
export type { HealthCheck } from './check-options.ts'
export type { Duration } from './duration.ts'
export { LifecycleError, type LifecycleErrorCode } from './errors.ts'
export {
  createHealth,
  type Health,
  type HealthOptions,
  type HealthReport,
  type ReportedCheck,
} from './health.ts'
export { type HttpServerOptions, httpServer } from './http-server.ts'
export { createLifecycle, type Lifecycle, type LifecycleOptions } from './lifecycle.ts'
export type { Logger } from './logger.ts'
export type { Part } from './part.ts'
export type { Affects, Phase, Verdicts } from './verdicts.ts'
