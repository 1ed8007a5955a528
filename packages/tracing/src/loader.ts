// The hook of Node's loader by which ES modules are instrumented while they are loaded.

import { register } from 'node:module'
import { instrumentedModules } from './instrumentations.ts'

/** Once in a process, before the application is loaded. Only modules that something is known of are touched. */
export function registerLoader(): void {
  register('@opentelemetry/instrumentation/hook.mjs', import.meta.url, { data: { include: instrumentedModules } })
}
