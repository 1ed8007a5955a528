// Where a lifecycle says what it does: pino, the console, or anything that takes details and a sentence.

import { hasMethods } from './options.ts'

/** What pino and `console` both are. Without one, nothing is said. */
export interface Logger {
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

export const isLogger = hasMethods('info', 'warn', 'error')

/** A logger that never throws: a log that is broken keeps nothing from starting or stopping. */
export function safeLogger(logger: Logger | undefined): Logger {
  const say =
    (level: keyof Logger) =>
    (details: object, message: string): void => {
      try {
        logger?.[level](details, message)
      } catch {
        // There is nobody left to tell.
      }
    }
  return { info: say('info'), warn: say('warn'), error: say('error') }
}
