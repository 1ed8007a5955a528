// What a route says of its responses, checked once when the middleware is made.

import type { Cache } from './cache.ts'
import { type CookieMatcher, cookieMatcher } from './credentials.ts'
import { type Duration, durationMs } from './duration.ts'
import { LONGEST_LEASE_MS } from './far/consult.ts'
import {
  anyOf,
  checkOptions,
  isBoolean,
  isDuration,
  isFunction,
  isInteger,
  isObject,
  isStringArray,
  oneOf,
} from './options.ts'
import type { PolicyOptions } from './policy/types.ts'

/** What part of the query string belongs to the key. The names are compared decoded; the rest of the key stays raw. */
export interface QueryOptions {
  /** Only these parameters count. */
  readonly allow?: readonly string[]
  /** These parameters do not count; a name may end in `*` (`utm_*`). One that occurs twice always counts. */
  readonly ignore?: readonly string[]
  /**
   * Whether the order of differently named parameters is of no account.
   *
   * @default false
   */
  readonly sort?: boolean
}

/** Options of `responseCache()`. `Subject` is Express's request or Koa's context. */
export interface ResponseCacheOptions<Subject> {
  /** Freshness lifetime of responses that say nothing themselves. Without it only responses with their own freshness are stored. */
  readonly ttl?: Duration
  /**
   * How long after its freshness a response still goes out while it is refreshed behind (RFC 5861 §3).
   *
   * @default 0
   */
  readonly staleWhileRevalidate?: Duration
  /**
   * How long after its freshness a response stands in for a handler that fails (RFC 5861 §4).
   *
   * @default 0
   */
  readonly staleIfError?: Duration
  /** How long a handler may take before a stale response within `staleIfError` goes out in its place. Without it: as long as it takes. */
  readonly softTimeout?: Duration
  /** Tags to purge the response by. Called when the response's head goes out. At most 64 tags of 128 bytes. */
  readonly tags?: readonly string[] | ((subject: Subject) => readonly string[] | Promise<readonly string[]>)
  /** Stands for path and query in the key. Host, scope and variants stay. */
  readonly key?: (subject: Subject) => string | Promise<string>
  /** Which query parameters belong to the key. By default the raw query string does. */
  readonly query?: QueryOptions
  /** Request fields that select a variant beside the response's own `Vary`. */
  readonly vary?: readonly string[]
  /** Whose response it is (a tenant, a plan, a user): joins the key, and lets requests with credentials use the cache. */
  readonly scope?: (subject: Subject) => string | Promise<string>
  /**
   * The responses are the same for everybody: requests with credentials use the cache too.
   *
   * @default false
   */
  readonly public?: boolean
  /** Cookies, beside the usual analytics cookies, that say nothing of who asks. A name may end in `*`. */
  readonly ignoreCookies?: readonly string[]
  /** Inputs that the handler may read although they tell who asks, because the response does not depend on them. */
  readonly trust?: readonly string[]
  /** True: this request passes by the cache. */
  readonly skip?: (subject: Subject) => boolean | Promise<boolean>
  /**
   * Methods that the cache answers; only `GET` and `HEAD` can be.
   *
   * @default ['GET', 'HEAD']
   */
  readonly methods?: readonly ('GET' | 'HEAD')[]
  /**
   * Whether a stored body of text is also kept as Brotli and gzip, made once behind the first hit that could use them, and sent to the clients
   * that take them. What has a Content-Encoding already, says `no-transform` or does not get shorter goes out as it is.
   *
   * @default false
   */
  readonly compress?: boolean
  /**
   * Largest body to keep, in bytes; a larger one passes through.
   *
   * @default 1 MiB
   */
  readonly maxBodyBytes?: number
  /** The cache to use; by default the app's own. */
  readonly cache?: Cache
  /** How long a client may keep the response, counted from when it gets it. By default nothing is said: nobody can purge a browser. */
  readonly clientTtl?: Duration
  /**
   * Whether a request's `Cache-Control` and `Pragma` are obeyed. They let any client force work.
   *
   * @default 'ignore', and 'obey' in the preset 'rfc9111'
   */
  readonly clientDirectives?: 'ignore' | 'obey'
  /**
   * `'default'` is safe for an application; `'rfc9111'` is a shared cache as a gateway would be.
   *
   * @default 'default'
   */
  readonly preset?: 'default' | 'rfc9111'
  /**
   * Requests for which this is true get a field `Larder-Explain` with what the cache knows and which rule decides, as JSON. It names
   * keys and tags: let nobody have it but those who run the application.
   *
   * @default false
   */
  readonly explain?: boolean | ((subject: Subject) => boolean)
  /**
   * Most variants of one resource.
   *
   * @default 32
   */
  readonly maxVariants?: number
  /**
   * How long a request waits for another's run of the handler before it makes its own.
   *
   * @default '2s'
   */
  readonly collapseTimeout?: Duration
  /**
   * How long one run of the handler may take to fill the cache; what comes later is not kept.
   *
   * @default '30s'
   */
  readonly fillTimeout?: Duration
}

