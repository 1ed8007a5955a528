// The environment, read once and checked as a whole.

import { checkOptions, isStringArray } from '@larder/core/door'
import type { Config } from './config.ts'
import { conflictsIn } from './conflicts.ts'
import { type Environment, type Given, givenIn, unknownIn } from './given.ts'
import { cachePart, logPart, storePart } from './parts/cache.ts'
import { flagsPart, launchDarklyPart } from './parts/flags.ts'
import { redisPart } from './parts/redis.ts'
import { tracingPart } from './parts/tracing.ts'
import { type ConfigProblem, configError, shown } from './problems.ts'
import { sealed } from './redaction.ts'
import { type Values, type VariableName, variables } from './variables/index.ts'

const names = Object.keys(variables) as readonly VariableName[]

export interface LoadConfigOptions {
  /** Names that begin with `LARDER_` and are somebody else's. @default none */
  readonly ignore?: readonly string[]
}

/**
 * What the environment says, with the default of whatever it does not say. An empty variable counts as absent. Names that begin with
 * `LARDER_` have to be known; of all others only those are looked at that are.
 *
 * @param env Default `process.env`, which nothing else in Larder reads.
 *
 * @throws LARDER_UNKNOWN_OPTION, LARDER_INVALID_OPTION, and LARDER_INVALID_CONFIG with a line for every variable that cannot be; it is a `ConfigError`.
 */
export function loadConfig(env: Environment = process.env, options: LoadConfigOptions = {}): Config {
  checkOptions('loadConfig()', options, { ignore: isStringArray })
  const given = givenIn(env)
  const { values, problems } = read(given)
  const found = [...problems, ...conflictsIn(given, values)]
  // One line each, in the order of the documentation.
  const all = names
    .flatMap(name => found.find(({ variable }) => variable === name) ?? [])
    .concat(unknownIn(env, options.ignore ?? []))
  if (all.length > 0) throw configError(all)
  return build(given, values as Values)
}

function build(given: Given, values: Values): Config {
  return sealed({
    redis: redisPart(given, values),
    cache: cachePart(values),
    store: storePart(values),
    log: logPart(values),
    flags: flagsPart(values),
    flagFile: values.LARDER_FLAGS_FILE,
    launchDarkly: launchDarklyPart(values),
    tracing: tracingPart(given, values),
    server: { port: values.PORT, ...(values.HOST !== undefined && { host: values.HOST }) },
  })
}

interface Read {
  /** Complete where there is no problem. */
  readonly values: Partial<Values>
  readonly problems: readonly ConfigProblem[]
}

// Each by itself, so that what is good is known though something else is bad.
function read(given: Given): Read {
  const values: Partial<Record<VariableName, unknown>> = {}
  const problems: ConfigProblem[] = []
  for (const name of names) {
    const { schema, secret } = variables[name]
    const { success, data, error } = schema.safeParse(given[name])
    if (success) values[name] = data
    else {
      const expected = error.issues[0]?.message
      problems.push({
        variable: name,
        message: `${name}: ${shown(given[name] ?? '', secret)} given, expected ${expected}`,
      })
    }
  }
  return { values: values as Partial<Values>, problems }
}
