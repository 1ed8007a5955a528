// The closed list of words that `Cache-Status: …; detail=` and the events give as a reason.

import type { RequestRefusal } from './policy/normal-request.ts'
import type { StoreRefusal } from './policy/storing.ts'

/** Why a request passed by the cache. */
export type BypassReason =
  | RequestRefusal
  /** The flag says so. */
  | 'flag'
  /** The route's `skip` says so. */
  | 'skip'
  /** The method is not in the route's `methods`. */
  | 'methods'
  /** One of the route's functions threw, rejected or returned what it should not. */
  | 'function-failed'
  /** Wall 1: the request carries credentials and the response does not say that it may be shared. */
  | 'credentials'

/** Why a response was not stored. */
export type RefusalReason =
  | StoreRefusal
  | 'credentials'
  /** The mode stores nothing at present. */
  | 'read-only'
  /** The body is over `maxBodyBytes`, or the entry is more than the tier takes. */
  | 'too-large'
  /** The tags could not be had or are too many. */
  | 'tags'
  /** The resource has its most variants already. */
  | 'variants'
  /** Wall 2: the handler read something that tells who asks. */
  | `read-${string}`
  /** The handler answered 304, but for another representation than the stored one. */
  | 'not-validated'
  /** The run took longer than `fillTimeout`. */
  | 'fill-timeout'
  /** A cache further in decides. */
  | 'called-off'
  | 'thrown'
  | 'destroyed'
  | 'truncated'
  | 'aborted'

/** Why a stored response was served although it is stale, or not served although there was one. */
export type StaleReason =
  /** A client that may have it so, or a mode that spares the handler. */
  'stale-allowed' | 'stale-if-error' | 'stale-while-revalidate' | 'soft-timeout' | 'invalidated'

/** Why a response went by unrecorded although its request could have been answered from the store. */
export type UnfilledReason = 'head' | 'range' | 'read-only' | 'stale-only'

/** Why a 504 went out, which is the cache's own. */
export type TimeoutReason =
  | 'only-if-cached'
  /** The handler broke off, and the stored response forbids to be served stale: in the preset `rfc9111`. */
  | 'disconnected'
