// A fault of the cache's own is never the client's: a recorder that breaks keeps nothing, and the response goes on without it.

import type { Engine } from './engine.ts'
import { faultCode } from './events.ts'
import type { FillFailure, HeadVerdict, Recorder } from './exchange.ts'
import type { HeaderList } from './http/headers.ts'

/** The recorder, with an end to it at the first thing that it throws. `broken` lets go of what waits for it. */
export function guarded(engine: Engine, recorder: Recorder, broken: () => void = () => {}): Recorder {
  return new Guarded(engine, recorder, broken)
}

/** A class, because V8 keeps what a getter of an object literal closes over, here a whole request, until its next full collection. */
class Guarded implements Recorder {
  readonly #engine: Engine
  readonly #recorder: Recorder
  readonly #broken: () => void
  #isBroken = false

  constructor(engine: Engine, recorder: Recorder, broken: () => void) {
    this.#engine = engine
    this.#recorder = recorder
    this.#broken = broken
  }

  get recording(): boolean {
    return !this.#isBroken && this.#recorder.recording
  }

  head(status: number, headers: HeaderList, removed: readonly string[], standing?: HeaderList): HeadVerdict {
    if (this.#isBroken) return pass
    try {
      return this.#recorder.head(status, headers, removed, standing)
    } catch (error) {
      this.#break(error)
      return pass
    }
  }

  write(chunk: Buffer): void {
    if (this.#isBroken) return
    try {
      this.#recorder.write(chunk)
    } catch (error) {
      this.#break(error)
    }
  }

  end(): void {
    if (this.#isBroken) return
    try {
      this.#recorder.end()
    } catch (error) {
      this.#break(error)
    }
  }

  fail(reason: FillFailure): 'answered' | 'unanswered' {
    if (this.#isBroken) return 'unanswered'
    try {
      return this.#recorder.fail(reason)
    } catch (error) {
      this.#break(error)
      return 'unanswered'
    }
  }

  #break(error: unknown): void {
    const engine = this.#engine
    this.#isBroken = true
    engine.metrics.count('errors')
    engine.emit(() => ({ type: 'fault', cache: engine.name, operation: 'fill', code: faultCode(error) }))
    this.#broken()
  }
}

const pass: HeadVerdict = { action: 'pass', set: [] }
