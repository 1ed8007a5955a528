// Listens on a response while it goes out: decides at the head, copies the body, notices every way in which it can end.

import type { OutgoingHttpHeader, ServerResponse } from 'node:http'
import {
  type Fields,
  fieldsOf,
  type HeaderList,
  type HeadVerdict,
  type Observer,
  partsOf,
  putFields,
  type Recorder,
  restoreFields,
} from '@larder/core/door'
import { mergeHead } from './headers.ts'

/** What the door does around a recording. */
export interface TapHooks extends Pick<Observer, 'suspend' | 'resume'> {
  /** Called once, when nothing more of the handler will be recorded. */
  ended(): void
}

const methods = ['writeHead', 'write', 'end', 'destroy'] as const

type Methods = Pick<ServerResponse, (typeof methods)[number]>

/**
 * Owns `writeHead`, `write`, `end` and `destroy` on a response. Node calls an own `writeHead` for implicit heads too, and outer
 * middleware has put its own methods there before, so both stay in the chain.
 */
export class ResponseTap {
  readonly #res: ServerResponse
  readonly #recorder: Recorder
  readonly #hooks: TapHooks
  /** What stood on the response before the handler ran. */
  readonly #outer: Fields
  readonly #original: Methods
  readonly #own: Methods
  /** What the recorder set, and what stood there before. */
  #set: HeaderList = []
  #before: readonly (OutgoingHttpHeader | undefined)[] = []
  #verdict: HeadVerdict['action'] | undefined
  #answering = false
  #over = false
  #gone = false

