// Does a run hold to the standard? Every word against it.

import type { Mode } from './mode.ts'
import type { Result, Terms } from './run-row.ts'

const MOST_COMMANDS = 256
const MOST_BYTES = 8 * 1024 * 1024
/** The log has a few commands of its own on the same connection. */
const LOG_COMMANDS = 8

export interface Objections {
  /** What took too long. On a machine with other work this can be the machine's fault. */
  readonly slow: readonly string[]
  /** What is wrong on any machine. */
  readonly wrong: readonly string[]
}

export function objections(result: Omit<Result, keyof Objections>, terms: Terms, mode: Mode): Objections {
  const { summary, timeouts, openings, breaker, recoveryMs, farHits, failures } = result
  const { firstMs = 60, addedMs = 110, everyMs, recoveryMs: inTime = 5000 } = terms
  const laterMs = everyMs ?? mode.laterMs
  const isShort = mode.name === 'short'
  // What others do on the machine slows the site without Redis as well, if not in the same second.
  const slackMs = isShort ? mode.slackMs + 2 * summary.noiseMs : mode.slackMs
  const slow: string[] = []
  const wrong: string[] = []
  const most = (what: string, value: number, bound: number, kind = wrong): void => {
    if (!(value <= bound)) kind.push(`${what}: ${Math.round(value * 10) / 10}, at most ${Math.round(bound * 10) / 10}`)
  }
  most(`errors (${failures.slice(0, 3).join('; ')})`, summary.errors, 0)
  most('unhandled errors', result.unhandled - (terms.unasked ? result.unasked : 0), 0)
  most('Δp99 of the first second in ms', summary.firstMs, firstMs + slackMs, slow)
  most('most added to any request in ms', summary.addedMs, addedMs + slackMs, slow)
  if (isShort) {
    most('Δp99 of a later second in ms', summary.laterMs, 60 + slackMs, slow)
    most('Δp75 of most later seconds in ms', summary.mostlyMs, laterMs + slackMs / 4, slow)
  } else most('Δp99 of a later second in ms', summary.laterMs, laterMs, slow)
  // However slow the machine: nobody waits once the breaker is open. What is under way when it opens has been sent within its deadline.
  const underWay = 8 + mode.rate * (isShort ? 0.1 + summary.noiseMs / 500 : 0.1)
  if (everyMs === undefined) most('calls that were waited for in vain', timeouts, underWay * (openings + 1), slow)
  most('commands on their way', result.commands, MOST_COMMANDS + LOG_COMMANDS)
  most('bytes on their way', result.bytes, MOST_BYTES)
  most('MiB of memory', result.rssMiB, mode.rssMiB)
  most('ms that the event loop is slower', result.loopMs, (terms.loopMs ?? 5) + slackMs, slow)
  // A probe is sent by an open one alone: it may have been open by the time that the fault began.
  if (terms.breaker === 'opens' && !breaker.includes('open') && !breaker.includes('half-open'))
    wrong.push('the breaker did not open')
  // Where everybody waits for the processor, Redis does give no answer in time.
  const isStarved = isShort && (summary.noiseMs > 50 || result.loopMs > 30)
  // One that was open before and closes now is no one's fault here.
  if (terms.breaker === 'stays closed' && breaker.includes('open') && !isStarved)
    slow.push(`the breaker: ${breaker.join(', ')}`)
  if (terms.openings !== undefined) most('times that the breaker opened', openings, terms.openings)
  if (!terms.stays)
    most(
      'ms until the far tier is used again',
      recoveryMs ?? Number.POSITIVE_INFINITY,
      inTime + (isShort ? slackMs : 0),
      slow,
    )
  if (farHits === 0 && !terms.startsWithout) wrong.push('there were no far hits before')
  return { slow, wrong }
}
