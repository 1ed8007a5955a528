// The errors that a lifecycle throws, and the codes by which a program tells them apart.

/** Every code and what it says. Codes are stable; the text of a message is not. */
export const errorCodes = {
  /** An option has a value that it cannot have; the message names the option, the value and what is expected. */
  LARDER_INVALID_OPTION: 'An option has a value that it cannot have.',
  /** An option has a name that nothing reads, mostly a misspelt one. */
  LARDER_UNKNOWN_OPTION: 'An option has a name that nothing reads.',
  /** A duration is neither a number of seconds nor a number with a unit. */
  LARDER_INVALID_DURATION: "A duration is neither a number of seconds nor a string with a unit such as '5m'.",
  /** A part did not start. What had started was stopped again; `cause` is the part's own error. */
  LARDER_START_FAILED: 'A part did not start.',
  /** The end was asked for before everything had started. */
  LARDER_START_INTERRUPTED: 'The end was asked for before everything had started.',
  /** A part did not stop well, or not in time. The others were stopped all the same; `cause` has the errors. */
  LARDER_STOP_FAILED: 'A part did not stop.',
  /** Something took longer than it was given. */
  LARDER_TIMEOUT: 'Something took longer than it was given.',
  /** Requests were still under way when the time to end them was over; their connections were destroyed. */
  LARDER_DRAIN_TIMEOUT: 'Requests were still under way when the time to end them was over.',
} as const

/** The code of an error; see `errorCodes`. */
export type LifecycleErrorCode = keyof typeof errorCodes

/** Something that happened while parts started or stopped. Test `code`, never the text and never the class. */
export class LifecycleError extends Error {
  readonly code: LifecycleErrorCode

  constructor(code: LifecycleErrorCode, message: string = errorCodes[code], options?: ErrorOptions) {
    super(message, options)
    this.name = 'LifecycleError'
    this.code = code
  }
}

/** A mistake of the caller: an option or a duration that cannot be. Test `code`. */
export class LifecycleTypeError extends TypeError {
  readonly code: LifecycleErrorCode

  constructor(code: LifecycleErrorCode, message: string = errorCodes[code], options?: ErrorOptions) {
    super(message, options)
    this.name = 'LifecycleTypeError'
    this.code = code
  }
}

const mostCharacters = 300

/** One line for people. Some errors have a code and no message; an address in a message may hold a password. */
export function sentenceOf(error: unknown): string {
  const { message, code } = Object(error) as { readonly message?: unknown; readonly code?: unknown }
  const text = typeof message === 'string' && message !== '' ? message : String(code ?? 'no reason was given')
  return text
    .replace(/\/\/[^\s/@]*@/g, '//')
    .replace(/\s+/g, ' ')
    .slice(0, mostCharacters)
}
