// A stream on its way out is read here, once, for the recorder and for the client, and read on when the client has left.

import { Readable } from 'node:stream'
import type { Recorder } from '@larder/core/door'
import type { Source } from './body.ts'

export interface TapOptions {
  /** Nobody reads: the client has gone before there was a body, or never was. */
  readonly clientless: boolean
  /** The response has gone out, or its client has left, so that Koa destroys the streams that it was given. */
  isOver(): boolean
  /** Called once, when the source is at its end, however it came to it. */
  ended(): void
}

export interface Tap {
  /** What the client gets. Reading it starts the source, as reading the source itself would. */
  readonly out: Readable
  /** Koa reports the errors of the source itself, so that they are not to be told again. */
  quiet: boolean
}

export function tapStream(source: Source, recorder: Recorder, { clientless, isOver, ended }: TapOptions): Tap {
  const destroySource = source.destroy
  const isOwn = Object.hasOwn(source, 'destroy')
  let watch: NodeJS.Timeout | undefined
  let isRead = false
  let isGone = false
  let isDone = false

  const out = new Readable({
    read() {
      flow()
      source.resume?.()
    },
    destroy(error, done) {
      leave()
      done(error)
    },
  })
  const tap = { out, quiet: false }
  // It may fail before Koa listens, when outer middleware takes its time; Koa reads the error off it then.
  out.on('error', () => {})

  source.on('error', onError)
  source.once('end', onEnd)
  source.once('close', onClose)
  if (destroySource !== undefined) source.destroy = destroyUnlessRecording
  if (source.readableEnded === true) onEnd()
  else if (source.destroyed === true) onClose()
  else if (clientless) leave()
  return tap

  function flow(): void {
    if (isRead || isDone) return
    isRead = true
    source.on('data', onData)
  }

  function onData(given: unknown): void {
    const chunk = bytesOf(given)
    if (chunk === undefined) return onError(new TypeError('A body stream gives strings and bytes.'))
    if (recorder.recording) recorder.write(chunk)
    if (isGone) stopUnlessRecording()
    else if (!out.push(chunk)) source.pause?.()
  }

  function onEnd(): void {
    if (isDone) return
    finish()
    recorder.end()
    out.push(null)
  }

  /** The source broke off. The client sees that as it would have seen it of the source. */
  function onClose(): void {
    source.removeListener('error', onError)
    if (isDone) return
    finish()
    recorder.fail('destroyed')
    out.destroy()
  }

  function onError(error: Error): void {
    if (isDone) return
    finish()
    recorder.fail('destroyed')
    destroySource?.call(source)
    out.destroy(tap.quiet ? undefined : error)
  }

  /** Koa destroys the source when the client leaves; whoever fills a cache goes on to the end. */
  function destroyUnlessRecording(error?: Error): Readable {
    if (error === undefined && recorder.recording && isOver()) return source as Readable
    return destroySource!.call(source, error)
  }

  function leave(): void {
    if (isGone || isDone) return
    isGone = true
    stopUnlessRecording()
    if (isDone) return
    // The recorder does not say when it stops, and a source that hangs gives no occasion to ask.
    watch = setInterval(stopUnlessRecording, 1000)
    watch.unref()
    flow()
    source.resume?.()
  }

  function stopUnlessRecording(): void {
    if (recorder.recording || isDone) return
    finish()
    destroySource?.call(source)
  }

  function finish(): void {
    isDone = true
    clearInterval(watch)
    source.removeListener('data', onData)
    source.removeListener('end', onEnd)
    if (source.destroy === destroyUnlessRecording) {
      if (isOwn) source.destroy = destroySource!
      else Reflect.deleteProperty(source, 'destroy')
    }
    ended()
  }
}

function bytesOf(chunk: unknown): Buffer | undefined {
  if (typeof chunk === 'string') return Buffer.from(chunk)
  if (Buffer.isBuffer(chunk)) return chunk
  return chunk instanceof Uint8Array ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength) : undefined
}
