// One run for all who want the same thing at the same time.

import { LONGEST_TIMER_MS } from './duration.ts'

/** What a caller of `run` gets. */
export interface Flown<T> {
  /** The first result of any run of this flight. */
  readonly promise: Promise<T>
  /** Whether this very call started the flight. */
  readonly leader: boolean
}

export interface SingleFlight<T> {
  /**
   * Run `fill`, or share a run that is under way. All share its result and its failure.
   *
   * @param waitMs how long to wait for a run that another started. Then one of those who wait runs its own beside it, after as long
   * again two more, then four: a slow fill is not multiplied, and nobody waits for ever on one that hangs. The first result is for all.
   * @param joinable asked when another comes: is this run still fit to be shared? A run that began before an invalidation is not.
   */
  run(key: string, fill: () => Promise<T>, waitMs: number, joinable?: () => boolean): Flown<T>
  /** Whether a run is under way that can be shared. */
  has(key: string): boolean
  /** Whoever comes from now on does not share the run that is under way. */
  forget(key: string): void
  /** Keys with a run under way. */
  readonly size: number
}

interface Flight<T> {
  readonly promise: Promise<T>
  readonly joinable: () => boolean
  /** Run `fill` beside the others. */
  contend(fill: () => Promise<T>): void
  runs: number
}

export function createSingleFlight<T>(): SingleFlight<T> {
  const flights = new Map<string, Flight<T>>()

  function start(key: string, fill: () => Promise<T>, joinable: () => boolean): Flight<T> {
    const { promise, resolve, reject } = deferred<T>()
    const end = () => {
      if (flights.get(key) === flight) flights.delete(key)
    }
    const flight: Flight<T> = {
      promise,
      joinable,
      runs: 0,
      contend(fill) {
        flight.runs++
        // The flight is over before those who waited go on: whoever comes after the result starts anew.
        invoke(fill).then(
          value => {
            end()
            resolve(value)
          },
          error => {
            end()
            reject(error)
          },
        )
      },
    }
    flights.set(key, flight)
    flight.contend(fill)
    return flight
  }

  return {
    run(key, fill, waitMs, joinable = () => true) {
      const flight = flights.get(key)
      if (flight === undefined || !flight.joinable())
        return { promise: start(key, fill, joinable).promise, leader: true }
      follow(flight, fill, waitMs)
      return { promise: flight.promise, leader: false }
    },
    has: key => flights.get(key)?.joinable() ?? false,
    forget(key) {
      flights.delete(key)
    },
    get size() {
      return flights.size
    },
  }
}

function follow<T>(flight: Flight<T>, fill: () => Promise<T>, waitMs: number): void {
  let round = 0
  let timer: NodeJS.Timeout
  const wait = () => {
    timer = setTimeout(
      () => {
        round++
        if (flight.runs < 2 ** round) flight.contend(fill)
        else wait()
      },
      Math.min(waitMs, LONGEST_TIMER_MS),
    )
  }
  wait()
  const stop = () => clearTimeout(timer)
  flight.promise.then(stop, stop)
}

// A fill that throws at once fails as one that rejects.
async function invoke<T>(fill: () => Promise<T>): Promise<T> {
  return fill()
}

function deferred<T>() {
  let resolve!: (value: T) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}
