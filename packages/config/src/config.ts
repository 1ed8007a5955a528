// What loadConfig() gives: one part for each thing that takes it, as that thing takes it.

import type { Duration, Mode } from '@larder/core'

/** Frozen, all the way down. What is a secret shows as `[hidden]` where a part is printed or turned into JSON. */
export interface Config {
  /** For `connectRedis()`. `undefined` when no Redis is configured: then the cache stays in memory. */
  readonly redis: RedisConfig | undefined
  /** For `createCache()`. */
  readonly cache: CacheConfig
  /** For `redisStore()`. */
  readonly store: StoreConfig
  /** For `redisLog()`, where there is no store. */
  readonly log: LogConfig
  /** For `launchDarklyFlags()` and `openFeatureFlags()`; without a service its `default` is the mode. */
  readonly flags: FlagsConfig
  /** For `fileFlags()`. `undefined` when no file is named. */
  readonly flagFile: string | undefined
  /** For LaunchDarkly's `init()`. `undefined` without an SDK key. */
  readonly launchDarkly: LaunchDarklyConfig | undefined
  readonly tracing: TracingConfig
  readonly server: ServerConfig
}

/** One server (`url`, or `host` and `port`), Sentinels (`sentinels` and `name`), or a Cluster (`cluster`). */
export interface RedisConfig {
  readonly url?: string
  readonly host?: string
  readonly port?: number
  readonly sentinels?: readonly RedisNode[]
  /** What the Sentinels call the master. */
  readonly name?: string
  readonly cluster?: readonly RedisNode[]
  readonly username?: string
  readonly password?: string
  readonly db?: number
  readonly family?: 0 | 4 | 6
  /** `{}`: TLS with the system's certificates. */
  readonly tls?: Readonly<Record<string, never>>
  readonly keyPrefix: string
}

export interface RedisNode {
  readonly host: string
  readonly port: number
}

export interface CacheConfig {
  readonly name: string
  /** Bytes. */
  readonly maxBytes: number
  /** Bytes. */
  readonly maxEntryBytes?: number
  readonly defaultTtl: Duration
  readonly coherenceBound: Duration
  readonly waitTimeout: Duration
  readonly fillTimeout: Duration
  readonly farDeadline: Duration
  readonly breakerFailures: number
  readonly breakerReset: Duration
  readonly healthInterval: Duration
}

export interface StoreConfig {
  readonly prefix: string
  /** Bytes. */
  readonly maxEntryBytes: number
  readonly log: Omit<LogConfig, 'prefix'>
}

export interface LogConfig {
  readonly prefix: string
  readonly tick: Duration
  readonly retention: Duration
  readonly deadline: Duration
  readonly replicas: number
  readonly confirmReplicas: number
}

export interface FlagsConfig {
  /** The key of the flag. */
  readonly flag: string
  /** The mode that holds while no service has an answer. */
  readonly default: Mode
}

export interface LaunchDarklyConfig {
  readonly sdkKey: string
}

export interface TracingConfig {
  /** Whether a variable says where traces or metrics go, and they are not switched off: what holds by default is no wish. */
  readonly configured: boolean
  /** Whether telemetry is switched off altogether. */
  readonly disabled: boolean
  readonly serviceName: string
  readonly serviceVersion: string
  readonly environment: string | undefined
  /** Attributes of the resource, those above left out. */
  readonly resourceAttributes: Readonly<Record<string, string>>
  readonly sampler: Sampler
  /** A number from 0 to 1: the share of traces that a sampler by ratio takes. */
  readonly samplerRatio: number
  readonly traces: SignalConfig<'otlp' | 'zipkin' | 'console'>
  readonly metrics: SignalConfig<'otlp' | 'prometheus' | 'console'> & {
    /** Milliseconds between two exports. */
    readonly intervalMs: number
  }
  readonly zipkinEndpoint: string
}

export type Sampler =
  | 'always_on'
  | 'always_off'
  | 'traceidratio'
  | 'parentbased_always_on'
  | 'parentbased_always_off'
  | 'parentbased_traceidratio'

/** Where one signal goes. What is not said of OTLP's endpoint holds for that exporter alone. */
export interface SignalConfig<Exporter extends string = string> {
  /** Empty: the signal goes nowhere. */
  readonly exporters: readonly Exporter[]
  /** The full URL. */
  readonly endpoint: string
  readonly headers: Readonly<Record<string, string>>
  /** `undefined`: the exporter's own. */
  readonly protocol: 'http/protobuf' | 'http/json' | undefined
  readonly compression: 'gzip' | 'none'
  /** Milliseconds that one export may take. */
  readonly timeoutMs: number
}

export interface ServerConfig {
  /** 0: any free port. */
  readonly port: number
  /** Without it, every address of the machine. */
  readonly host?: string
}
