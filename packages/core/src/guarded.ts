// A fault of the cache's own is never the client's: a recorder that breaks keeps nothing, and the response goes on without it.

import type { Engine } from './engine.ts'
import { faultCode } from './events.ts'
import type { HeadVerdict, Recorder } from './exchange.ts'

/** The recorder, with an end to it at the first thing that it throws. `broken` lets go of what waits for it. */
export function guarded(engine: Engine, recorder: Recorder, broken: () => void = () => {}): Recorder {
  let isBroken = false

  function attempt<T>(run: () => T, otherwise: T): T {
    if (isBroken) return otherwise
    try {
      return run()
    } catch (error) {
      isBroken = true
      engine.metrics.count('errors')
      engine.emit(() => ({ type: 'fault', cache: engine.name, operation: 'fill', code: faultCode(error) }))
      broken()
      return otherwise
    }
  }

  return {
    get recording() {
      return !isBroken && recorder.recording
    },
    head: (...head) => attempt(() => recorder.head(...head), pass),
    write: chunk => attempt(() => recorder.write(chunk), undefined),
    end: () => attempt(() => recorder.end(), undefined),
    fail: reason => attempt(() => recorder.fail(reason), 'unanswered'),
  }
}

const pass: HeadVerdict = { action: 'pass', set: [] }
