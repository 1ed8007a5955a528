// Options of tracing().

import { checkOptions, isBoolean } from '../../options.ts'

export interface TracingOptions {
  /**
   * Add `Server-Timing` to every response: what the cache did, and the milliseconds until the head went out. Browsers show it in their
   * developer tools. Whoever gets the response can read it.
   *
   * @default false
   */
  readonly serverTiming?: boolean
  /** Add `traceresponse` (W3C Trace Context Level 2), by which whoever gets the response finds its trace. @default false */
  readonly traceResponse?: boolean
}

/** @throws LARDER_UNKNOWN_OPTION, LARDER_INVALID_OPTION */
export function checkTracingOptions(options: TracingOptions): void {
  checkOptions('tracing()', options, { serverTiming: isBoolean, traceResponse: isBoolean })
}
