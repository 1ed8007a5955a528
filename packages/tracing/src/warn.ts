// What is to be said at start-up. Everything else that OpenTelemetry has to say goes to its own diagnostics.

import { diag } from '@opentelemetry/api'

/** Settings in the environment that cannot be meant: told, and not a reason to end. */
export function warn(text: string): void {
  diag.warn(`@larder/tracing: ${text}`)
}
