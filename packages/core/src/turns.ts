// Many at once take turns, so that what is bounded elsewhere is not beyond its bound: so many are under way, the others wait in their order.

/** Runs it when it is its turn; where too many wait already, at once. */
export type InTurn = <T>(work: () => Promise<T>) => Promise<T>

/** @param mostWaiting bounds the wait too: by as many turns as that takes, each as long as its `work`. */
export function createTurns(atOnce: number, mostWaiting: number): InTurn {
  const waiting = new Set<() => void>()
  let underWay = 0

  return async function inTurn(work) {
    if (underWay >= atOnce && waiting.size < mostWaiting) {
      // Who ends hands its place on.
      await new Promise<void>(resolve => {
        const begin = () => {
          waiting.delete(begin)
          resolve()
        }
        waiting.add(begin)
      })
    } else underWay++
    try {
      return await work()
    } finally {
      const [next] = waiting
      if (next === undefined || underWay > atOnce) underWay--
      else next()
    }
  }
}
