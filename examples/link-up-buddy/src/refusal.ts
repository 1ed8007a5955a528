// What the application answers when it cannot do what was asked.

/** One thing that is wrong with the input. */
export interface Problem {
  readonly field: string
  readonly problem: string
}

/** Thrown for what the client can put right. */
export class Refusal extends Error {
  readonly status: number
  readonly problems: readonly Problem[]

  constructor(status: number, message: string, problems: readonly Problem[] = []) {
    super(message)
    this.status = status
    this.problems = problems
  }
}

export interface ErrorAnswer {
  readonly status: number
  readonly body: { readonly error: string; readonly problems?: readonly Problem[] }
}

/** What the client is told about an error: all of a refusal, nothing of a fault of ours. */
export function answerForError(error: unknown): ErrorAnswer {
  if (error instanceof Refusal) {
    const { status, message, problems } = error
    return { status, body: problems.length > 0 ? { error: message, problems } : { error: message } }
  }
  // The frameworks and their parsers mark an error of the client with a status.
  const { status, type } = error as { status?: unknown; type?: unknown }
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return { status, body: { error: clientErrors[String(type)] ?? 'the request cannot be understood' } }
  }
  console.error(error)
  return { status: 500, body: { error: 'something went wrong here; it is not your fault' } }
}

const clientErrors: Readonly<Record<string, string>> = {
  'entity.parse.failed': 'the body is not JSON',
  'entity.too.large': 'the body is too large: 16 kB are allowed',
  'encoding.unsupported': 'the content coding of the body is not supported',
  'charset.unsupported': 'the body is not UTF-8',
}
