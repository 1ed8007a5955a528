// Is this stored thing still valid? Asked on every hit, answered from memory.

import { compilePattern } from '../pattern.ts'
import type { InvalidationCause, InvalidationLog, Ledger, LogRecord, Position, Stamped, Verdict } from './log.ts'
import { createPositions } from './positions.ts'

export interface LedgerOptions {
  readonly log: InvalidationLog
  /** How long, in milliseconds, a thing is served after its fill or after the log's last confirmation. @default 5000 */
  readonly coherenceBoundMs?: number
  /** Names that are known exactly; older ones fold into a table of fixed size that can only invalidate too much. @default 10_000 */
  readonly maxNames?: number
  /** Patterns that are matched; when there are more, the oldest invalidates all that is older. @default 256 */
  readonly maxPatterns?: number
  /** The longest lifetime of anything stored, in milliseconds: records older than that hit nothing alive. @default forever */
  readonly retentionMs?: () => number
  /** Milliseconds since the epoch by a clock that never jumps. */
  readonly now: () => number
}

interface Pattern {
  readonly text: string
  readonly soft: boolean
  readonly position: Position
  readonly revision: number
  readonly matches: (subject: string) => boolean
}

const never = Number.NEGATIVE_INFINITY

/** A ledger that follows `log` until it is closed. */
export function createLedger(options: LedgerOptions): Ledger {
  const { log, coherenceBoundMs = 5000, maxNames = 10_000, maxPatterns = 256, now } = options
  const retentionMs = options.retentionMs ?? (() => Number.POSITIVE_INFINITY)
  const hard = createPositions(maxNames)
  const soft = createPositions(maxNames)
  let epoch = log.epoch
  // What is older than the floor is invalid, what is older than the soft floor is stale.
  let floor: Position = log.floor()
  let softFloor: Position = never
  // In the order of the log: the oldest first.
  let patterns: Pattern[] = []
  // Counts what was applied. A memo made at the current revision holds, whatever positions the log gives.
  let revision = 0
  // Places in the log and when this node reached them, the oldest first, at most about 16.
  let reached: { readonly position: Position; readonly at: number }[] = []

  function raise(position: Position, isSoft: boolean): void {
    if (isSoft) softFloor = Math.max(softFloor, position)
    else floor = Math.max(floor, position)
  }

  function apply({ position, invalidation }: LogRecord): void {
    followEpoch()
    revision++
    if (invalidation.kind === 'all') raise(position, invalidation.soft)
    else if (invalidation.kind === 'pattern') addPattern(invalidation.pattern, position, invalidation.soft)
    else for (const name of invalidation.names) (invalidation.soft ? soft : hard).set(name, position)
    drop(position)
  }

  function addPattern(text: string, position: Position, isSoft: boolean): void {
    let matches: (subject: string) => boolean
    try {
      matches = compilePattern(text)
    } catch {
      // Another node's pattern that this one does not understand may mean anything.
      raise(position, isSoft)
      return
    }
    patterns = patterns.filter(known => known.text !== text || known.soft !== isSoft)
    patterns.push({ text, soft: isSoft, position, revision, matches })
    if (patterns.length <= maxPatterns) return
    const oldest = patterns.shift()!
    raise(oldest.position, oldest.soft)
  }

  // Whatever was filled before a record that is older than any lifetime has expired, so the floor may stand there.
  function drop(position: Position): void {
    const at = now()
    const retention = retentionMs()
    const latest = reached.at(-1)
    if (latest === undefined || at - latest.at >= retention / 16) reached.push({ position, at })
    let past: Position | undefined
    while (reached.length > 0 && at - reached[0]!.at > retention) past = reached.shift()!.position
    if (past === undefined) return
    const cut = past
    raise(cut, false)
    hard.forget(cut)
    soft.forget(cut)
    patterns = patterns.filter(pattern => pattern.position > cut)
  }

  // Positions of another epoch say nothing about this one.
  function followEpoch(): void {
    if (log.epoch === epoch) return
    epoch = log.epoch
    floor = log.floor()
    softFloor = never
    hard.clear()
    soft.clear()
    patterns = []
    reached = []
    revision++
  }

  function look(entry: Stamped): Verdict {
    const since = entry.position
    if (since < floor) return 'invalid'
    let verdict: Verdict = since < softFloor ? 'soft' : 'valid'
    for (const name of entry.names) {
      if (hard.get(name) > since) return 'invalid'
      if (soft.get(name) > since) verdict = 'soft'
    }
    // What an earlier look saw needs no second match.
    const known = entry.checkedAt >= 0
    if (known && entry.checkedVerdict === 'invalid') return 'invalid'
    if (known && entry.checkedVerdict === 'soft') verdict = 'soft'
    for (let i = patterns.length - 1; i >= 0; i--) {
      const pattern = patterns[i]!
      if (pattern.revision <= entry.checkedAt) break
      if (pattern.position <= since || (pattern.soft && verdict === 'soft')) continue
      if (!pattern.matches(entry.subject)) continue
      if (!pattern.soft) return 'invalid'
      verdict = 'soft'
    }
    return verdict
  }

  function causeOf(entry: Stamped, isSoft: boolean): InvalidationCause | undefined {
    const since = entry.position
    if (since < (isSoft ? softFloor : floor)) return { kind: 'all', soft: isSoft }
    const name = entry.names.find(name => (isSoft ? soft : hard).get(name) > since)
    if (name !== undefined) return { kind: 'name', name, soft: isSoft }
    const hit = patterns.find(({ position, soft, matches }) => {
      return soft === isSoft && position > since && matches(entry.subject)
    })
    return hit && { kind: 'pattern', pattern: hit.text, soft: isSoft }
  }

  const unsubscribe = log.subscribe(apply)

  return {
    verdict(entry, now) {
      followEpoch()
      if (entry.epoch !== epoch || entry.position > log.position()) return 'invalid'
      if (now - Math.max(entry.filledAt, log.confirmedAt()) > coherenceBoundMs) return 'invalid'
      if (entry.checkedAt !== revision) {
        entry.checkedVerdict = look(entry)
        entry.checkedAt = revision
      }
      return entry.checkedVerdict
    },
    cause(entry, now) {
      followEpoch()
      if (entry.epoch !== epoch || entry.position > log.position()) return { kind: 'epoch', soft: false }
      if (now - Math.max(entry.filledAt, log.confirmedAt()) > coherenceBoundMs)
        return { kind: 'coherence', soft: false }
      return causeOf(entry, false) ?? causeOf(entry, true)
    },
    close() {
      unsubscribe()
    },
  }
}
