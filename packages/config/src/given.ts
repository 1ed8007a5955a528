// What an environment gives: the variables that are known and not empty, and names that nobody reads.

import { nearestName } from '@larder/core/door'
import type { ConfigProblem } from './problems.ts'
import { type VariableName, variables } from './variables/index.ts'

/** An environment, as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Texts by name, without the space around them. Empty ones are not given, as in the OpenTelemetry specification. */
export type Given = Readonly<Partial<Record<VariableName, string>>>

const known = Object.keys(variables) as readonly VariableName[]

export function givenIn(env: Environment): Given {
  return Object.fromEntries(
    known
      // A password may well begin or end with a space; nothing else does.
      .map(name => [name, name === 'REDIS_PASSWORD' ? env[name] : env[name]?.trim()] as const)
      .filter(([, text]) => text),
  )
}

/** Names of ours that are none. */
export function unknownIn(env: Environment, ignored: readonly string[]): readonly ConfigProblem[] {
  return Object.keys(env)
    .filter(name => name.startsWith('LARDER_') && !Object.hasOwn(variables, name) && !ignored.includes(name))
    .filter(name => env[name]?.trim() && !isServiceLink(name, String(env[name])))
    .sort()
    .map(name => ({ variable: name, message: `${name}: there is no such variable, ${hint(name)}` }))
}

function hint(name: string): string {
  const ours = known.filter(each => each.startsWith('LARDER_'))
  const rest = name.slice('LARDER_'.length)
  const nearest =
    known.find(each => each === rest) ?? nearestName(name, ours) ?? ours.find(each => each.endsWith(`_${rest}`))
  return nearest === undefined ? `known are ${ours.join(', ')}` : `did you mean ${nearest}?`
}

// What Kubernetes puts into every pod for a Service whose name begins with `larder`.
function isServiceLink(name: string, value: string): boolean {
  return (
    /_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/.test(name) ||
    (name.endsWith('_PORT') && /^(tcp|udp|sctp):\/\//.test(value))
  )
}
