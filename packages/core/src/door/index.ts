// @larder/core/door — What a door for a framework is made of. Not for applications; it changes with the doors.

export type { Cache } from '../cache.ts'
export { describeValue } from '../describe-value.ts'
export { type Duration, durationMs, durationRefusal } from '../duration.ts'
export type {
  CacheRequest,
  Exchange,
  FillFailure,
  Forward,
  HeadVerdict,
  Observation,
  Outgoing,
  Recorder,
  Replay,
} from '../exchange.ts'
export type { Explanation } from '../explain.ts'
export { type FlagAnswer, type FlagSource, watchFlag, watchShape } from '../flags/watched.ts'
export { modes } from '../flags.ts'
export { type HeaderList, type RequestHeaders, withoutFields } from '../http/headers.ts'
export { nearestName } from '../nearest-name.ts'
export {
  checkOptions,
  hasMethods,
  isBoolean,
  isDuration,
  isFunction,
  isInteger,
  isObject,
  isString,
  isStringArray,
  type OptionRule,
  oneOf,
} from '../options.ts'
export type { RequestTrace, SpanIdentity } from '../request-trace.ts'
export { createResponseCache, type ResponseCache } from '../response-cache.ts'
export type { ResponseCacheOptions } from '../response-options.ts'
export { appCacheOf, attachCacheTo } from './app-cache.ts'
export { hideConditionals } from './conditionals.ts'
export { createExplaining, EXPLAIN_FIELD, type Explaining } from './explaining.ts'
export { type Fields, fieldsOf, type Parts, partsOf, putFields, restoreFields } from './fields.ts'
export { type CacheHealthOptions, createCacheHealth, type HealthAnswer } from './health.ts'
export type { CheckedComponent, HealthFacts, HealthSource, HealthStatus } from './health-source.ts'
export { type InvalidateRequest, invalidateIn } from './invalidate.ts'
export { type Observer, observeExpress, observeKoa, unobserved } from './observe/index.ts'
export { type Dispatch, REPLAY, replayOf, sendReplay, serverOf } from './replay.ts'
export { addTags, claim, isClaimed, leaveTrace, tagsOf, traceOf } from './request-notes.ts'
export type { TracingApi } from './trace/api.ts'
export type { TracingOptions } from './trace/options.ts'
export { createTracing, failTrace, type Tracing } from './trace/tracing.ts'
export { writeAnswer } from './write-answer.ts'
