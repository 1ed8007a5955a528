// The switch that turns a cache off while it runs.

/**
 * `on`: everything. `bypass`: nothing is read, nothing is stored. `read-only`: what is stored is used, nothing is stored.
 * `stale-only`: what is stored is used even when it has expired, and nothing is refreshed.
 */
export type Mode = 'on' | 'bypass' | 'read-only' | 'stale-only'

/** Every mode. */
export const modes: readonly Mode[] = ['on', 'bypass', 'read-only', 'stale-only']

/** Asked on each operation: answers at once and never throws. */
export interface Flags {
  mode(): Mode
}

/** One mode, always. */
export function staticFlags(mode: Mode): Flags {
  return { mode: () => mode }
}

/** A mode from any function. Where it throws or answers something else, the last good mode stays; at first that is `'on'`. */
export function functionFlags(read: () => unknown): Flags {
  let last: Mode = 'on'
  return {
    mode() {
      try {
        const mode = read()
        if (modes.includes(mode as Mode)) last = mode as Mode
      } catch {
        // A flag that cannot be read has not changed.
      }
      return last
    },
  }
}
