// Variables that are good each by itself, and contradict each other.

import type { Given } from './given.ts'
import type { ConfigProblem } from './problems.ts'
import type { Values, VariableName } from './variables/index.ts'

type Contradiction = readonly [variable: VariableName, what: string]

/** @param values of the variables that are good. */
export function conflictsIn(given: Given, values: Partial<Values>): readonly ConfigProblem[] {
  return [...ofPlaces(given), ...ofUrl(given, values), ...ofOptions(given, values)].map(([variable, what]) => ({
    variable,
    message: `${variable}: ${what}`,
  }))
}

/** There is one way to say which Redis, and each has its own ports. */
function* ofPlaces(given: Given): Generator<Contradiction> {
  const [way, ...others] = (['REDIS_URL', 'REDIS_SENTINELS', 'REDIS_CLUSTER_NODES', 'REDIS_HOST'] as const).filter(
    name => given[name] !== undefined,
  )
  if (way === undefined) return
  for (const other of others) yield [other, `given together with ${way}, expected one of the two`]
  if (given.REDIS_PORT !== undefined && way !== 'REDIS_HOST')
    yield ['REDIS_PORT', `given together with ${way}, expected the port in there`]
}

/** What the URL says already. */
function* ofUrl(given: Given, { REDIS_URL, REDIS_TLS }: Partial<Values>): Generator<Contradiction> {
  if (REDIS_URL === undefined) return
  const { username, password, pathname, protocol } = new URL(REDIS_URL)
  const twice = 'given though REDIS_URL has one already, expected in one of the two'
  if (username !== '' && given.REDIS_USERNAME !== undefined) yield ['REDIS_USERNAME', twice]
  if (password !== '' && given.REDIS_PASSWORD !== undefined) yield ['REDIS_PASSWORD', twice]
  if (pathname.length > 1 && given.REDIS_DB !== undefined) yield ['REDIS_DB', twice]
  if (protocol === 'rediss:' && REDIS_TLS === false)
    yield ['REDIS_TLS', `'${given.REDIS_TLS}' given, expected true, or redis:// in REDIS_URL`]
}

function* ofOptions(given: Given, values: Partial<Values>): Generator<Contradiction> {
  if (given.LARDER_FLAGS_FILE !== undefined && given.LAUNCHDARKLY_SDK_KEY !== undefined)
    yield ['LARDER_FLAGS_FILE', 'given together with LAUNCHDARKLY_SDK_KEY, expected one of the two']
  const { REDIS_DB = 0, LARDER_MAX_BYTES = 0, LARDER_MAX_ENTRY_BYTES = 0 } = values
  if (given.REDIS_USERNAME !== undefined && given.REDIS_PASSWORD === undefined && given.REDIS_URL === undefined)
    yield ['REDIS_USERNAME', 'given without REDIS_PASSWORD, expected both']
  if (given.REDIS_SENTINEL_NAME !== undefined && given.REDIS_SENTINELS === undefined)
    yield ['REDIS_SENTINEL_NAME', 'given without REDIS_SENTINELS, expected both']
  if (given.REDIS_CLUSTER_NODES !== undefined && REDIS_DB > 0)
    yield ['REDIS_DB', `'${REDIS_DB}' given, expected 0 with REDIS_CLUSTER_NODES: a Cluster has no other`]
  if (LARDER_MAX_ENTRY_BYTES > LARDER_MAX_BYTES && LARDER_MAX_BYTES > 0)
    yield ['LARDER_MAX_ENTRY_BYTES', `'${given.LARDER_MAX_ENTRY_BYTES}' given, expected at most LARDER_MAX_BYTES`]
}
