// The head of a frame, read back: a tuple of what JSON keeps, in which nothing is believed.

/** Takes one member of the tuple after the other. What is not as it should be makes `ok` false, for good. */
export interface HeadReader {
  text(): string
  /** Finite. */
  number(): number
  flag(): boolean
  texts(): readonly string[]
  /** One of these strings. */
  oneOf<T extends string>(...choices: readonly T[]): T
  /** A number, or `undefined` where there is none. */
  maybeNumber(): number | undefined
  /** A string, or `undefined` where there is none. */
  maybeText(): string | undefined
  /** Whether all were right, and all were taken. */
  readonly ok: boolean
}

export function readHead(head: readonly unknown[]): HeadReader {
  let at = 0
  let ok = true

  function take<T>(isRight: (value: unknown) => value is T, otherwise: T): T {
    const value = head[at++]
    if (isRight(value)) return value
    ok = false
    return otherwise
  }

  return {
    text: () => take(isText, ''),
    number: () => take(isNumber, 0),
    flag: () => take(isFlag, false),
    texts: () => take(areTexts, []),
    oneOf: (...choices) =>
      take((value): value is (typeof choices)[number] => choices.includes(value as never), choices[0]!),
    maybeNumber: () => take((value): value is number | null => value === null || isNumber(value), null) ?? undefined,
    maybeText: () => take((value): value is string | null => value === null || isText(value), null) ?? undefined,
    get ok() {
      return ok && at === head.length
    },
  }
}

const isText = (value: unknown): value is string => typeof value === 'string'
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)
const isFlag = (value: unknown): value is boolean => typeof value === 'boolean'
const areTexts = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every(isText)