  constructor(res: ServerResponse, recorder: Recorder, hooks: TapHooks) {
    this.#res = res
    this.#recorder = recorder
    this.#hooks = hooks
    this.#outer = fieldsOf(res)
    this.#original = { writeHead: res.writeHead, write: res.write, end: res.end, destroy: res.destroy }
    this.#own = {
      writeHead: (...args: unknown[]) => this.#writeHead(args),
      write: (...args: unknown[]) => this.#write(args),
      end: (...args: unknown[]) => this.#end(args),
      destroy: (error?: Error) => this.#destroy(error),
    }
    Object.assign(res, this.#own)
    res.on('close', this.#onClose)
  }

  /** Answer in the handler's place: what it set is taken off, and what it still does is swallowed. */
  takeOver(answer: () => void): void {
    this.#verdict = 'hold'
    this.#answering = true
    restoreFields(this.#res, this.#outer)
    try {
      answer()
    } finally {
      this.#answering = false
    }
  }

  #writeHead(args: unknown[]): ServerResponse {
    const res = this.#res
    if (this.#answering || (this.#over && this.#verdict === 'pass')) return this.#pass('writeHead', args)
    if (this.#verdict === undefined) {
      mergeHead(res, args)
      this.#decide()
    }
    return this.#verdict === 'hold' ? res : this.#letOut('writeHead', [res.statusCode])
  }

  #write(args: unknown[]): boolean {
    if (this.#answering) return this.#pass('write', args)
    if (this.#verdict === undefined) this.#decide()
    this.#record(args[0], args[1])
    return this.#verdict === 'hold' ? swallow(args) : this.#letOut('write', args)
  }

  #end(args: unknown[]): ServerResponse {
    const res = this.#res
    if (this.#answering) return this.#pass('end', args)
    if (this.#verdict === undefined) this.#decide()
    this.#record(args[0], args[1])
    if (this.#verdict === 'hold') swallow(args)
    else this.#letOut('end', args)
    this.#recorder.end()
    this.#finish()
    if (this.#verdict === 'hold' && !res.writableEnded) this.#endUnanswered()
    return res
  }

  #destroy(error: Error | undefined): ServerResponse {
    const res = this.#res
    if (this.#verdict === 'hold' && !this.#answering) return res
    if (!this.#over && !this.#gone && this.#recorder.fail('destroyed') === 'answered') return res
    this.#finish()
    return this.#pass('destroy', [error])
  }

  #decide(): void {
    const res = this.#res
    const recorder = this.#recorder
    const { headers, removed, standing } = partsOf(res, this.#outer)
    let decision: HeadVerdict
    this.#hooks.suspend()
    try {
      decision = recorder.head(res.statusCode, headers, removed, standing)
    } finally {
      this.#hooks.resume()
    }
    if (this.#verdict === undefined) this.#verdict = decision.action
    if (decision.action === 'hold') return
    this.#set = decision.set
    this.#before = valuesOf(res, decision.set)
    putFields(res, decision.set)
    if (recorder.recording) return
    this.#untap()
    this.#finish()
  }

  #pass<M extends keyof Methods>(method: M, args: readonly unknown[]): ReturnType<Methods[M]> {
    return Reflect.apply(this.#original[method], this.#res, args)
  }

  /** What Node refuses to send is no answer: the error makes its way to a handler that gives another one. */
  #letOut<M extends keyof Methods>(method: M, args: readonly unknown[]): ReturnType<Methods[M]> {
    this.#hooks.suspend()
    try {
      return this.#pass(method, args)
    } catch (error) {
      if (!this.#over) this.#recorder.fail('thrown')
      if (!this.#res.headersSent) this.#takeBack()
      this.#untap()
      this.#finish()
      throw error
    } finally {
      this.#hooks.resume()
    }
  }

  /** What the recorder set is said of a response that does not go out. */
  #takeBack(): void {
    for (let i = 0; i < this.#set.length; i += 2) {
      const name = this.#set[i]!
      const before = this.#before[i / 2]
      if (before === undefined) this.#res.removeHeader(name)
      else this.#res.setHeader(name, before)
    }
  }

  /** A copy of a request has no client to answer in the handler's place, but outer middleware waits for its end. */
  #endUnanswered(): void {
    this.#answering = true
    restoreFields(this.#res, this.#outer)
    try {
      this.#pass('end', [])
    } finally {
      this.#answering = false
    }
  }

  #record(chunk: unknown, encoding: unknown): void {
    if (this.#over || !this.#recorder.recording) return
    if (typeof chunk === 'string') {
      this.#recorder.write(Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8'))
    } else if (chunk instanceof Uint8Array) {
      // A copy: the handler may use its buffer again.
      this.#recorder.write(Buffer.from(chunk))
    }
  }

  readonly #onClose = (): void => {
    const res = this.#res
    this.#gone = true
    if (this.#over) return
    if (!this.#recorder.recording) return this.#finish()
    if (isEndedHere(res)) {
      this.#recorder.fail('destroyed')
      return this.#finish()
    }
    // The client left. A handler that writes by hand goes on through the taps; a stream was unpiped just now, so it is read on.
    res.once('unpipe', (source: NodeJS.ReadableStream) => this.#readOn(source))
  }

  #readOn(source: NodeJS.ReadableStream): void {
    const recorder = this.#recorder
    if (this.#over || !recorder.recording) return
    const failed = () => {
      recorder.fail('aborted')
      this.#finish()
    }
    source.on('data', (chunk: unknown) => this.#record(chunk, undefined))
    source.once('end', () => {
      recorder.end()
      this.#finish()
    })
    source.once('close', failed)
    source.once('error', failed)
    source.resume()
  }

  /** Take the taps off again, but for those that inner middleware has built upon. */
  #untap(): void {
    const res = this.#res
    for (const method of methods) {
      if (res[method] !== this.#own[method]) continue
      if (Object.getPrototypeOf(res)[method] === this.#original[method]) Reflect.deleteProperty(res, method)
      else Reflect.set(res, method, this.#original[method])
    }
  }

  #finish(): void {
    if (this.#over) return
    this.#over = true
    this.#res.removeListener('close', this.#onClose)
    this.#hooks.ended()
  }
}

/** What stands under each of these names. */
function valuesOf(res: ServerResponse, list: HeaderList): (OutgoingHttpHeader | undefined)[] {
  const values: (OutgoingHttpHeader | undefined)[] = []
  for (let i = 0; i < list.length; i += 2) values.push(res.getHeader(list[i]!))
  return values
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
