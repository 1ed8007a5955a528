// What was served against what was purged: nothing older on the node that purged, nor elsewhere after the coherence bound.

/** Milliseconds of one clock for all processes. */
export interface Served {
  readonly node: number
  /** When it was asked for. */
  readonly at: number
  readonly value: number
  /** Nothing was run for it. */
  readonly isHit: boolean
}

export interface Purged {
  readonly node: number
  /** What was purged is older than this. */
  readonly version: number
  /** When it was called, and when the call settled. */
  readonly startedAt: number
  readonly at: number
  /** It resolved. A purge that rejected holds on its own node alone. */
  readonly isAcknowledged: boolean
}

export interface Judgement {
  readonly violations: readonly string[]
  /** The longest that anything older was served elsewhere, in milliseconds after the purge. */
  readonly latestMs: number
}

/** @param lost when the log lost what was appended: then a purge holds on its own node, and elsewhere only if that one tells. */
export function judge(
  served: readonly Served[],
  purged: readonly Purged[],
  boundMs: number,
  lost: readonly { readonly from: number; readonly to: number }[] = [],
): Judgement {
  const isLost = ({ startedAt, at }: Purged): boolean => lost.some(({ from, to }) => startedAt <= to && at >= from)
  const violations: string[] = []
  let latestMs = 0
  for (const read of served) {
    for (const purge of purged) {
      const lateMs = read.at - purge.at
      if (read.value >= purge.version || lateMs < 0) continue
      const isSame = read.node === purge.node
      if (!isSame && (!purge.isAcknowledged || isLost(purge))) continue
      if (!isSame) latestMs = Math.max(latestMs, lateMs)
      if (isSame || lateMs > boundMs)
        violations.push(
          `node ${read.node}: ${read.isHit ? 'hit' : 'fill'} ${read.value} < ${purge.version}, purged on node ${purge.node} ${lateMs.toFixed(1)} ms before${purge.isAcknowledged ? '' : ', not acknowledged'}`,
        )
    }
  }
  return { violations, latestMs }
}
