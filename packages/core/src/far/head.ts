// The head of a frame, read back: a tuple of what JSON keeps, in which nothing is believed.

/** Takes one member of the tuple after the other. What is not as it should be makes `ok` false, for good. */
export interface HeadReader {
  text(): string
  /** Finite. */
  number(): number
  flag(): boolean
  texts(): readonly string[]
  /** One of these strings. */
  oneOf<T extends string>(choices: readonly T[]): T
  /** A number, or `undefined` where there is none. */
  maybeNumber(): number | undefined
  /** A string, or `undefined` where there is none. */
  maybeText(): string | undefined
  /** Whether all were right, and all were taken. */
  readonly ok: boolean
}

export function readHead(head: readonly unknown[]): HeadReader {
  return new Head(head)
}

/** A class, since one is made for every response that is found: an object with eight functions would be most of what that takes. */
class Head implements HeadReader {
  readonly #head: readonly unknown[]
  #at = 0
  #isRight = true

  constructor(head: readonly unknown[]) {
    this.#head = head
  }

  text(): string {
    const value = this.#head[this.#at++]
    return typeof value === 'string' ? value : this.#wrong('')
  }
  number(): number {
    const value = this.#head[this.#at++]
    return isNumber(value) ? value : this.#wrong(0)
  }
  flag(): boolean {
    const value = this.#head[this.#at++]
    return typeof value === 'boolean' ? value : this.#wrong(false)
  }
  texts(): readonly string[] {
    const value = this.#head[this.#at++]
    return areTexts(value) ? value : this.#wrong([])
  }
  oneOf<T extends string>(choices: readonly T[]): T {
    const choice = choices.indexOf(this.#head[this.#at++] as T)
    return choice >= 0 ? choices[choice]! : this.#wrong(choices[0]!)
  }
  maybeNumber(): number | undefined {
    const value = this.#head[this.#at++]
    if (value === null) return undefined
    return isNumber(value) ? value : this.#wrong(undefined)
  }
  maybeText(): string | undefined {
    const value = this.#head[this.#at++]
    if (value === null) return undefined
    return typeof value === 'string' ? value : this.#wrong(undefined)
  }
  get ok(): boolean {
    return this.#isRight && this.#at === this.#head.length
  }

  #wrong<T>(otherwise: T): T {
    this.#isRight = false
    return otherwise
  }
}

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)

function areTexts(value: unknown): value is readonly string[] {
  if (!Array.isArray(value)) return false
  for (const member of value) if (typeof member !== 'string') return false
  return true
}
