// The errors that Larder throws, and the codes by which a program tells them apart.

/** Every code and what it says. Codes are stable; the text of a message is not. */
export const errorCodes = {
  /** An option has a value that it cannot have; the message names the option, the value and what is expected. */
  LARDER_INVALID_OPTION: 'An option has a value that it cannot have.',
  /** An option has a name that nothing reads, mostly a misspelt one. */
  LARDER_UNKNOWN_OPTION: 'An option has a name that nothing reads.',
  /** A duration is neither a number of seconds nor a number with a unit. */
  LARDER_INVALID_DURATION: "A duration is neither a number of seconds nor a string with a unit such as '5m'.",
  /** A flag has a value that is no mode; the last good one stays. Thrown only where the value cannot change any more. */
  LARDER_INVALID_FLAG: 'A flag has a value that is no mode.',
  /** The environment has variables that cannot be; the message has one line for each. */
  LARDER_INVALID_CONFIG: 'The environment has variables that cannot be.',
  /** The environment asks for something that needs a package which is not installed; the message says which. */
  LARDER_MISSING_PACKAGE: 'Something needs a package that is not installed.',
  /** A cache key is not a string, is empty, or is longer than 1 KiB. */
  LARDER_INVALID_KEY: 'A key is not a string, is empty, or is longer than 1 KiB.',
  /** A tag is not a string, is empty, or is longer than 1 KiB. */
  LARDER_INVALID_TAG: 'A tag is not a string, is empty, or is longer than 1 KiB.',
  /** A glob pattern is not a string, or is longer than 1 KiB. */
  LARDER_INVALID_PATTERN: 'A pattern is not a string, or is longer than 1 KiB.',
  /** A value would not come back from the cache as it went in. */
  LARDER_UNSERIALIZABLE_VALUE: 'A value would not come back from the cache as it went in.',
  /** The cache was closed before the operation. */
  LARDER_CLOSED: 'The cache is closed.',
  /** A fill did not end in the time that was given to it. */
  LARDER_FILL_TIMEOUT: 'A fill did not end in the time that was given to it.',
  /** The invalidation holds on this node, but the shared log has not acknowledged it: other nodes may not know it yet. */
  LARDER_INVALIDATION_UNACKNOWLEDGED:
    'The invalidation holds on this node, but the shared log has not acknowledged it.',
  /** The far store cannot be reached, or is in no state to answer. */
  LARDER_FAR_UNAVAILABLE: 'The far store cannot be reached, or is in no state to answer.',
  /** The far store has no memory left for writes. */
  LARDER_FAR_FULL: 'The far store has no memory left for writes.',
  /** The far store takes no writes: it is a replica. */
  LARDER_FAR_READ_ONLY: 'The far store takes no writes.',
  /** The far store refuses a command, as when something else lies under a key. */
  LARDER_FAR_REFUSED: 'The far store refuses a command.',
} as const

/** The code of an error; see `errorCodes`. */
export type LarderErrorCode = keyof typeof errorCodes

/** Something that happened while the cache ran. Test `code`, never the text and never the class. */
export class LarderError extends Error {
  readonly code: LarderErrorCode

  constructor(code: LarderErrorCode, message: string = errorCodes[code], options?: ErrorOptions) {
    super(message, options)
    this.name = 'LarderError'
    this.code = code
  }
}

/** A mistake of the caller: an option, key, tag, pattern, duration or value that cannot be. Test `code`. */
export class LarderTypeError extends TypeError {
  readonly code: LarderErrorCode

  constructor(code: LarderErrorCode, message: string = errorCodes[code], options?: ErrorOptions) {
    super(message, options)
    this.name = 'LarderTypeError'
    this.code = code
  }
}
