// What the environment says, checked as a whole before anything is opened: Larder's variables and the application's own.

import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Config, type ConfigError, loadConfig } from '@larder/config'

export interface Settings {
  readonly config: Config
  readonly databaseUrl: string | undefined
  readonly dataFolder: string
  readonly sessionSecret: string | undefined
  /** How long readiness says 503 before the server stops accepting. */
  readonly drainDelay: string
}

const repository = fileURLToPath(new URL('../../../', import.meta.url))

/**
 * @param name the server's own folder below `.data`, so that both servers can run at once.
 * @throws an error with one line for each variable that cannot be.
 */
export function readSettings(env: NodeJS.ProcessEnv, name: string): Settings {
  const problems: string[] = []
  const config = readConfig(env, problems)
  const { DATABASE_URL, DATA_DIR, SESSION_SECRET, DRAIN_DELAY } = env
  // Neither is shown: they may hold a password.
  if (DATABASE_URL && !/^postgres(ql)?:\/\//.test(DATABASE_URL))
    problems.push('DATABASE_URL: a value that is not shown given, expected postgres://user:password@host:port/database')
  if (SESSION_SECRET && SESSION_SECRET.length < 16)
    problems.push('SESSION_SECRET: a value that is not shown given, expected at least 16 characters')
  if (DRAIN_DELAY && !/^\d{1,5}m?s$/.test(DRAIN_DELAY))
    problems.push(`DRAIN_DELAY: '${DRAIN_DELAY}' given, expected a number with its unit as in 500ms, 5s`)
  if (config === undefined || problems.length > 0) throw new Error(problems.join('\n'))
  return {
    config,
    databaseUrl: DATABASE_URL || undefined,
    dataFolder: DATA_DIR ? resolve(DATA_DIR) : join(repository, '.data', name),
    sessionSecret: SESSION_SECRET || undefined,
    drainDelay: DRAIN_DELAY || '0s',
  }
}

function readConfig(env: NodeJS.ProcessEnv, problems: string[]): Config | undefined {
  try {
    return loadConfig(env)
  } catch (error) {
    problems.push(...(error as ConfigError).problems.map(({ message }) => message))
    return undefined
  }
}
