// What the layers of one request leave for each other on the request object.

import type { RequestTrace } from '../request-trace.ts'

/** A request object of Node's, as a place for notes. */
interface Noted {
  [claims]?: Map<object, () => void>
  [tagNotes]?: string[]
  [traceNote]?: RequestTrace
}

const claims = Symbol.for('larder.claims')
const tagNotes = Symbol.for('larder.tags')
const traceNote = Symbol.for('larder.trace')
const noTags: readonly string[] = []

/** `Exchange.claim`, kept on the raw request that all frameworks share. */
export function claim(request: object, owner: object, callOff: () => void): void {
  const noted = request as Noted
  noted[claims] ??= new Map()
  noted[claims].get(owner)?.()
  noted[claims].set(owner, callOff)
}

/** Whether a cache further out has this request on its way already. */
export function isClaimed(request: object): boolean {
  return (request as Noted)[claims] !== undefined
}

/** Add tags to the response that is being made for this request. */
export function addTags(request: object, tags: readonly string[]): void {
  const noted = request as Noted
  noted[tagNotes] ??= []
  noted[tagNotes].push(...tags)
}

export function tagsOf(request: object): readonly string[] {
  return (request as Noted)[tagNotes] ?? noTags
}

/** Leave the trace of a request for the caches further in. */
export function leaveTrace(request: object, trace: RequestTrace): void {
  ;(request as Noted)[traceNote] = trace
}

export function traceOf(request: object): RequestTrace | undefined {
  return (request as Noted)[traceNote]
}
