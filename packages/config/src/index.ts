// @larder/config — The public names, one by one.

export type {
  CacheConfig,
  Config,
  FlagsConfig,
  LaunchDarklyConfig,
  LogConfig,
  RedisConfig,
  RedisNode,
  ServerConfig,
  SignalConfig,
  StoreConfig,
  TracingConfig,
} from './config.ts'
export { type LoadConfigOptions, loadConfig } from './load-config.ts'
export type { ConfigError, ConfigProblem } from './problems.ts'
export { type VariableNote, variableNotes } from './variables/index.ts'
