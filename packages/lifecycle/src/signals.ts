// SIGTERM and SIGINT: the first ends the process well, the second at once.

import { constants } from 'node:os'
import { performance } from 'node:perf_hooks'

// A terminal sends its signal to the whole group of processes, and whoever started this one passes it on as well.
const echoMs = 250

/**
 * Listen for signals. `first` is told of the first; what follows it within a quarter of a second is the same one once more, and any
 * later one goes to `second`, which should not return. Returns what ends it.
 */
export function onSignals(
  signals: readonly NodeJS.Signals[],
  first: (signal: NodeJS.Signals) => void,
  second: (signal: NodeJS.Signals, exitCode: number) => void,
): () => void {
  let firstAt: number | undefined
  function listen(signal: NodeJS.Signals): void {
    if (firstAt === undefined) {
      firstAt = performance.now()
      first(signal)
    } else if (performance.now() - firstAt > echoMs) {
      // As a shell tells of a process that a signal ended.
      second(signal, 128 + constants.signals[signal])
    }
  }
  for (const signal of signals) process.on(signal, listen)
  return () => {
    for (const signal of signals) process.off(signal, listen)
  }
}
