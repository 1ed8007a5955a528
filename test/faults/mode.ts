// How long and how hard each fault is run: short on every change, at full length by `npm run test:faults`.

export interface Mode {
  readonly name: 'short' | 'full'
  /** Requests a second, each to the site and to the one without Redis. */
  readonly rate: number
  readonly beforeMs: number
  readonly faultMs: number
  /** At least; it lasts until the far tier answers again. */
  readonly afterMs: number
  /** Rows that are run at the same time. */
  readonly lanes: number
  /** How much noise of the machine a window of one second may show, in milliseconds: two processes, other work, few requests. */
  readonly slackMs: number
  /** What a later window may have more than the site without Redis, in milliseconds. */
  readonly laterMs: number
  readonly rssMiB: number
  /** Most runs of a row that holds to all but the time. */
  readonly runs: number
}

const short: Mode = {
  name: 'short',
  rate: 50,
  beforeMs: 700,
  faultMs: 1500,
  afterMs: 500,
  lanes: 4,
  slackMs: 200,
  laterMs: 25,
  rssMiB: 64,
  runs: 3,
}

const full: Mode = {
  name: 'full',
  rate: 500,
  beforeMs: 10_000,
  faultMs: 30_000,
  afterMs: 30_000,
  lanes: 1,
  slackMs: 0,
  laterMs: 2,
  rssMiB: 32,
  runs: 1,
}

export const mode: Mode = readMode()

/** The ids of the rows to run; all when none are named. */
export const wanted: readonly string[] = (process.env['TEST_FAULTS_ROWS'] ?? '').split(',').filter(id => id !== '')

function readMode(): Mode {
  if (process.env['TEST_FAULTS'] !== 'full') return short
  const seconds = process.env['TEST_FAULTS_SECONDS']?.split(',').map(text => Number(text) * 1000)
  const [beforeMs = full.beforeMs, faultMs = full.faultMs, afterMs = full.afterMs] = seconds ?? []
  const rate = Number(process.env['TEST_FAULTS_RATE'] ?? full.rate)
  const lanes = Number(process.env['TEST_FAULTS_LANES'] ?? full.lanes)
  return { ...full, rate, lanes, beforeMs, faultMs, afterMs }
}
