// What a health endpoint asks of whoever looks at the rest of the process: `createHealth()` of @larder/lifecycle, or anything of this shape.

/** `warn` is degraded: it works, but not as it should. */
export type HealthStatus = 'pass' | 'warn' | 'fail'

/** Facts for whoever watches. They are shown to all who may ask: no secret, no host name. */
export type HealthFacts = Readonly<Record<string, string | number | boolean>>

/** How one thing is. */
export interface CheckedComponent {
  readonly status: HealthStatus
  /** A word on why, where the check did not say itself. */
  readonly reason?: string
  readonly detail?: HealthFacts
  /** When it was looked at, as ISO 8601. */
  readonly time?: string
  readonly durationMs?: number
}

export interface HealthSource {
  /** What is known now. Asked on each request, so it reads memory alone and returns at once. */
  report(): {
    /** `fail`: start this process anew. */
    readonly live: HealthStatus
    /** `fail`: send it no requests. */
    readonly ready: HealthStatus
    /** `fail`: it is still starting. */
    readonly startup: HealthStatus
    /** By name. */
    readonly checks: Readonly<Record<string, CheckedComponent>>
  }
}

const mostCharacters = 200

/** The facts alone, each of a bounded length: an error or a connection is none. */
export function factsOf(detail: unknown): Record<string, string | number | boolean> {
  const facts: Record<string, string | number | boolean> = {}
  for (const [name, value] of Object.entries(Object(detail))) {
    if (typeof value === 'string') facts[name] = value.slice(0, mostCharacters)
    else if (typeof value === 'number' || typeof value === 'boolean') facts[name] = value
  }
  return facts
}

/** The worst of them. */
export function worstOf(...statuses: readonly HealthStatus[]): HealthStatus {
  if (statuses.includes('fail')) return 'fail'
  return statuses.includes('warn') ? 'warn' : 'pass'
}
