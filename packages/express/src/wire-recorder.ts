// Listens on a response while it goes out: decides at the head, copies the body, notices every way in which it can end.

import type { OutgoingHttpHeader, ServerResponse } from 'node:http'
import { fieldsOf, type HeadVerdict, partsOf, putFields, type Recorder, restoreFields } from '@larder/core/door'
import { mergeHead } from './headers.ts'

export interface Tap {
  /** Answer in the handler's place: what it set is taken off, and what it still does is swallowed. */
  takeOver(answer: () => void): void
}

/** What the door does around a recording. */
export interface TapHooks {
  /** Run what is not the handler's doing: the framework, outer middleware, Node. */
  paused<T>(run: () => T): T
  /** Called once, when nothing more of the handler will be recorded. */
  ended(): void
}

/**
 * Own `writeHead`, `write`, `end` and `destroy` on `res`. Node calls an own `writeHead` for implicit heads too, and outer
 * middleware has put its own methods there before, so both stay in the chain.
 */
export function tapResponse(res: ServerResponse, recorder: Recorder, hooks: TapHooks): Tap {
  const outer = fieldsOf(res)
  const original = { writeHead: res.writeHead, write: res.write, end: res.end, destroy: res.destroy }
  /** Fields that the recorder set, with what stood there before. */
  const added = new Map<string, OutgoingHttpHeader | undefined>()
  let verdict: HeadVerdict['action'] | undefined
  let answering = false
  let over = false
  let gone = false

  const own = {
    writeHead(...args: unknown[]): ServerResponse {
      if (answering || (over && verdict === 'pass')) return original.writeHead.apply(res, args as never)
      if (verdict === undefined) {
        mergeHead(res, args)
        decide()
      }
      if (verdict === 'hold') return res
      return letOut(() => original.writeHead.call(res, res.statusCode))
    },

    write(chunk: unknown, ...rest: unknown[]): boolean {
      if (answering) return original.write.apply(res, [chunk, ...rest] as never)
      if (verdict === undefined) decide()
      record(chunk, rest[0])
      if (verdict === 'hold') return swallow(rest)
      return letOut(() => original.write.apply(res, [chunk, ...rest] as never))
    },

    end(...args: unknown[]): ServerResponse {
      if (answering) return original.end.apply(res, args as never)
      if (verdict === undefined) decide()
      record(args[0], args[1])
      if (verdict === 'hold') swallow(args)
      else letOut(() => original.end.apply(res, args as never))
      recorder.end()
      finish()
      if (verdict === 'hold' && !res.writableEnded) endUnanswered()
      return res
    },

    destroy(error?: Error): ServerResponse {
      if (verdict === 'hold' && !answering) return res
      if (!over && !gone && recorder.fail('destroyed') === 'answered') return res
      finish()
      return original.destroy.call(res, error) as ServerResponse
    },
  }
  Object.assign(res, own)
  res.once('close', onClose)

  return {
    takeOver(answer) {
      verdict = 'hold'
      answering = true
      restoreFields(res, outer)
      try {
        answer()
      } finally {
        answering = false
      }
    },
  }

  function decide(): void {
    const { headers, removed, standing } = partsOf(fieldsOf(res), outer)
    const decision = hooks.paused(() => recorder.head(res.statusCode, headers, removed, standing))
    if (verdict === undefined) verdict = decision.action
    if (decision.action === 'hold') return
    for (let i = 0; i < decision.set.length; i += 2) added.set(decision.set[i]!, res.getHeader(decision.set[i]!))
    putFields(res, decision.set)
    if (recorder.recording) return
    untap()
    finish()
  }

  /** What Node refuses to send is no answer: the error makes its way to a handler that gives another one. */
  function letOut<T>(send: () => T): T {
    try {
      return hooks.paused(send)
    } catch (error) {
      if (!over) recorder.fail('thrown')
      if (!res.headersSent) {
        for (const [name, value] of added) {
          if (value === undefined) res.removeHeader(name)
          else res.setHeader(name, value)
        }
      }
      untap()
      finish()
      throw error
    }
  }

  /** A copy of a request has no client to answer in the handler's place, but outer middleware waits for its end. */
  function endUnanswered(): void {
    answering = true
    restoreFields(res, outer)
    try {
      original.end.apply(res, [] as never)
    } finally {
      answering = false
    }
  }

  function record(chunk: unknown, encoding: unknown): void {
    if (over || !recorder.recording) return
    if (typeof chunk === 'string') {
      recorder.write(Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8'))
    } else if (chunk instanceof Uint8Array) {
      // A copy: the handler may use its buffer again.
      recorder.write(Buffer.from(chunk))
    }
  }

  function onClose(): void {
    gone = true
    if (over) return
    if (!recorder.recording) return finish()
    if (isEndedHere(res)) {
      recorder.fail('destroyed')
      return finish()
    }
    // The client left. A handler that writes by hand goes on through the taps; a stream was unpiped just now, so it is read on.
    res.once('unpipe', readOn)
  }

  function readOn(source: NodeJS.ReadableStream): void {
    if (over || !recorder.recording) return
    const failed = () => {
      recorder.fail('aborted')
      finish()
    }
    source.on('data', (chunk: unknown) => record(chunk, undefined))
    source.once('end', () => {
      recorder.end()
      finish()
    })
    source.once('close', failed)
    source.once('error', failed)
    source.resume()
  }

  /** Take the taps off again, but for those that inner middleware has built upon. */
  function untap(): void {
    for (const method of ['writeHead', 'write', 'end', 'destroy'] as const) {
      if (res[method] !== own[method]) continue
      if (Object.getPrototypeOf(res)[method] === original[method]) Reflect.deleteProperty(res, method)
      else Reflect.set(res, method, original[method])
    }
  }

  function finish(): void {
    if (over) return
    over = true
    res.removeListener('close', onClose)
    hooks.ended()
  }
}

/** Whether this side broke the connection, as Express does when a handler throws after its first bytes. */
function isEndedHere({ req: { socket } }: ServerResponse): boolean {
  return socket?.destroyed === true && socket.errored === null && !socket.readableEnded
}

/** Calls back as a write would have. */
function swallow(args: readonly unknown[]): true {
  const callback = args.find(argument => typeof argument === 'function') as (() => void) | undefined
  if (callback !== undefined) process.nextTick(callback)
  return true
}