/** The same, read and ready. Durations in milliseconds. */
export interface RouteSettings<Subject> {
  readonly policy: PolicyOptions
  readonly softTimeoutMs: number | undefined
  readonly tags: readonly string[] | ((subject: Subject) => readonly string[] | Promise<readonly string[]>) | undefined
  readonly key: ((subject: Subject) => string | Promise<string>) | undefined
  readonly query: QueryOptions | undefined
  readonly vary: readonly string[]
  readonly scope: ((subject: Subject) => string | Promise<string>) | undefined
  /** The route opted in, by `public` or by `scope`. */
  readonly optedIn: boolean
  readonly isIgnoredCookie: CookieMatcher
  readonly trust: ReadonlySet<string>
  readonly skip: ((subject: Subject) => boolean | Promise<boolean>) | undefined
  readonly methods: ReadonlySet<string>
  readonly compress: boolean
  readonly maxBodyBytes: number
  readonly cache: Cache | undefined
  readonly clientTtlSeconds: number | undefined
  readonly maxVariants: number
  readonly collapseTimeoutMs: number
  readonly fillTimeoutMs: number
  /** How long other processes leave a fill to this one, should they hear nothing of it. */
  readonly leaseMs: number
}

const shape = {
  ttl: isDuration,
  staleWhileRevalidate: isDuration,
  staleIfError: isDuration,
  softTimeout: isDuration,
  tags: anyOf(isStringArray, isFunction),
  key: isFunction,
  query: isObject,
  vary: isStringArray,
  scope: isFunction,
  public: isBoolean,
  ignoreCookies: isStringArray,
  trust: isStringArray,
  skip: isFunction,
  methods: isStringArray,
  compress: isBoolean,
  maxBodyBytes: isInteger(0, 2 ** 31 - 1),
  cache: isObject,
  clientTtl: isDuration,
  clientDirectives: oneOf('ignore', 'obey'),
  preset: oneOf('default', 'rfc9111'),
  explain: anyOf(isBoolean, isFunction),
  maxVariants: isInteger(1, 1024),
  collapseTimeout: isDuration,
  fillTimeout: isDuration,
} as const

/** @throws LarderError that names the option, what was given and what is expected. */
export function readRouteSettings<Subject>(given: Duration | ResponseCacheOptions<Subject>): RouteSettings<Subject> {
  const options: ResponseCacheOptions<Subject> =
    typeof given === 'number' || typeof given === 'string' ? { ttl: given } : given
  checkOptions('responseCache', options, shape)
  if (options.query !== undefined) {
    checkOptions('responseCache query', options.query, { allow: isStringArray, ignore: isStringArray, sort: isBoolean })
  }
  for (const method of options.methods ?? []) {
    checkOptions('responseCache methods', { method }, { method: oneOf('GET', 'HEAD') })
  }
  const preset = options.preset ?? 'default'
  const ms = (name: 'ttl' | 'staleWhileRevalidate' | 'staleIfError' | 'softTimeout' | 'clientTtl') =>
    options[name] === undefined ? undefined : durationMs(options[name], name)
  const clientTtlMs = ms('clientTtl')
  const fillTimeoutMs = durationMs(options.fillTimeout ?? '30s', 'fillTimeout')
  return {
    policy: {
      preset,
      ttlMs: ms('ttl'),
      staleWhileRevalidateMs: ms('staleWhileRevalidate') ?? 0,
      staleIfErrorMs: ms('staleIfError') ?? 0,
      clientDirectives: options.clientDirectives ?? (preset === 'rfc9111' ? 'obey' : 'ignore'),
    },
    softTimeoutMs: ms('softTimeout'),
    tags: options.tags,
    key: options.key,
    query: options.query,
    vary: (options.vary ?? []).map(name => name.toLowerCase()),
    scope: options.scope,
    optedIn: options.public === true || options.scope !== undefined,
    // To the RFC a cookie is a field like any other (§7.3).
    isIgnoredCookie: preset === 'rfc9111' ? () => true : cookieMatcher(options.ignoreCookies ?? []),
    trust: new Set(options.trust),
    skip: options.skip,
    methods: new Set(options.methods ?? ['GET', 'HEAD']),
    compress: options.compress === true,
    maxBodyBytes: options.maxBodyBytes ?? 1024 * 1024,
    cache: options.cache,
    clientTtlSeconds: clientTtlMs === undefined ? undefined : Math.floor(clientTtlMs / 1000),
    maxVariants: options.maxVariants ?? 32,
    collapseTimeoutMs: durationMs(options.collapseTimeout ?? '2s', 'collapseTimeout'),
    fillTimeoutMs,
    leaseMs: Math.min(fillTimeoutMs, LONGEST_LEASE_MS),
  }
}
