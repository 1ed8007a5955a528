// One run at a time, and for each caller one that began after the call: what an earlier one was told may be older than what the caller knows.

export interface Latest {
  readonly isRunning: boolean
  /** Settles as that run does. */
  run(): Promise<void>
}

export function latest(action: () => Promise<void>): Latest {
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined

  function run(): Promise<void> {
    if (running === undefined) {
      running = action().finally(() => {
        running = undefined
      })
      return running
    }
    next ??= running
      .catch(() => {})
      .then(() => {
        next = undefined
        return run()
      })
    return next
  }

  return {
    get isRunning() {
      return running !== undefined
    },
    run,
  }
}
