// How many cases a property gets: the number written beside it, times TEST_RUNS.

const times = Number(process.env['TEST_RUNS'] ?? 1)

/** The parameters of `fc.assert` for so many cases in a usual run. */
export function runs(count: number): { readonly numRuns: number } {
  return { numRuns: Math.max(1, Math.round(count * times)) }
}

/** How long so many cases may take, in milliseconds, on a slow machine. */
export function patience(count: number, msEach = 20): number {
  return 30_000 + runs(count).numRuns * msEach
}

/** Run something during which the time of day stands still, so that no second ends between two runs that are compared. */
export function atOneMoment<T>(run: () => T): T {
  const real = Date.now
  const moment = real()
  Date.now = () => moment
  try {
    return run()
  } finally {
    Date.now = real
  }
}
