// @larder/config — The public names, one by one.

export type {
  CacheConfig,
  Config,
  FarConfig,
  LaunchDarklyConfig,
  LogConfig,
  RedisConfig,
  RedisNode,
  ServerConfig,
  SignalConfig,
  TracingConfig,
} from './config.ts'
export { loadConfig } from './load-config.ts'
export type { ConfigError, ConfigProblem } from './problems.ts'
export { type VariableNote, variableNotes } from './variables/index.ts'
